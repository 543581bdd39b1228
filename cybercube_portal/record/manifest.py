"""What an evidence pack stands for: one place in the audit chain, and which changes moved on before they were read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cybercube_portal.audit.canonical import moment
from cybercube_portal.record.stash import File

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

NAME = "manifest.json"
CONTENTS = """\
index.html                    begin here: what is in this pack, for a browser
manifest.json                 the moment this pack stands for: the last event of the audit chain that it knows, by sequence and hash.
                              No audit/events.jsonl holds a later one. The files of a change are as they were then, unless
                              moved_on names it: then something happened to it before they were read; its later-events.jsonl
                              says what, with the fields before and after
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A place in the audit chain: at `at` it held `sequence` events, the last with the hash `head`."""

    at: datetime
    sequence: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The half-open period that a pack is about, and the one service, or "" for all."""

    start: datetime
    end: datetime
    service: str = ""


def moved_on(number: str, events: Iterable[Event], *, at: datetime) -> dict[str, Any]:
    """A change whose files, read at `at`, may tell of these later events too."""
    return {
        "number": number,
        "read_at": moment(at),
        "events": [{"id": str(row.event_id), "verb": row.verb, "at": moment(row.occurred_at)} for row in events],
    }


def manifest_file(cut: Cut, *, numbers: Sequence[str], moved: list[dict[str, Any]], span: Span | None = None) -> File:
    """For a program and for a person; `moved` are of `moved_on`, `span` None for the pack of one change."""
    told = {
        "stands_for": {"at": moment(cut.at), "sequence": cut.sequence, "hash": cut.head},
        "period": {"from": moment(span.start), "to": moment(span.end)} if span else None,
        "service": (span.service or None) if span else None,
        "changes": list(numbers),
        "moved_on": moved,
    }
    return NAME, (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
