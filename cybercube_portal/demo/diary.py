"""What happened beside the changes, at its moment: what is kept of a day shows what was there on that day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Entry(NamedTuple):
    """Something that happened once, and when."""

    at: datetime
    happens: Callable[[], object]


@dataclass
class Diary:
    """Entries of any order, each told once."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, entries: Iterable[Entry]) -> None:
        """Put in between those there are."""
        self.entries = sorted([*self.entries, *entries], key=lambda entry: entry.at)

    def tell_until(self, moment: datetime) -> None:
        """Everything up to then that was not told yet."""
        while self.entries and self.entries[0].at <= moment:
            self.entries.pop(0).happens()
