"""§9.4: every line of the checklist in its words, and what a migration's records tick."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from releases.policy.migration_checklist import Recorded
from releases.policy.migration_steps import StepFacts, steps
from releases.policy.migrations import Noticed
from releases.states import MigrationState

NOW = datetime(2026, 1, 17, 12, 0, tzinfo=UTC)
WATCH = timedelta(minutes=30)
STAGED = Recorded(
    filename="20260117120000_add_tax_rate_to_products.sql",
    environment="stg",
    state=MigrationState.VERIFIED,
    estimated_seconds=12,
    lock_impact="ACCESS EXCLUSIVE for a moment",
    rollback_tested=True,
)
OWN = replace(STAGED, environment="prd", state=MigrationState.TESTED, backup="nightly 2026-01-16")
READY = StepFacts(
    own=OWN, records=(STAGED, OWN), slot=NOW, on_call_notified_at=NOW - timedelta(hours=3), watch=WATCH, now=NOW
)
APPLIED = replace(READY, started_at=NOW - timedelta(minutes=30), applied_at=NOW - timedelta(minutes=29))
VERIFIED = replace(
    APPLIED,
    started_at=NOW - timedelta(minutes=31),
    applied_at=NOW - WATCH,
    verified_at=NOW,
    note="A replica lagged for 2 s.",
)
# As §9.4 prints it, with how each line stands: nothing recorded, ready in production, applied 29 minutes ago, verified.
PRINTED = """
Migration tested on staging with production-like data | open done done done
Rollback script prepared and tested | open done done done
Estimated duration calculated | open done done done
Lock impact assessed | open done done done
Backup verified | open done done done
Deployment window scheduled | open done done done
On-call notified | people done done done
Monitor database metrics | people people people people
Monitor application errors | people people open done
Ready to abort if issues | open done done done
Verify schema changes applied | open open open done
Verify application functioning | open open open done
Monitor for 30 minutes | open open open done
Document any issues | open open open done
"""
ROWS = [line.split(" | ") for line in PRINTED.strip().splitlines()]
BARE = replace(
    OWN, state=MigrationState.PLANNED, estimated_seconds=None, lock_impact="", rollback_tested=False, backup=""
)
PLANNED = StepFacts(own=BARE, records=(BARE,), watch=WATCH, now=NOW)


@pytest.mark.parametrize(("facts", "column"), [(PLANNED, 0), (READY, 1), (APPLIED, 2), (VERIFIED, 3)])
def test_checklist__as_far_as_recorded__stands_as_the_table_says(facts: StepFacts, column: int) -> None:
    found = steps(facts)

    assert [(step.text, step.standing) for step in found] == [(text, row.split()[column]) for text, row in ROWS]
    assert all(step.shown_by for step in found)


def test_checklist__what_shows_it__is_said() -> None:
    shown = {step.text: step.shown_by for step in steps(APPLIED)}

    assert shown["Monitor for 30 minutes"] == "It is watched until 2026-01-17 12:01 UTC."
    assert shown["Backup verified"] == "nightly 2026-01-16"
    assert shown["Estimated duration calculated"] == "12 s."
    assert shown["Deployment window scheduled"] == "Its change begins 2026-01-17 12:00 UTC."
    assert {step.text: step.shown_by for step in steps(VERIFIED)}["Document any issues"] == "A replica lagged for 2 s."


@pytest.mark.parametrize(
    ("facts", "noticed", "standing", "shown"),
    [
        (APPLIED, (), "open", "No incident so far."),
        (APPLIED, (Noticed(reference="INC-7", is_open=False),), "open", "Resolved so far: INC-7."),
        (APPLIED, (Noticed(reference="INC-7", is_open=True),), "open", "Still open: INC-7."),
        (VERIFIED, (), "done", "No incident was noticed until 2026-01-17 12:00 UTC."),
        (VERIFIED, (Noticed(reference="INC-7", is_open=False),), "done", "Noticed and resolved: INC-7."),
        (replace(VERIFIED, own=STAGED), (), "people", "Whoever runs it watches; no record shows it."),
    ],
)
def test_checklist__application_errors__are_the_incidents_since_it_was_started(
    facts: StepFacts, noticed: tuple[Noticed, ...], standing: str, shown: str
) -> None:
    found = {step.text: step for step in steps(replace(facts, noticed=noticed))}["Monitor application errors"]

    assert (found.standing, found.shown_by) == (standing, shown)


def test_checklist__in_staging__leaves_out_what_production_alone_is_asked() -> None:
    own = replace(STAGED, state=MigrationState.APPLIED)
    left_out = [step.text for step in steps(replace(APPLIED, own=own, records=(own,))) if step.standing == "not_asked"]

    assert left_out == ["Backup verified", "Deployment window scheduled", "On-call notified", "Monitor for 30 minutes"]
