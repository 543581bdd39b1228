"""The "before migration" part of §9.4, ticked by the records of the migrations. Pure.

"Deployment window scheduled" is the change's slot, which has rules of its own at the gate. Whether on-call was notified no record shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cybercube_portal.catalog.states import EnvironmentCode
from releases.policy.migrations import TESTED
from releases.states import MigrationState

DONE = frozenset({MigrationState.APPLIED, MigrationState.VERIFIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One file's record in one environment."""

    filename: str
    environment: str
    state: MigrationState
    estimated_seconds: int | None = None
    lock_impact: str = ""
    rollback_tested: bool = False
    backup: str = ""

    @property
    def is_production(self) -> bool:
        """Whether it is the one that the gate is asked about."""
        return self.environment == EnvironmentCode.PRD


class Item(NamedTuple):
    """One line of §9.4, and what ticks it for one file: any record that shows it."""

    text: str
    shows: Callable[[Recorded], bool]


ITEMS: tuple[Item, ...] = (
    Item(
        "Migration tested on staging with production-like data",
        lambda row: row.environment == EnvironmentCode.STG and row.state in TESTED,
    ),
    Item("Rollback script prepared and tested", lambda row: row.rollback_tested),
    Item("Estimated duration calculated", lambda row: row.estimated_seconds is not None),
    Item("Lock impact assessed", lambda row: bool(row.lock_impact.strip())),
    Item("Backup verified", lambda row: row.is_production and bool(row.backup.strip())),
)


def open_items(files: Iterable[str], records: Iterable[Recorded]) -> tuple[str, ...]:
    """The lines that some file lacks, with the files; those that ran in production already are done."""
    rows = tuple(records)
    done = {row.filename for row in rows if row.is_production and row.state in DONE}
    waiting = [name for name in files if name not in done]
    found = []
    for item in ITEMS:
        missing = [name for name in waiting if not any(row.filename == name and item.shows(row) for row in rows)]
        if missing:
            found.append(f"{item.text} ({', '.join(missing)})")
    return tuple(found)
