"""The lint of a migration (§9.2, §9.3): squawk's findings as the standard weighs them, and what only the standard asks for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cybercube_portal.catalog.conventions.table import check
from cybercube_portal.catalog.migration_files import Statement, kind_of, latest_phase, place, statements_of
from cybercube_portal.catalog.migration_locks import Lock, blocks_for_long, impact_of, lock_of, locks_of
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
from cybercube_portal.catalog.migration_text import Text, read_text
from cybercube_portal.catalog.squawk import CannotRead, findings_of
from cybercube_portal.catalog.states import MigrationKind, MigrationPhase, Severity

MOST_FINDINGS = 100
REQUIRED_COLUMN = "adding-required-field"
# psql's commands that run another file or a program, and what puts a statement together only when it runs.
_ELSEWHERE = re.compile(r"\\(?:i|ir|include|include_relative|!)(?![a-z])", re.IGNORECASE)
_BUILT = re.compile(r"\\gexec\b", re.IGNORECASE)
_EXECUTES = re.compile(r"\Ado\b.*\bexecute\b", re.IGNORECASE | re.DOTALL)
# Squawk knows when a constraint that was validated before spares the reading.
_SET_NOT_NULL = re.compile(r"\Aalter\s+table\b.*\bset\s+not\s+null\b", re.IGNORECASE | re.DOTALL)


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
    """What a file is: its kind, its phase of §9.3 (None when it changes nothing), the findings and the locks in their order.

    `has_way_back`: it holds one below "-- Down", as §8.4 writes it.
    """

    kind: MigrationKind
    phase: MigrationPhase | None
    findings: tuple[Finding, ...]
    locks: tuple[Lock, ...]
    has_way_back: bool

    @property
    def lock_impact(self) -> str:
        """§9.4, in one line; nothing is said of a file that cannot be read."""
        return "" if any(finding.rule == UNREADABLE for finding in self.findings) else impact_of(self.locks)


def lint_migration(*, filename: str, sql: str) -> Linted:
    """Judge one file. What cannot be read is a finding too; more than 100 findings are cut, warnings first."""
    text = read_text(sql)
    code = statements_of(text, sql)
    breaks = [found.start() for found in re.finditer("\n", sql)]
    judged = [*_squawk(text.readable, code), *_phases(code), *_every_row(code)]
    found = [*_name(filename), *judged, *_commands(text, breaks), *_unseen(code), *_long_locks(code, judged)]
    phases = {statement.phase for statement in code if not statement.is_way_back}
    # A column that must be given is one that the version before does not give.
    if any(finding.rule == REQUIRED_COLUMN for finding in found):
        phases.add(MigrationPhase.CONTRACT)
    most_severe = sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)[:MOST_FINDINGS]
    return Linted(
        kind=kind_of(sql),
        phase=latest_phase(phases),
        findings=tuple(sorted(most_severe, key=lambda finding: (finding.line, finding.column, finding.rule))),
        locks=locks_of(code),
        has_way_back=text.down is not None,
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
        if row.rule not in UNUSED and (row.rule == UNREADABLE or at < 0 or not _is_moot(row.rule, code[at])):
            yield _finding(row.rule, row.line, row.column, " ".join(filter(None, (row.message, row.help))))


def _is_moot(rule: str, statement: Statement) -> bool:
    """On a table that nobody uses yet, or a way back that only takes away what the file brought."""
    return statement.is_on_new_table or (statement.is_way_back and RULES.get(rule, NEW).severity is not Severity.ERROR)


def _commands(text: Text, breaks: list[int]) -> Iterator[Finding]:
    """What psql would run and nobody sees in this file, and its way back."""
    for offset, command in text.commands:
        word = command.split()[0]
        if _ELSEWHERE.match(command):
            message = f"{word} runs what stands elsewhere: nothing of it was looked at. Write it into this file."
            yield _finding(ELSEWHERE, *place(breaks, offset), message)
        elif _BUILT.match(command):
            message = f"{word} runs statements that are put together only then: look at them yourself."
            yield _finding(BUILT_AT_RUN, *place(breaks, offset), message)
    if text.down is not None:
        message = "The way back stands below this line: run what is above it alone. psql, and the script of §9.5, run the whole file."
        yield _finding(WAY_BACK, *place(breaks, text.down), message)


def _unseen(code: list[Statement]) -> Iterator[Finding]:
    for statement in code:
        if _EXECUTES.match(statement.code):
            message = "EXECUTE runs a statement that is put together only then: look at it yourself."
            yield _finding(BUILT_AT_RUN, statement.line, statement.column, message)


def _long_locks(code: list[Statement], judged: Iterable[Finding]) -> Iterator[Finding]:
    """Statements that squawk has no rule for, or does not look at (in a DO block), and that stop others for long all the same."""
    places = [(statement.line, statement.column) for statement in code]
    named = {bisect_right(places, (finding.line, finding.column)) - 1 for finding in judged}
    for at, statement in enumerate(code):
        lock = lock_of(statement)
        if lock is not None and blocks_for_long(lock) and at not in named and not _SET_NOT_NULL.match(statement.code):
            message = f"It takes {lock.mode} {lock.lasts}, and stops {lock.stops} meanwhile."
            yield _finding(LONG_LOCK, statement.line, statement.column, message)


def _phases(code: list[Statement]) -> Iterator[Finding]:
    """A contract beside something else cannot wait until the new version runs everywhere."""
    forward = [statement for statement in code if not statement.is_way_back]
    phases = {statement.phase for statement in forward} - {None}
    first = next((statement for statement in forward if statement.phase is MigrationPhase.CONTRACT), None)
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
