"""The bodies of OFREP: what real clients need beyond the protocol is kept here (the table in design/flags.md section 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import mmh3
import orjson

from flags.evaluation import TARGETING_KEY, Compiled, Context, Result
from flags.ofrep.store import Snapshot

# As a tuple: a union would be built anew for every question.
TEXT_OR_NOTHING = (str, NoneType)


class BadContext(Exception):
    """The body is not a context (400 INVALID_CONTEXT)."""


def context_of(body: bytes) -> Context:
    """The context that a request carries; nothing sent is nobody in particular. Raises BadContext."""
    if not body.strip():
        return {}
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadContext("The body is not JSON.") from error
    if not isinstance(sent, dict):
        raise BadContext("The body is not an object with a context.")
    context = sent.get("context")
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise BadContext("The context is not an object.")
    if not isinstance(context.get(TARGETING_KEY), TEXT_OR_NOTHING):
        raise BadContext(f"The {TARGETING_KEY} is not a text.")
    return context


def body_of(flag: Compiled | None, key: str, result: Result) -> bytes:
    """The JSON of one answer, kept on the result: a flag has few."""
    if result.wire is None:
        result.wire = orjson.dumps(_shown(flag, key, result))
    return result.wire


def bodies_of(flags: Sequence[Compiled], results: Sequence[Result]) -> bytes:
    """The JSON of the answers of `flags`, commas between: in all but the first questions every answer is known as bytes."""
    try:
        return b",".join([result.wire for result in results])  # type: ignore[misc]
    except TypeError:
        return b",".join([body_of(flag, flag.key, result) for flag, result in zip(flags, results, strict=True)])


def _shown(flag: Compiled | None, key: str, result: Result) -> dict[str, Any]:
    if result.error:
        return {"key": key, "errorCode": result.error, "errorDetails": result.detail}
    metadata: Mapping[str, Any] = {**(flag.metadata if flag else {}), **result.extra}
    shown: dict[str, Any] = {"key": key, "reason": result.reason, "variant": result.variant, "metadata": metadata}
    # No value at all means the code's own default (ADR-0006); null would be a type mismatch.
    return shown if result.value is None else {**shown, "value": result.value}


def tag_of(snapshot: Snapshot, context: Context, *, client: bool, stream: str) -> str:
    """The ETag of a bulk answer: the version, and a hash over whatever of the context any flag reads (flagd PR 2012) and what the key may see."""
    read = {name: context[name] for name in snapshot.attributes if name in context}
    try:
        written = orjson.dumps(
            [read, snapshot.environment, client, stream], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
        )
    except TypeError:
        written = repr([read, snapshot.environment, client, stream]).encode()
    # Whoever looks for two contexts of one hash fools only himself.
    return f'"{snapshot.version}-{mmh3.mmh3_x64_128_digest(written)[:8].hex()}"'
