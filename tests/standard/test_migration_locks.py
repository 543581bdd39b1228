"""§9.4 "Lock impact assessed": what each kind of statement locks, and for how long; the modes held against PostgreSQL itself."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
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


@pytest.mark.parametrize(
    "sql",
    [
        "DO" + " 'é'" * 20_000,
        "$a$ $b$ " * 20_000,
        "WITH a AS (SELECT 1) " + ") UPDATE a " * 20_000 + "WHERE b",
        "ALTER TABLE a ADD " * 10_000,
        "DROP " * 40_000,
        "COPY a FROM STDIN;\n" * 10_000,
        "\\g \n" * 20_000,
    ],
    ids=lambda sql: sql[:12],
)
def test_hostile_text__is_read_once(sql: str) -> None:
    found = statements(sql)

    assert impact_of(locks_of(found))
    assert all(statement.line >= 1 and not (statement.writes_every_row and "WHERE" in sql) for statement in found)


# What the statements of the table are about. `orders_2026` is one table of its own; nothing here has partitions.
WORLD = """
CREATE TABLE users (id int, name text, email text);
CREATE UNIQUE INDEX users_email_key ON users(email);
CREATE INDEX idx_users_email ON users(email);
ALTER TABLE users ADD UNIQUE (id);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id int);
ALTER TABLE orders ADD CONSTRAINT o FOREIGN KEY (user_id) REFERENCES users(id) NOT VALID;
CREATE TABLE products (tax_rate int);
CREATE TABLE old_orders (id int);
CREATE TABLE sessions (id int);
CREATE MATERIALIZED VIEW totals AS SELECT 1 AS id;
CREATE UNIQUE INDEX totals_id ON totals(id);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
"""
ADDS = "ADD COLUMN phone"
# Not within a transaction, or of a table with partitions: read in the manual alone.
NOT_TRIED = re.compile(r"INDEX CONCURRENTLY|TABLE CONCURRENTLY|^VACUUM|PARTITION")
HELD = "SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = ANY(%s)"


@pytest.fixture
def tried(db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own, to a schema that is there before the statement that is tried."""
    address = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
    with psycopg.connect(**address, autocommit=True) as other:
        other.execute("CREATE SCHEMA tried")
        try:
            other.execute("SET search_path TO tried")
            other.execute(WORLD)
            yield other
        finally:
            other.execute("DROP SCHEMA tried CASCADE")


def test_modes__of_every_statement_that_can_be_tried__are_the_ones_postgresql_takes(
    tried: psycopg.Connection[Any],
) -> None:
    found = tried.execute("SELECT array_agg(oid) FROM pg_class WHERE relnamespace = 'tried'::regnamespace").fetchone()
    rows = sorted((row for row in ROWS if not NOT_TRIED.search(row["sql"])), key=lambda row: ADDS not in row["sql"])
    taken: dict[str, str] = {}
    for row in rows:
        if len(taken) == sum(ADDS in row["sql"] for row in rows):
            tried.execute(f"ALTER TABLE users {ADDS} text")
        with tried.transaction(force_rollback=True):
            tried.execute(row["sql"])
            modes = {spelled(name) for (name,) in tried.execute(HELD, found)}
        known = [mode.value for mode in LockMode if mode.value in modes]
        taken[row["what"]] = known[-1] if known else ""
    assert taken == {row["what"]: row["mode"] for row in rows}
    assert len(rows) > len(ROWS) / 2


def spelled(mode: str) -> str:
    """`AccessExclusiveLock` as SQL and the manual write it."""
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", mode.removesuffix("Lock")).upper()
