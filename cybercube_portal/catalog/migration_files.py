"""Migration files of an artifact: their names (§9.2), whether they touch data (§5.6), their phase (§9.3). Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cybercube_portal.catalog.conventions.table import check
from cybercube_portal.catalog.migration_text import Text, read_text
from cybercube_portal.catalog.states import MigrationKind, MigrationPhase

EXAMPLE = "20260117120000_add_tax_rate_to_products.sql"

_WRITES = re.compile(
    r"\b(?:insert\s+into|delete\s+from|merge\s+into|truncate)\b|(?<!for\s)(?<!on\s)\bupdate\b", re.IGNORECASE
)
_DATA = frozenset({"insert", "update", "delete", "merge", "truncate"})
_COPIES_IN = re.compile(r"\Acopy\s+[\w.$]+\s*(?:\([^()]*\)\s*)?from\b", re.IGNORECASE)
# What the version before cannot live with: something is gone, has another name or type, or rows that it writes are refused.
_CONTRACTS = re.compile(
    r"""\A(?:truncate\b|revoke\b|drop\s++(?!index\b))
      | \bdrop\s++(?!index\b|default\b|not\s+null\b|identity\b|expression\b)
      | \brename\b
      | \bset\s+(?:not\s+null|schema|data\s+type)\b
      | \balter\s+(?:column\s+)?\S+\s+type\b
      | \b(?:add|validate)\s+constraint\b
      | \badd\s+(?:check|unique|primary\s+key|foreign\s+key|exclude)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ALTERS = re.compile(r"\A(?:do\b.*?\b)?(?:alter|drop|truncate|revoke)\b", re.IGNORECASE | re.DOTALL)
_EXPANDS = re.compile(r"\A(?:do\b.*?\b)?(?:create|alter|drop|reindex)\b", re.IGNORECASE | re.DOTALL)
_CREATED = re.compile(
    r"\Acreate\s+(?:(?:global|local)\s+)?(?:(?:temp|temporary|unlogged)\s+)?table\s+(?!if\s)([\w.$]+)", re.IGNORECASE
)
_ALTERED = re.compile(r"\Aalter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?([\w.$]+)", re.IGNORECASE)
_INDEXED = re.compile(
    r"\Acreate\s+(?:unique\s+)?index\s+(?:if\s+not\s+exists\s+)?(?:[\w.$]+\s+)?on\s+(?:only\s+)?([\w.$]+)",
    re.IGNORECASE,
)
_NAME_PARTS = re.compile(r'"[^"]*"|[^."]+')
_CHANGES_ROWS = re.compile(r"(?:\A|\)\s*)(?:update|delete)\b", re.IGNORECASE)
_WHERE = re.compile(r"\bwhere\b", re.IGNORECASE)
# Of a statement within a DO block, what stands before it.
_IN_BLOCK = re.compile(r"\Ado\s+(?:.*\b(?:begin|then|else|loop)\s+)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement without its comments and texts, where it begins (counted from 1), and its phase, if it has one.

    `is_on_new_table`: it changes a table that this file creates, which nobody uses yet. `is_way_back`: it stands below "-- Down" (§8.4).
    """

    code: str
    line: int
    column: int
    phase: MigrationPhase | None
    is_on_new_table: bool
    is_way_back: bool = False

    @property
    def bare(self) -> str:
        """Its code; of one within a DO block, what stands after its BEGIN, THEN, ELSE or LOOP."""
        return _IN_BLOCK.sub("", self.code)

    @property
    def writes_every_row(self) -> bool:
        """An UPDATE or DELETE without WHERE."""
        code = self.bare
        changes = _CHANGES_ROWS.search(code) if re.match(r"(?:with|update|delete)\b", code, re.IGNORECASE) else None
        return changes is not None and _WHERE.search(code, changes.end()) is None


def is_well_named(filename: str) -> bool:
    """Whether `filename` is `{timestamp}_{description}.sql` with a moment that exists (§9.2)."""
    return not check("migration", filename)


def kind_of(sql: str, *, declared: MigrationKind | None = None) -> MigrationKind:
    """`data` when it was declared so or a statement writes rows, otherwise `schema`. A pipeline can raise it, never lower it."""
    if declared is MigrationKind.DATA or any(_writes_rows(code) for _, code in _pieces(read_text(sql))):
        return MigrationKind.DATA
    return MigrationKind.SCHEMA


def statements(sql: str) -> list[Statement]:
    """The statements of a file in their order, and those in a DO block: it runs now, a function's body when somebody calls it."""
    return statements_of(read_text(sql), sql)


def statements_of(text: Text, sql: str) -> list[Statement]:
    """The same of a file that was read already."""
    breaks = [found.start() for found in re.finditer("\n", sql)]
    created: set[tuple[str, ...]] = set()
    found = []
    for offset, code in _pieces(text):
        if name := _CREATED.match(code):
            created.add(_named(sql, offset, name))
        line, column = place(breaks, offset)
        touched = _ALTERED.match(code) or _INDEXED.match(code)
        is_new = touched is not None and _named(sql, offset, touched) in created
        found.append(
            Statement(
                code=code,
                line=line,
                column=column,
                phase=_phase(code, is_new=is_new),
                is_on_new_table=is_new,
                is_way_back=text.down is not None and offset > text.down,
            )
        )
    return sorted(found, key=lambda statement: (statement.line, statement.column))


def place(breaks: Sequence[int], offset: int) -> tuple[int, int]:
    """Line and column of an offset, counted from 1; `breaks` are the offsets of the line breaks."""
    line = bisect_left(breaks, offset)
    return line + 1, offset - (breaks[line - 1] if line else -1)


def latest_phase(phases: Iterable[MigrationPhase | None]) -> MigrationPhase | None:
    """The last of them in the order of §9.3, so that nothing a rollback must know of is passed over; None without any."""
    found = set(phases)
    return next((phase for phase in reversed(MigrationPhase) if phase in found), None)


def _phase(code: str, *, is_new: bool) -> MigrationPhase | None:
    if not is_new and _ALTERS.match(code) and _CONTRACTS.search(code):
        return MigrationPhase.CONTRACT
    if _writes_rows(code):
        return MigrationPhase.BACKFILL
    return MigrationPhase.EXPAND if _EXPANDS.match(code) else None


def _named(sql: str, offset: int, found: re.Match[str]) -> tuple[str, ...]:
    """A table's name as PostgreSQL reads it, from the file itself: there a quoted name is written out."""
    written = sql[offset + found.start(1) : offset + found.end(1)]
    return tuple(part[1:-1] if part.startswith('"') else part.lower() for part in _NAME_PARTS.findall(written))


def _pieces(text: Text) -> Iterator[tuple[int, str]]:
    """(offset, code) of each statement."""
    yield from _split(text.plain)
    for start, body in text.bodies:
        for offset, code in _split(read_text(body).plain):
            yield start + offset, f"do {code}"


def _split(code: str) -> Iterator[tuple[int, str]]:
    start = 0
    for part in code.split(";"):
        text = part.lstrip()
        if text:
            yield start + len(part) - len(text), text.rstrip()
        start += len(part) + 1


def _writes_rows(code: str) -> bool:
    first = re.match(r"\w*", code)
    word = first[0].lower() if first else ""
    if word == "copy":
        return _COPIES_IN.match(code) is not None
    return word in _DATA or (word in {"with", "do"} and _WRITES.search(code) is not None)
