"""Migration files of an artifact: their names (§9.2), whether they touch data (§5.6), their phase (§9.3). Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cybercube_portal.catalog.conventions.table import check
from cybercube_portal.catalog.states import MigrationKind, MigrationPhase

EXAMPLE = "20260117120000_add_tax_rate_to_products.sql"

# What is not code. Each alternative also ends at the end of the text, so that a hostile file is read once, not once a quote.
_NOT_CODE = re.compile(
    r"""--[^\n]*
      | /\*.*?(?:\*/|\Z)
      | e'(?:[^'\\]|\\.|'')*(?:'|\Z)
      | '(?:[^']|'')*(?:'|\Z)
      | "[^"]*(?:"|\Z)
      | \$(?P<tag>\w{0,63})\$(?P<body>.*?)(?:\$(?P=tag)\$|\Z)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_WRITES = re.compile(
    r"\b(?:insert\s+into|delete\s+from|merge\s+into|truncate)\b|(?<!for\s)(?<!on\s)\bupdate\b", re.IGNORECASE
)
_RUNS_NOW = re.compile(r"\bdo\s*(?:language\s+\w+\s*)?\Z", re.IGNORECASE)
_DATA = frozenset({"insert", "update", "delete", "merge", "copy", "truncate"})
# What the version before cannot live with: something is gone, has another name or type, or rows that it writes are refused.
_CONTRACTS = re.compile(
    r"""\A(?:truncate\b|drop\s+(?!index\b))
      | \bdrop\s+(?!index\b|default\b|not\s+null\b|identity\b|expression\b)
      | \brename\b
      | \bset\s+(?:not\s+null|schema|data\s+type)\b
      | \balter\s+(?:column\s+)?\S+\s+type\b
      | \b(?:add|validate)\s+constraint\b
      | \badd\s+(?:check|unique|primary\s+key|foreign\s+key|exclude)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ALTERS = re.compile(r"\A(?:do\b.*?\b)?(?:alter|drop|truncate)\b", re.IGNORECASE | re.DOTALL)
_EXPANDS = re.compile(r"\A(?:do\b.*?\b)?(?:create|alter|drop|reindex)\b", re.IGNORECASE | re.DOTALL)
_CREATED = re.compile(r"\Acreate\s+(?:unlogged\s+)?table\s+([\w.$]+)", re.IGNORECASE)
_ALTERED = re.compile(r"\Aalter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?([\w.$]+)", re.IGNORECASE)
_INDEXED = re.compile(
    r"\Acreate\s+(?:unique\s+)?index\s+(?:if\s+not\s+exists\s+)?(?:[\w.$]+\s+)?on\s+(?:only\s+)?([\w.$]+)",
    re.IGNORECASE,
)
_EVERY_ROW = re.compile(r"\A(?:update|delete)\b(?!.*\bwhere\b)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement without its comments and texts, where it begins (counted from 1), and its phase, if it has one.

    `is_on_new_table`: it changes a table that this file creates, which nobody uses yet.
    """

    code: str
    line: int
    column: int
    phase: MigrationPhase | None
    is_on_new_table: bool

    @property
    def writes_every_row(self) -> bool:
        """An UPDATE or DELETE without WHERE."""
        return _EVERY_ROW.match(self.code) is not None


def is_well_named(filename: str) -> bool:
    """Whether `filename` is `{timestamp}_{description}.sql` with a moment that exists (§9.2)."""
    return not check("migration", filename)


def kind_of(sql: str, *, declared: MigrationKind | None = None) -> MigrationKind:
    """`data` when it was declared so or a statement writes rows, otherwise `schema`. A pipeline can raise it, never lower it."""
    if declared is MigrationKind.DATA or any(_writes_rows(code) for _, code in _pieces(sql)):
        return MigrationKind.DATA
    return MigrationKind.SCHEMA


def statements(sql: str) -> list[Statement]:
    """The statements of a file in their order, and those in a DO block: it runs now, a function's body when somebody calls it."""
    breaks = [found.start() for found in re.finditer("\n", sql)]
    created: set[str] = set()
    found = []
    for offset, code in _pieces(sql):
        if name := _CREATED.match(code):
            created.add(_bare(name[1]))
        line = bisect_left(breaks, offset)
        column = offset - (breaks[line - 1] if line else -1)
        touched = _ALTERED.match(code) or _INDEXED.match(code)
        is_new = touched is not None and _bare(touched[1]) in created
        phase = _phase(code, is_new=is_new)
        found.append(Statement(code=code, line=line + 1, column=column, phase=phase, is_on_new_table=is_new))
    return sorted(found, key=lambda statement: (statement.line, statement.column))


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


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip("_").lower()


def _pieces(sql: str) -> Iterator[tuple[int, str]]:
    """(offset, code) of each statement."""
    yield from _split(_NOT_CODE.sub(_blank, sql))
    for quoted in _NOT_CODE.finditer(sql):
        before = sql[max(0, quoted.start() - 80) : quoted.start()]
        if quoted["body"] is not None and _RUNS_NOW.search(before):
            for offset, code in _split(quoted["body"]):
                yield quoted.start("body") + offset, f"do {code}"


def _split(code: str) -> Iterator[tuple[int, str]]:
    start = 0
    for part in code.split(";"):
        text = part.lstrip()
        if text:
            yield start + len(part) - len(text), text.rstrip()
        start += len(part) + 1


def _blank(found: re.Match[str]) -> str:
    """As long as before, so that what follows keeps its place. A quoted name stays one word that is no keyword."""
    return re.sub(r"[^\w\n]", "_", found[0]) if found[0].startswith('"') else re.sub(r"[^\n]", " ", found[0])


def _writes_rows(code: str) -> bool:
    first = re.match(r"\w*", code)
    word = first[0].lower() if first else ""
    return word in _DATA or (word in {"with", "do"} and _WRITES.search(code) is not None)
