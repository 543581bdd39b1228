"""§9.3: every pattern safe and unsafe, §8.4 and §9.1, through the linter itself; one row for each."""

from __future__ import annotations

import csv
import re
import subprocess
from pathlib import Path

import pytest

from cybercube_portal.catalog.migration_examples import GROUPS, shown
from cybercube_portal.catalog.migration_lint import MOST_FINDINGS, Linted, lint_migration
from cybercube_portal.catalog.migration_rules import (
    BUILT_AT_RUN,
    ELSEWHERE,
    LONG_LOCK,
    MIXED,
    NEW,
    RULES,
    UNREADABLE,
    UNUSED,
    WAY_BACK,
    WITHOUT_WHERE,
)
from cybercube_portal.catalog.squawk import BINARY
from cybercube_portal.catalog.states import MigrationKind, MigrationPhase, Severity

with (Path(__file__).parent / "migration_lint.csv").open(encoding="utf-8", newline="") as file:
    ROWS = [{**row, "sql": row["sql"].replace(r"\n", "\n")} for row in csv.DictReader(file)]


def lint(sql: str, filename: str = "20260117120000_add_tax_rate_to_products.sql") -> Linted:
    return lint_migration(filename=filename, sql=sql)


def told(linted: Linted) -> list[tuple[str, int, int]]:
    return [(finding.rule, finding.line, finding.column) for finding in linted.findings]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['section']}: {row['what']}")
def test_pattern__linted__comes_out_as_the_table_says(row: dict[str, str]) -> None:
    linted = lint(row["sql"])

    assert linted.phase == (MigrationPhase(row["phase"]) if row["phase"] else None)
    assert [f"{finding.rule}:{finding.severity}" for finding in linted.findings] == row["findings"].split()
    for finding in linted.findings:
        assert finding.section.startswith(("§9.", "§8.4"))
        assert finding.message
        assert finding.safe_pattern


@pytest.mark.parametrize("rule", sorted(RULES))
def test_safe_pattern__of_every_rule__has_no_error_itself(rule: str) -> None:
    if RULES[rule].section == "§9.2":
        return
    for phase in re.split(r"\n(?=--)", RULES[rule].safe_pattern):
        findings = lint(phase).findings
        assert [finding for finding in findings if finding.severity is Severity.ERROR] == [], phase


UNSAFE = [(rule, unsafe) for group in GROUPS for rule, unsafe in group.unsafe.items()]


def test_examples__of_the_page__are_one_for_every_rule_in_the_group_of_its_section() -> None:
    assert sorted(rule for rule, _ in UNSAFE) == sorted(RULES)
    assert all(RULES[rule].section == group.section for group in GROUPS for rule in group.unsafe)
    told = [(rule, pattern.safe) for group in GROUPS for pattern in shown(group) for rule, _, _ in pattern.breaks]
    assert sorted(told) == sorted((rule, RULES[rule].safe_pattern) for rule in RULES)


@pytest.mark.parametrize(("rule", "unsafe"), UNSAFE, ids=[rule for rule, _ in UNSAFE])
def test_example__of_what_is_unsafe__is_found_by_its_rule(rule: str, unsafe: str) -> None:
    found = lint("SELECT 1;", unsafe) if RULES[rule].section == "§9.2" else lint(unsafe)

    assert rule in {finding.rule for finding in found.findings}


def test_rules__of_squawk__are_known_by_their_names_to_it() -> None:
    own = {MIXED, WITHOUT_WHERE, LONG_LOCK, ELSEWHERE, BUILT_AT_RUN, WAY_BACK, UNREADABLE}
    names = {rule for rule in (*RULES, *UNUSED) if RULES.get(rule, NEW).section != "§9.2"} - own - {"unused-ignore"}
    asked = [str(BINARY), f"--exclude={','.join(sorted(names))}", "--stdin-filepath=a.sql"]
    done = subprocess.run(asked, input="SELECT 1;", capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0, done.stderr


def test_lint__file_by_9_2__is_named_rightly_or_that_is_a_finding() -> None:
    assert told(lint("SELECT 1;", "20260117_add_tax_rate.sql")) == [("migration.timestamp", 1, 1)]
    assert told(lint("SELECT 1;", "20260117130000_create_audit_log_table.sql")) == []


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("SELEC 1;", 1, 1),
        ("ALTER TABLE users ADD COLUMN a INT;\n  ALTER TABEL users ADD COLUMN b INT;", 2, 3),
        ("ALTER TABLE users ADD COLUMN;", 1, 29),
        ("CREATE TABLE a (b INT", 1, 22),
        ("-- é\nSELECT 'never closed;", 2, 8),
        ("SELECT 'é😀'; SELEC 1;", 1, 14),
        ("SELECT 1;\r\n  SELEC 1;\r\n", 2, 3),
        ("ALTER TABLE :schema.users ADD COLUMN a INT;", 1, 12),
        ("ALTER TABLE users\0 ADD COLUMN a INT;", 1, 18),
    ],
)
def test_lint__sql_that_does_not_parse__is_a_finding_with_its_place(sql: str, line: int, column: int) -> None:
    first = lint(sql).findings[0]

    assert (first.rule, first.severity) == ("syntax-error", Severity.ERROR)
    assert (first.line, first.column) == (line, column)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {'(' * 100_000}1{')' * 100_000};",
        "\x01\x02",
        "SELECT $1",
        "'" * 9_999,
        "/*" * 50_000,
    ],
    ids=lambda sql: sql[:20],
)
def test_lint__hostile_text__is_answered(sql: str) -> None:
    assert all(finding.line >= 1 and finding.column >= 1 for finding in lint(sql).findings)


def test_lint__nested_too_deeply_for_the_linter__is_an_error_and_no_pass() -> None:
    findings = lint(f"SELECT {'(' * 200_000}1{')' * 200_000};").findings

    assert [finding.severity for finding in findings] == [Severity.ERROR]


def test_lint__more_than_anybody_reads__keeps_the_errors() -> None:
    many = "UPDATE users SET a = 1;\n" * (MOST_FINDINGS + 5) + "CREATE INDEX i ON users(a);"
    findings = lint(many).findings

    assert len(findings) == MOST_FINDINGS
    assert [finding.severity for finding in findings].count(Severity.ERROR) == 1


def test_lint__statements_after_comments_and_quotes__are_found_at_their_place() -> None:
    sql = "-- first\n/* a; b */ SELECT ';';\n\n    UPDATE users SET a = 'x;y';\n"

    assert told(lint(sql)) == [("write-without-where", 4, 5)]


def test_lint__a_contract_beside_something_else__is_shown_where_it_stands() -> None:
    sql = "ALTER TABLE users ADD COLUMN a INT;\n\n  ALTER TABLE users DROP COLUMN b;"
    found = next(finding for finding in lint(sql).findings if finding.rule == "phases-in-one-file")

    assert (found.line, found.column) == (3, 3)
    assert "expand" in found.message


def test_kind__of_a_file__is_data_when_it_writes_rows() -> None:
    assert lint("UPDATE users SET a = 1 WHERE a IS NULL;").kind is MigrationKind.DATA
    assert lint("ALTER TABLE users ADD COLUMN a INT;").kind is MigrationKind.SCHEMA
