"""The lint of a migration (§9.2, §9.3): squawk's findings as the standard weighs them, and what only the standard asks for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cybercube_portal.catalog.conventions.table import check
from cybercube_portal.catalog.migration_files import Statement, kind_of, latest_phase, statements
from cybercube_portal.catalog.migration_locks import Lock, impact_of, locks_of
from cybercube_portal.catalog.migration_rules import MIXED, NEW, RULES, UNREADABLE, UNUSED, WITHOUT_WHERE
from cybercube_portal.catalog.squawk import CannotRead, findings_of
from cybercube_portal.catalog.states import MigrationKind, MigrationPhase, Severity

MOST_FINDINGS = 100
REQUIRED_COLUMN = "adding-required-field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about one place; `line` and `column` count from 1, `safe_pattern` is SQL or a file's name."""

    rule: str
    severity: Severity
    line: int
    column: int
    message: str
    safe_pattern: str
    section: str

    def as_dict(self) -> dict[str, Any]:
        """The shape of the API, and of what is kept with an artifact."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "safe_pattern": self.safe_pattern,
            "section": self.section,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What a file is: its kind, its phase of §9.3 (None when it changes nothing), the findings and the locks in their order."""

    kind: MigrationKind
    phase: MigrationPhase | None
    findings: tuple[Finding, ...]
    locks: tuple[Lock, ...]

    @property
    def lock_impact(self) -> str:
        """§9.4, in one line; nothing is said of a file that cannot be read."""
        return "" if any(finding.rule == UNREADABLE for finding in self.findings) else impact_of(self.locks)


def lint_migration(*, filename: str, sql: str) -> Linted:
    """Judge one file. What cannot be read is a finding too; more than 100 findings are cut, warnings first."""
    code = statements(sql)
    found = [*_name(filename), *_squawk(sql, code), *_phases(code), *_every_row(code)]
    phases = {statement.phase for statement in code}
    # A column that must be given is one that the version before does not give.
    if any(finding.rule == REQUIRED_COLUMN for finding in found):
        phases.add(MigrationPhase.CONTRACT)
    most_severe = sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)[:MOST_FINDINGS]
    return Linted(
        kind=kind_of(sql),
        phase=latest_phase(phases),
        findings=tuple(sorted(most_severe, key=lambda finding: (finding.line, finding.column, finding.rule))),
        locks=locks_of(code),
    )


def _name(filename: str) -> Iterator[Finding]:
    for broken in check("migration", filename):
        yield _finding(broken.rule, 1, 1, broken.message)


def _squawk(sql: str, code: list[Statement]) -> Iterator[Finding]:
    try:
        rows = findings_of(sql)
    except CannotRead:
        yield _finding(UNREADABLE, 1, 1, "The linter cannot read this file: it is nested too deeply or takes too long.")
        return
    places = [(statement.line, statement.column) for statement in code]
    for row in rows:
        at = bisect_right(places, (row.line, row.column)) - 1
        is_on_new_table = at >= 0 and code[at].is_on_new_table
        if row.rule not in UNUSED and (row.rule == UNREADABLE or not is_on_new_table):
            yield _finding(row.rule, row.line, row.column, " ".join(filter(None, (row.message, row.help))))


def _phases(code: list[Statement]) -> Iterator[Finding]:
    """A contract beside something else cannot wait until the new version runs everywhere."""
    phases = {statement.phase for statement in code} - {None}
    first = next((statement for statement in code if statement.phase is MigrationPhase.CONTRACT), None)
    if first is not None and len(phases) > 1:
        others = " and ".join(phase for phase in MigrationPhase if phase in phases - {MigrationPhase.CONTRACT})
        message = (
            f"This belongs to the phase contract, and the file also holds {others}: deploy them one after the other."
        )
        yield _finding(MIXED, first.line, first.column, message)


def _every_row(code: list[Statement]) -> Iterator[Finding]:
    for statement in code:
        if statement.writes_every_row:
            message = "It writes every row at once: name the rows that still need it, so that it can stop and go on."
            yield _finding(WITHOUT_WHERE, statement.line, statement.column, message)


def _finding(rule: str, line: int, column: int, message: str) -> Finding:
    row = RULES.get(rule, NEW)
    return Finding(
        rule=rule,
        severity=row.severity,
        line=line,
        column=column,
        message=message,
        safe_pattern=row.safe_pattern,
        section=row.section,
    )
