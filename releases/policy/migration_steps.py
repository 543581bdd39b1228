"""The whole checklist of §9.4 for one migration: what its records tick, and what is left to people. Pure.

No line is ticked by hand. What no record can show says so; what only production is asked stands open there alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cybercube_portal.decisions import utc_text
from releases.policy.migration_checklist import ITEMS as GATED
from releases.policy.migration_checklist import Recorded
from releases.policy.migrations import Noticed


class Part(StrEnum):
    """The three headings of the checklist, in their order."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class Standing(StrEnum):
    """How a line stands: a record ticks it, none does yet, none can, or this environment is not asked."""

    DONE = "done"
    OPEN = "open"
    PEOPLE = "people"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """One migration. `records`: its file's in every environment, its own among them; `slot`: when its change begins;

    `noticed`: the incidents of its service that began since it was started.
    """

    own: Recorded
    records: tuple[Recorded, ...]
    slot: datetime | None = None
    on_call_notified_at: datetime | None = None
    started_at: datetime | None = None
    applied_at: datetime | None = None
    verified_at: datetime | None = None
    note: str = ""
    noticed: tuple[Noticed, ...] = ()
    watch: timedelta
    now: datetime


class Step(NamedTuple):
    """One line in the words of §9.4, as it stands, with what shows it or what would."""

    part: Part
    text: str
    standing: Standing
    shown_by: str


Judge = Callable[[StepFacts], tuple[Standing, str]]


def steps(facts: StepFacts) -> tuple[Step, ...]:
    """Every line of §9.4, in its order."""
    return tuple(Step(part, text, *judge(facts)) for part, text, judge in LINES)


def _gated(number: int, shown: Callable[[StepFacts], str], wanted: str, *, in_production: bool = False) -> Judge:
    """A line the gate asks for, judged by the gate's own table; `shown` says what the record holds."""

    def judge(facts: StepFacts) -> tuple[Standing, str]:
        if any(GATED[number].shows(row) for row in facts.records):
            return Standing.DONE, shown(facts)
        return _unasked(facts) if in_production and not facts.own.is_production else (Standing.OPEN, wanted)

    return judge


def _unasked(_facts: StepFacts) -> tuple[Standing, str]:
    return Standing.NOT_ASKED, "Asked in production alone."


def _seconds(facts: StepFacts) -> str:
    return f"{max(row.estimated_seconds for row in facts.records if row.estimated_seconds is not None)} s."


def _lock(facts: StepFacts) -> str:
    return next(row.lock_impact for row in (facts.own, *facts.records) if row.lock_impact.strip())


def _backup(facts: StepFacts) -> str:
    return next(row.backup for row in facts.records if row.is_production and row.backup.strip())


def _window(facts: StepFacts) -> tuple[Standing, str]:
    if not facts.own.is_production:
        return _unasked(facts)
    if facts.slot is None:
        return Standing.OPEN, "Name its change: the change's time is the window."
    return Standing.DONE, f"Its change begins {utc_text(facts.slot)}."


def _notified(facts: StepFacts) -> tuple[Standing, str]:
    if not facts.own.is_production:
        return _unasked(facts)
    if facts.on_call_notified_at is None:
        return Standing.PEOPLE, "On-call is told when its release is approved; no record shows more."
    return Standing.DONE, f"Told {utc_text(facts.on_call_notified_at)}."


def _by_people(_facts: StepFacts) -> tuple[Standing, str]:
    return Standing.PEOPLE, "Whoever runs it watches; no record shows it."


def _errors(facts: StepFacts) -> tuple[Standing, str]:
    """Alerts become incidents: what was noticed is a fact, and so is that nothing was."""
    if not facts.own.is_production or facts.started_at is None:
        return _by_people(facts)
    unresolved = ", ".join(incident.reference for incident in facts.noticed if incident.is_open)
    if unresolved:
        return Standing.OPEN, f"Still open: {unresolved}."
    names = ", ".join(incident.reference for incident in facts.noticed)
    if facts.applied_at is None or facts.now < facts.applied_at + facts.watch:
        return Standing.OPEN, f"Resolved so far: {names}." if names else "No incident so far."
    until = utc_text(facts.applied_at + facts.watch)
    return Standing.DONE, f"Noticed and resolved: {names}." if names else f"No incident was noticed until {until}."


def _abort(facts: StepFacts) -> tuple[Standing, str]:
    if any(row.rollback_tested for row in facts.records):
        return Standing.DONE, "The way back was tested."
    return Standing.OPEN, "Test the way back."


def _verified(facts: StepFacts) -> tuple[Standing, str]:
    if facts.verified_at is None:
        return Standing.OPEN, "Verify it once it ran through."
    return Standing.DONE, f"Verified {utc_text(facts.verified_at)}."


def _watched(facts: StepFacts) -> tuple[Standing, str]:
    if not facts.own.is_production:
        return _unasked(facts)
    if facts.applied_at is None:
        return Standing.OPEN, "The time begins once it ran through."
    until = facts.applied_at + facts.watch
    if facts.now < until:
        return Standing.OPEN, f"It is watched until {utc_text(until)}."
    return Standing.DONE, f"It was watched until {utc_text(until)}."


def _documented(facts: StepFacts) -> tuple[Standing, str]:
    if facts.verified_at is None:
        return Standing.OPEN, "Say it when it is verified."
    return Standing.DONE, facts.note or "Nothing was noted."


# In the words of the standard.
LINES: tuple[tuple[Part, str, Judge], ...] = (
    (Part.BEFORE, GATED[0].text, _gated(0, lambda _: "Tested in stg.", "Note a test in stg.")),
    (Part.BEFORE, GATED[1].text, _gated(1, lambda _: "The test says so.", "Note a test that tried the way back.")),
    (Part.BEFORE, GATED[2].text, _gated(2, _seconds, "Note a test with the seconds it took.")),
    (Part.BEFORE, GATED[3].text, _gated(3, _lock, "Note what the test saw locked.")),
    (Part.BEFORE, GATED[4].text, _gated(4, _backup, "Note a test that names the backup.", in_production=True)),
    (Part.BEFORE, "Deployment window scheduled", _window),
    (Part.BEFORE, "On-call notified", _notified),
    (Part.DURING, "Monitor database metrics", _by_people),
    (Part.DURING, "Monitor application errors", _errors),
    (Part.DURING, "Ready to abort if issues", _abort),
    (Part.AFTER, "Verify schema changes applied", _verified),
    (Part.AFTER, "Verify application functioning", _verified),
    (Part.AFTER, "Monitor for 30 minutes", _watched),
    (Part.AFTER, "Document any issues", _documented),
)
