"""Migration files of an artifact: their names (§9.2) and whether they touch data (§5.6). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cybercube_portal.catalog.conventions.table import check
from cybercube_portal.catalog.states import MigrationKind

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


def is_well_named(filename: str) -> bool:
    """Whether `filename` is `{timestamp}_{description}.sql` with a moment that exists (§9.2)."""
    return not check("migration", filename)


def kind_of(sql: str, *, declared: MigrationKind | None = None) -> MigrationKind:
    """`data` when it was declared so or a statement writes rows, otherwise `schema`. A pipeline can raise it, never lower it."""
    if declared is MigrationKind.DATA or any(_writes_rows(statement) for statement in _statements(sql)):
        return MigrationKind.DATA
    return MigrationKind.SCHEMA


def _statements(sql: str) -> Iterator[str]:
    yield from (statement.strip() for statement in _NOT_CODE.sub(" ", sql).split(";"))
    # The body of a DO block runs now; that of a function runs when somebody calls it.
    for quoted in _NOT_CODE.finditer(sql):
        before = sql[max(0, quoted.start() - 80) : quoted.start()]
        if quoted["body"] is not None and _RUNS_NOW.search(before):
            yield f"do {quoted['body']}"


def _writes_rows(statement: str) -> bool:
    first = re.match(r"\w*", statement)
    word = first[0].lower() if first else ""
    return word in _DATA or (word in {"with", "do"} and _WRITES.search(statement) is not None)
