"""What each statement of a migration locks, whom that stops and for how long (§9.4 "Lock impact assessed"). Pure.

The modes are PostgreSQL's ("Explicit Locking", ALTER TABLE, CREATE INDEX of its manual). The first row of `TABLE` whose pattern is
found speaks for a statement; what no row knows locks nothing that others use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from cybercube_portal.catalog.migration_files import Statement


class LockMode(StrEnum):
    """The weakest first; `NONE`: nobody waits for it."""

    NONE = "none"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"


class Lasts(StrEnum):
    """How long it is held at least; with others in one transaction, until its end. The shortest first."""

    MOMENT = "a moment"
    ROWS = "as long as the rows take"
    SCAN = "as long as the table is read"
    REWRITE = "as long as the table is written anew"


STOPS: dict[LockMode, str] = {
    LockMode.NONE: "nobody",
    LockMode.ROW_EXCLUSIVE: "writers of the same rows",
    LockMode.SHARE_UPDATE_EXCLUSIVE: "other changes of the table",
    LockMode.SHARE: "writers",
    LockMode.SHARE_ROW_EXCLUSIVE: "writers",
    LockMode.EXCLUSIVE: "writers",
    LockMode.ACCESS_EXCLUSIVE: "readers and writers",
}
_ORDER = tuple(LockMode)
_LENGTHS = tuple(Lasts)
# EXCLUSIVE is taken by a materialized view that is filled beside its readers alone, and nobody else writes one.
_BLOCKING = frozenset({LockMode.SHARE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE})
LONGEST = 200


class Rule(NamedTuple):
    """A kind of statement, by a pattern of its code."""

    pattern: str
    mode: LockMode
    lasts: Lasts


M, L = LockMode, Lasts
_TABLE = r"\Aalter\s+(?:table|materialized\s+view)\b"
# The first of them is enough, and a hostile file is not read once for each.
_ADDS = r"(?>.*?\badd\s)"
TABLE: tuple[Rule, ...] = (
    # Indexes
    Rule(r"\Acreate\s+(?:unique\s+)?index\s+concurrently\b", M.SHARE_UPDATE_EXCLUSIVE, L.SCAN),
    Rule(r"\Acreate\s+(?:unique\s+)?index\b", M.SHARE, L.SCAN),
    Rule(r"\Adrop\s+index\s+concurrently\b", M.SHARE_UPDATE_EXCLUSIVE, L.MOMENT),
    Rule(r"\Adrop\s+index\b", M.ACCESS_EXCLUSIVE, L.MOMENT),
    Rule(r"\Areindex\b.*\bconcurrently\b", M.SHARE_UPDATE_EXCLUSIVE, L.SCAN),
    Rule(r"\Areindex\b", M.ACCESS_EXCLUSIVE, L.SCAN),
    Rule(r"\Aalter\s+index\b", M.SHARE_UPDATE_EXCLUSIVE, L.MOMENT),
    # A table written anew
    Rule(_TABLE + r".*\balter\s+(?:column\s+)?\S+\s+(?:set\s+data\s+)?type\b", M.ACCESS_EXCLUSIVE, L.REWRITE),
    Rule(_TABLE + r".*\bset\s+(?:logged|unlogged|tablespace|access\s+method)\b", M.ACCESS_EXCLUSIVE, L.REWRITE),
    Rule(_TABLE + _ADDS + r".*\b(?:(?:small|big)?serial|generated)\b", M.ACCESS_EXCLUSIVE, L.REWRITE),
    # A default that differs from row to row; now() is one moment for all.
    Rule(
        _TABLE
        + _ADDS
        + r".*\bdefault\s+(?:random|clock_timestamp|timeofday|gen_random_uuid|uuidv7|uuid_generate_\w+|nextval)\s*\(",
        M.ACCESS_EXCLUSIVE,
        L.REWRITE,
    ),
    Rule(r"\A(?:vacuum\s+(?:\(\s*)?full|cluster)\b", M.ACCESS_EXCLUSIVE, L.REWRITE),
    Rule(r"\Arefresh\s+materialized\s+view\s+concurrently\b", M.EXCLUSIVE, L.REWRITE),
    Rule(r"\Arefresh\s+materialized\s+view\b", M.ACCESS_EXCLUSIVE, L.REWRITE),
    # Constraints
    Rule(_TABLE + r".*\bvalidate\s+constraint\b", M.SHARE_UPDATE_EXCLUSIVE, L.SCAN),
    Rule(_TABLE + r".*\bset\s+not\s+null\b", M.ACCESS_EXCLUSIVE, L.SCAN),
    Rule(_TABLE + r".*\busing\s+index\b", M.ACCESS_EXCLUSIVE, L.MOMENT),
    Rule(_TABLE + r"(?>.*?\b(?:foreign\s+key|references)\b).*\bnot\s+valid\b", M.SHARE_ROW_EXCLUSIVE, L.MOMENT),
    Rule(_TABLE + r".*\badd\s+(?:constraint\s+\S+\s+)?foreign\s+key\b", M.SHARE_ROW_EXCLUSIVE, L.SCAN),
    Rule(_TABLE + _ADDS + r".*\bnot\s+valid\b", M.ACCESS_EXCLUSIVE, L.MOMENT),
    Rule(
        _TABLE + r".*\badd\s+(?:constraint\s+\S+\s+)?(?:check|unique|primary\s+key|exclude)\b",
        M.ACCESS_EXCLUSIVE,
        L.SCAN,
    ),
    # Partitions
    Rule(_TABLE + r"(?>.*?\bdetach\s+partition\b).*\bconcurrently\b", M.SHARE_UPDATE_EXCLUSIVE, L.MOMENT),
    Rule(_TABLE + r".*\battach\s+partition\b", M.SHARE_UPDATE_EXCLUSIVE, L.SCAN),
    # Settings that running statements do not mind
    Rule(_TABLE + r".*\bset\s+statistics\b", M.SHARE_UPDATE_EXCLUSIVE, L.MOMENT),
    Rule(_TABLE + r"\s+\S+\s+(?:re)?set\s*\(", M.SHARE_UPDATE_EXCLUSIVE, L.MOMENT),
    Rule(_TABLE + r".*\b(?:enable|disable)\s+trigger\b", M.SHARE_ROW_EXCLUSIVE, L.MOMENT),
    Rule(r"\Acreate\s+(?:or\s+replace\s+)?(?:constraint\s+)?trigger\b", M.SHARE_ROW_EXCLUSIVE, L.MOMENT),
    # The table that a new one refers to
    Rule(r"\Acreate\s+(?:unlogged\s+)?table\b.*\breferences\b", M.SHARE_ROW_EXCLUSIVE, L.MOMENT),
    # Everything else that changes a table
    Rule(_TABLE, M.ACCESS_EXCLUSIVE, L.MOMENT),
    Rule(
        r"\A(?:truncate|drop\s+(?:table|materialized\s+view|view|schema|trigger))\b",
        M.ACCESS_EXCLUSIVE,
        L.MOMENT,
    ),
    Rule(r"\Alock\s+table\b", M.ACCESS_EXCLUSIVE, L.MOMENT),
    # Rows
    Rule(r"\A(?:with\b.*?\b)?(?:update|delete|merge|insert)\b", M.ROW_EXCLUSIVE, L.ROWS),
    Rule(r"\Acopy\s+[\w.$]+\s*(?:\([^()]*\)\s*)?from\b", M.ROW_EXCLUSIVE, L.ROWS),
    Rule(r"\A(?:vacuum|analyze)\b", M.SHARE_UPDATE_EXCLUSIVE, L.SCAN),
)
_COMPILED = tuple((re.compile(rule.pattern, re.IGNORECASE | re.DOTALL), rule) for rule in TABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What the statement at `line` (counted from 1) takes."""

    line: int
    mode: LockMode
    lasts: Lasts

    @property
    def stops(self) -> str:
        """Who has to wait, in words."""
        return STOPS[self.mode]

    def as_dict(self) -> dict[str, Any]:
        """The shape of the API, and of what is kept with an artifact."""
        return {"line": self.line, "mode": self.mode.value, "stops": self.stops, "lasts": self.lasts.value}


