"""When it may happen: lead time, windows, slot, freezes, and the spans in which all of them agree (§6.1, §6.5, §6.6). Pure.

Lead time, a window and a slot to come are waited for, because the clock alone brings them; a slot that is over fails, a
freeze fails until it ends, and so does a slot in which no moment is left, since waiting in it leads nowhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from changes.policy import freezes, schedule, windows
from changes.policy.conflicts import Booking, conflicts_of, told
from changes.policy.freezes import Freeze
from changes.policy.scope import Subject
from changes.policy.spans import Span, at_instant
from cybercube_portal.decisions import Outcome, Reason, failed, skipped
from releases.policy.gate.change import judging
from releases.policy.gate.facts import ChangeFact, GateFacts
from releases.policy.gate.table import FREEZE, LEAD_TIME, SLOT, Mode, column_of, mode_of

# How far freezes are read and a next moment is looked for; a forecast says itself how far.
LOOK_AHEAD = timedelta(days=31)
NO_CHANGE = "No change says when."


def subject_of(facts: GateFacts) -> Subject:
    """What freezes and windows are asked about."""
    change = judging(facts)
    artifact = facts.artifact if facts.question.moves_artifact else None
    return Subject(
        change_number=change.number if change else None,
        change_type=change.type if change else None,
        risk=change.risk if change else None,
        has_migration=bool((change and change.has_migrations) or (artifact and artifact.has_migrations)),
        action=facts.question.action,
        service=facts.question.service,
        team=facts.service.team if facts.service else "",
        environment=facts.question.environment,
    )


def judge_lead_time(facts: GateFacts) -> tuple[Reason, ...]:
    """24 hours since the last material submission; a deployment window is open where one matches."""
    return (_lead_time(facts), _window(facts))


def _lead_time(facts: GateFacts) -> Reason:
    if facts.change is None or facts.change.submitted_at is None:
        return skipped("schedule.lead_time", "§6.1", "Nothing was submitted yet." if facts.change else NO_CHANGE)
    start = max(facts.at, facts.change.slot.start)
    reason = schedule.judge_lead_time(facts.change.type, facts.change.submitted_at, start)
    if reason.outcome is not Outcome.FAIL:
        return reason
    return replace(reason, outcome=Outcome.PENDING, remedy="Wait, or use a standard change where a template fits.")


def _window(facts: GateFacts) -> Reason:
    if any(name.startswith("window") for name in facts.unreadable):
        return _unreadable(facts, "window")
    return windows.judge_window(facts.windows, subject_of(facts), facts.at)


def judge_slot(facts: GateFacts) -> tuple[Reason, ...]:
    """The change's own slot is open and leaves a moment; what else is booked in it is listed."""
    if facts.change is None:
        return (skipped("schedule.slot", "§6.6", NO_CHANGE),)
    reason = schedule.judge_slot(facts.change.slot, facts.at)
    if reason.outcome is Outcome.FAIL:
        return (reason,)
    if not facts.unreadable and not open_spans(facts, until=facts.change.slot.end):
        return reason, _no_moment_left(facts.change), *_conflicts(facts, facts.change)
    return reason, *_conflicts(facts, facts.change)


def _no_moment_left(change: ChangeFact) -> Reason:
    return failed(
        "schedule.no_moment_left",
        "§6.6",
        f"Until the slot of {change.number} ends, freezes, windows and lead time leave no moment of it.",
        "Reschedule the change.",
        (change.requester,),
        closes_at=change.slot.end.isoformat(),
    )


def _conflicts(facts: GateFacts, change: ChangeFact) -> tuple[Reason, ...]:
    """Listed, not judged: overlapping slots of the service here, of one it needs, or of one that needs it."""
    service = facts.question.service
    booking = Booking(
        number=change.number,
        services=frozenset({service}),
        environments=frozenset({facts.question.environment}),
        span=change.slot.span,
        state=change.state,
        title="",
    )
    needs = {dependent: frozenset({service}) for dependent in facts.dependents}
    if facts.service:
        needs[service] = facts.service.depends_on
    found = told(conflicts_of(booking, facts.bookings, needs))
    return tuple(
        replace(one, outcome=Outcome.SKIPPED, details={**one.details, "reported": True}) for one in found.pending
    )


def judge_freezes(facts: GateFacts) -> tuple[Reason, ...]:
    """No published freeze forbids it. One that cannot be read forbids everything."""
    if any(name.startswith("freeze") for name in facts.unreadable):
        return (_unreadable(facts, "freeze"),)
    now = at_instant(facts.at)
    return freezes.judge(_during(facts, now.start, now.end), subject_of(facts), facts.at).reasons


def judge_going_on(facts: GateFacts) -> tuple[Reason, ...]:
    """What already runs takes its next step unless a hard freeze forbids it; under a soft one it goes on."""
    if any(name.startswith("freeze") for name in facts.unreadable):
        return (_unreadable(facts, "freeze"),)
    now = at_instant(facts.at)
    return freezes.judge_running(_during(facts, now.start, now.end), subject_of(facts), facts.at).reasons


def _during(facts: GateFacts, start: datetime, end: datetime) -> tuple[Freeze, ...]:
    """The freezes that may hold then. Most are weeks away, and one look at the clock is cheaper than one at the subject."""
    return tuple(
        freeze
        for freeze in facts.freezes
        if freeze.recurrence.rule or (freeze.recurrence.first.start < end and start < freeze.recurrence.first.end)
    )


def _unreadable(facts: GateFacts, kind: str) -> Reason:
    names = [name for name in facts.unreadable if name.startswith(kind)]
    return failed(
        f"{kind}.unreadable",
        "§6.5",
        f"It cannot be read and so forbids everything: {', '.join(names)}.",
        "Correct or remove it.",
        ("Ops",),
    )


def open_spans(facts: GateFacts, *, until: datetime) -> tuple[Span, ...]:
    """When in `[facts.at, until)` freezes, windows, slot and lead time all let it happen, as far as each is asked."""
    column, action, change = column_of(facts), facts.question.action, facts.change

    def is_asked(row: object) -> bool:
        return mode_of(row, column, action) is not Mode.NOT_ASKED  # type: ignore[arg-type]

    not_before = facts.at
    if is_asked(LEAD_TIME) and change and change.submitted_at:
        not_before = max(not_before, schedule.earliest_start(change.type, change.submitted_at))
    return schedule.allowed_spans(
        freezes=_during(facts, not_before, until) if is_asked(FREEZE) else (),
        windows=facts.windows if is_asked(LEAD_TIME) else (),
        subject=subject_of(facts),
        slot=change.slot if is_asked(SLOT) and change else None,
        not_before=not_before,
        horizon_end=until,
    )
