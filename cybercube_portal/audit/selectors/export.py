"""The record as JSON lines that a stranger can check without the portal (reliability.md section 5).

Every line is canonical JSON (`audit.canonical`):

    header      {"type", "format", "keys"}: the public keys (JWK) whose signatures occur
    checkpoint  {"type", "size", "head_hash", "at", "key_id", "signature"}: right after the event of sequence `size`
    event       the members of `Event.as_sealed`
    end         {"type", "first", "size", "head_hash", "at", "key_id", "signature"}: what this file must hold

A signature is a JWS (EdDSA) over the line's members without type, key_id and signature; the one of `end` also covers `file`, the
SHA-256 of every byte before its line, so a file cut short or put together from two has no end that fits. An export that starts
later than at sequence 1 begins with the last checkpoint before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from cybercube_portal.audit import keys
from cybercube_portal.audit.canonical import canonical, moment
from cybercube_portal.audit.chain import EXPORT_TYPE, FORMAT
from cybercube_portal.audit.models import Checkpoint
from cybercube_portal.audit.selectors.events import chain_end, sealed_events


def export_lines(*, now: datetime, first: int = 1, last: int | None = None) -> Iterator[bytes]:
    """The lines, each with its line feed.

    `first`: the lowest sequence asked for; the file starts at a checkpoint before it. `last`: the highest; the file ends there, or
    at the chain's end.
    """
    size, head = chain_end(last=last)
    # One that is signed while this is read would be later than the end of the file.
    checkpoints = Checkpoint.objects.filter(size__lte=size, at__lte=now).order_by("size", "id")
    anchor = checkpoints.filter(size__lt=first).last() if first > 1 else None
    start = anchor.size if anchor else 0
    digest = hashlib.sha256()
    for line in _body(checkpoints, anchor=anchor, until=size):
        digest.update(line)
        yield line
    claims = {"first": start + 1, "size": size, "head_hash": head, "at": moment(now)}
    signature = keys.sign_jws({**claims, "file": digest.hexdigest()}, typ=EXPORT_TYPE)
    yield _line({"type": "end", **claims, "key_id": keys.signing_key_id(), "signature": signature})


def _body(checkpoints: QuerySet[Checkpoint], *, anchor: Checkpoint | None, until: int) -> Iterator[bytes]:
    yield _line({"type": "header", "format": FORMAT, "keys": keys.jwks()["keys"]})
    position = 0
    if anchor:
        yield _line(anchor.as_line())
        position = anchor.size
        checkpoints = checkpoints.filter(size__gt=position)
    for checkpoint in checkpoints.iterator():
        yield from _events(after=position, until=checkpoint.size)
        yield _line(checkpoint.as_line())
        position = checkpoint.size
    yield from _events(after=position, until=until)


def _events(*, after: int, until: int) -> Iterator[bytes]:
    for event in sealed_events(after=after, until=until):
        yield _line(event.as_sealed())


def _line(value: dict[str, Any]) -> bytes:
    return canonical(value) + b"\n"
