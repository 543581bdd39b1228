"""What a pack that is made over minutes stands for: one place in the audit chain, and which changes moved on before they were read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cybercube_portal.audit.canonical import moment
from cybercube_portal.record.stash import File

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event
    from cybercube_portal.record.models import EvidencePack

NAME = "manifest.json"
CONTENTS = """\
manifest.json                 the moment this pack stands for: the last event of the audit chain that it knows, by sequence and hash.
                              No audit/events.jsonl holds a later one. The files of a change are as they were then, unless
                              moved_on names it: then something happened to it before they were read, and it says what
"""


def moved_on(number: str, events: Iterable[Event], *, at: datetime) -> dict[str, Any]:
    """A change whose files, read at `at`, may tell of these later events too."""
    return {
        "number": number,
        "read_at": moment(at),
        "events": [{"id": str(row.event_id), "verb": row.verb, "at": moment(row.occurred_at)} for row in events],
    }


def manifest_file(pack: EvidencePack, moved: list[dict[str, Any]]) -> File:
    """For a program and for a person; `moved` are of `moved_on`."""
    told = {
        "stands_for": {"at": moment(pack.created_at), "sequence": pack.as_of_sequence, "hash": pack.as_of_hash},
        "period": {"from": moment(pack.start), "to": moment(pack.end)},
        "service": pack.service or None,
        "changes": pack.numbers,
        "moved_on": moved,
    }
    return NAME, (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
