"""The bodies of OFREP: what real clients need beyond the protocol is kept here (the table in design/flags.md section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from flags.evaluation import TARGETING_KEY, Compiled, Context, Result
from flags.ofrep.store import Snapshot


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
    if not isinstance(context.get(TARGETING_KEY, ""), str | None):
        raise BadContext(f"The {TARGETING_KEY} is not a text.")
    return context


def body_of(flag: Compiled | None, key: str, result: Result) -> bytes:
    """The JSON of one answer, kept on the result: a flag has few."""
    if result.wire is None:
        result.wire = orjson.dumps(_shown(flag, key, result))
    return result.wire


def _shown(flag: Compiled | None, key: str, result: Result) -> dict[str, Any]:
    if result.error:
        return {"key": key, "errorCode": result.error, "errorDetails": result.detail}
    metadata: Mapping[str, Any] = {**(flag.metadata if flag else {}), **result.extra}
    shown: dict[str, Any] = {"key": key, "reason": result.reason, "variant": result.variant, "metadata": metadata}
    # No value at all means the code's own default (ADR-0006); null would be a type mismatch.
    return shown if result.value is None else {**shown, "value": result.value}


def tag_of(snapshot: Snapshot, context: Context, *, client: bool, stream: str) -> str:
    """The ETag of a bulk answer: the version, and a hash over whatever of the context any flag reads (flagd PR 2012)."""
    read = {name: context[name] for name in snapshot.attributes if name in context}
    try:
        written = orjson.dumps([read, client, stream], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        written = repr(read).encode()
    return f'"{snapshot.version}-{blake2b(written, digest_size=8).hexdigest()}"'
