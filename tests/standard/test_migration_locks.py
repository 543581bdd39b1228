"""§9.4 "Lock impact assessed": what each kind of statement locks, and for how long, held against PostgreSQL itself."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybercube_portal.catalog.migration_files import statements
from cybercube_portal.catalog.migration_lint import lint_migration
from cybercube_portal.catalog.migration_locks import STOPS, LockMode, impact_of, locks_of

with (Path(__file__).parent / "migration_locks.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_statement__locks_as_the_table_says(row: dict[str, str]) -> None:
    locks = locks_of(statements(row["sql"]))

    assert [(lock.mode, lock.lasts) for lock in locks] == ([(row["mode"], row["lasts"])] if row["mode"] else [])
    assert all(lock.stops for lock in locks)


def test_impact__of_several_statements__is_the_strongest_then_the_longest() -> None:
    sql = (
        "CREATE INDEX CONCURRENTLY i ON users(email);\n"
        "ALTER TABLE users ADD COLUMN phone text;\n"
        "ALTER TABLE users ALTER COLUMN phone SET NOT NULL;\n"
        "UPDATE users SET phone = '' WHERE phone IS NULL;"
    )

    linted = lint_migration(filename="20260117120000_add_phone.sql", sql=sql)

    assert linted.lock_impact == "ACCESS EXCLUSIVE as long as the table is read, stops readers and writers (line 3)"
    assert [lock.line for lock in linted.locks] == [1, 2, 3, 4]


def test_impact__of_nothing__is_none() -> None:
    assert impact_of(()) == "none"


def test_modes__every_one__says_whom_it_stops() -> None:
    assert set(STOPS) == set(LockMode)


@given(st.text(max_size=400))
def test_any_text__never_raises(sql: str) -> None:
    impact_of(locks_of(statements(sql)))
