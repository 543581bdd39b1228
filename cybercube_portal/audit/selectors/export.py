"""The record as JSON lines that a stranger can check without the portal (reliability.md section 5).

Every line is canonical JSON (`audit.canonical`):

    header      {"type", "format", "keys"}: the public keys (JWK) whose signatures occur
    checkpoint  {"type", "size", "head_hash", "at", "key_id", "signature"}: right after the event of sequence `size`
    event       the members of `Event.as_line` and `hash`
    end         {"type", "first", "size", "head_hash", "at", "key_id", "signature"}: what this file must hold

A signature is a JWS (EdDSA) over the line's other members without type and key_id; the one of `end` also covers `header`, the
SHA-256 of the header line, so a file cut short or put together from two has no end that fits. An export that starts later
than at sequence 1 begins with the last checkpoint before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cybercube_portal.audit import keys
from cybercube_portal.audit.canonical import canonical, moment
from cybercube_portal.audit.chain import EXPORT_TYPE, FORMAT
from cybercube_portal.audit.models import Checkpoint
from cybercube_portal.audit.selectors.events import chain_end, sealed_events


def export_lines(*, now: datetime, first: int = 1) -> Iterator[bytes]:
    """The lines, each with its line feed. `first`: the lowest sequence asked for; the file starts at a checkpoint before it."""
    size, head = chain_end()
    header = canonical({"type": "header", "format": FORMAT, "keys": keys.jwks()["keys"]})
    yield header + b"\n"
    checkpoints = Checkpoint.objects.filter(size__lte=size).order_by("size", "id")
    anchor = checkpoints.filter(size__lt=first).last() if first > 1 else None
    position = anchor.size if anchor else 0
    claims = {
        "first": position + 1,
        "size": size,
        "head_hash": head,
        "at": moment(now),
        "header": hashlib.sha256(header).hexdigest(),
    }
    if anchor:
        yield _line(anchor.as_line())
        checkpoints = checkpoints.filter(size__gt=anchor.size)
    for checkpoint in checkpoints.iterator():
        yield from _events(after=position, until=checkpoint.size)
        yield _line(checkpoint.as_line())
        position = checkpoint.size
    yield from _events(after=position, until=size)
    yield _line(
        {
            "type": "end",
            **{name: claims[name] for name in claims if name != "header"},
            "key_id": keys.signing_key_id(),
            "signature": keys.sign_jws(claims, typ=EXPORT_TYPE),
        }
    )


def _events(*, after: int, until: int) -> Iterator[bytes]:
    for event in sealed_events(after=after, until=until):
        yield _line({**event.as_line(), "hash": event.hash})


def _line(value: dict[str, Any]) -> bytes:
    return canonical(value) + b"\n"
