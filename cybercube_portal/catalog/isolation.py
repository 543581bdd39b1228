"""The isolation of §1.4 as somebody answers for it: six rows for each environment, each vouched for a year. Pure.

No fact that reaches the portal shows separate networks, instances or key stores; what it can keep is who looked, when, and at what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cybercube_portal.catalog.environments import ISOLATION
from cybercube_portal.catalog.states import EnvironmentCode

HOLDS = timedelta(days=365)
# Asked to look again before it is over.
SOON = timedelta(days=30)


class Isolated(StrEnum):
    """The rows of §1.4."""

    NETWORK = "network"
    DATABASE = "database"
    SECRETS = "secrets"
    IAM = "iam"
    MONITORING = "monitoring"
    LOGS = "logs"


REQUIREMENTS: dict[Isolated, str] = {Isolated(row["isolation"].lower()): row["requirement"] for row in ISOLATION}
CELLS: tuple[tuple[Isolated, EnvironmentCode], ...] = tuple(
    (item, code) for item in Isolated for code in EnvironmentCode
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Somebody's word for one row in one environment: `evidence` says what they looked at."""

    item: Isolated
    environment: EnvironmentCode
    evidence: str
    by: str
    at: datetime

    @property
    def until(self) -> datetime:
        """The first moment it no longer holds."""
        return self.at + HOLDS

    def holds(self, *, now: datetime) -> bool:
        """Whether it still counts."""
        return now < self.until

    def is_ending(self, *, now: datetime) -> bool:
        """Whether it holds for a month at most."""
        return self.holds(now=now) and now >= self.until - SOON


def latest(words: Iterable[Vouched]) -> Mapping[tuple[Isolated, EnvironmentCode], Vouched]:
    """The newest word for each cell."""
    return {(word.item, word.environment): word for word in sorted(words, key=lambda word: word.at)}


def vouched_for(words: Iterable[Vouched], *, now: datetime) -> int:
    """How many of the cells somebody answers for now."""
    return sum(word.holds(now=now) for word in latest(words).values())