def locks_of(code: Iterable[Statement]) -> tuple[Lock, ...]:
    """The locks that others may wait for, in the order of the file, without its way back. A table that is new in the file is nobody's yet."""
    return tuple(lock for statement in code if not statement.is_way_back and (lock := lock_of(statement)))


def lock_of(statement: Statement) -> Lock | None:
    """What one statement takes, None when nobody may wait for it."""
    code = statement.bare
    rule = next((rule for pattern, rule in _COMPILED if pattern.search(code)), None)
    if rule is None or statement.is_on_new_table:
        return None
    return Lock(line=statement.line, mode=rule.mode, lasts=rule.lasts)


def blocks_for_long(lock: Lock) -> bool:
    """Whether writers, or readers too, wait as long as a table is read or written anew (§9.1)."""
    return lock.mode in _BLOCKING and lock.lasts in {Lasts.SCAN, Lasts.REWRITE}


def impact_of(locks: Iterable[Lock]) -> str:
    """The strongest of them in one line, of equals the longest: "ACCESS EXCLUSIVE for a moment, stops readers and writers (line 2)"."""
    worst = max(locks, key=lambda lock: (_ORDER.index(lock.mode), _LENGTHS.index(lock.lasts)), default=None)
    if worst is None:
        return "none"
    held = worst.lasts if worst.lasts.startswith("as long") else f"for {worst.lasts}"
    return f"{worst.mode} {held}, stops {worst.stops} (line {worst.line})"[:LONGEST]
