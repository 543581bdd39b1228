"""The hash chain: each event names the hash of the one before it. Pure.

hash = SHA-256, in lower-case hex, over the canonical JSON (`audit.canonical`) of the event's line without `hash`. The line
of sequence 1 names GENESIS, the SHA-256 of the text `CYBERCUBE portal audit chain, version 1`. Whoever edits, removes,
adds or moves a row breaks a link; whoever writes all later rows anew meets a signed checkpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cybercube_portal.audit.canonical import canonical

FORMAT = "cybercube-audit/1"
CHECKPOINT_TYPE = "audit-checkpoint+jws"
EXPORT_TYPE = "audit-export+jws"
GENESIS = hashlib.sha256(b"CYBERCUBE portal audit chain, version 1").hexdigest()


def link(previous_hash: str, event: Mapping[str, Any]) -> str:
    """The hash of an event's line (`Event.as_line`) that follows `previous_hash`."""
    line = {name: value for name, value in event.items() if name != "hash"}
    return hashlib.sha256(canonical({**line, "previous_hash": previous_hash})).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken(Exception):
    """The first row that does not fit. `sequence` is the one expected there."""

    sequence: int
    finding: str

    def __str__(self) -> str:
        return f"sequence {self.sequence}: {self.finding}"


class Walk:
    """Follows the chain from one row to the next; raises Broken at the first that does not fit."""

    def __init__(self, *, size: int = 0, head: str = GENESIS) -> None:
        self.size = size
        self.head = head

    def event(self, line: Mapping[str, Any], claimed: str | None) -> None:
        """Step over one event's line; `claimed` is the hash stored beside it."""
        expected = self.size + 1
        if line["sequence"] != expected:
            raise Broken(expected, f"missing: the next row says {line['sequence']}")
        if line["previous_hash"] != self.head:
            raise Broken(expected, f"names {line['previous_hash']} as the hash before it, which is {self.head}")
        if link(self.head, line) != claimed:
            raise Broken(expected, "was changed: its content does not give its hash")
        self.size, self.head = expected, str(claimed)

    def reach(self, size: int) -> None:
        """The rows up to `size` have to be there."""
        if self.size < size:
            raise Broken(self.size + 1, "missing: the rows stop here")

    def checkpoint(self, *, size: int, head_hash: str) -> None:
        """Compare the chain so far with what was signed when it had `size` events."""
        if size > self.size:
            raise Broken(self.size + 1, f"missing: a checkpoint was signed over {size} events")
        if size == self.size and head_hash != self.head:
            raise Broken(size, f"was rewritten: the checkpoint signed at its place names {head_hash}")
