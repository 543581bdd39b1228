"""Readiness: everything that stands between a change and its being carried out, as page and API list it.

A move says what stands in the way now; readiness looks at the time the change is planned for, so that a freeze over its slot
shows while the change is still a draft.
"""

from __future__ import annotations

from collections.abc import Callable

from changes.policy import artifacts, conflicts, freezes, lifecycle, schedule, windows
from changes.policy.artifacts import NamedArtifact
from changes.policy.spans import Span, at_instant
from changes.selectors.moves import prepared, suspension, told_once
from changes.selectors.situation import Situation
from changes.states import ChangeState, ChangeType
from cybercube_portal.decisions import Decision, decide, failed

Rows = Callable[[Situation], Decision]


def readiness(situation: Situation) -> Decision:
    """Every row of its state, in order; `blockers` are what stands in the way. Empty where nothing more can happen."""
    decision = Decision()
    for rows in ROWS.get(ChangeState(situation.change.state), ()):
        decision += rows(situation)
    return told_once(decision)


def surroundings(situation: Situation) -> Decision:
    """Artifacts, lead time, windows, freezes and clashes at the planned time: what a draft meets, and half a proposal too."""
    decision = Decision()
    for rows in _WHEN:
        decision += rows(situation)
    return told_once(decision)


def _preparation(situation: Situation) -> Decision:
    return Decision() if situation.change.is_emergency else prepared(situation)


def _seats(situation: Situation) -> Decision:
    if situation.is_refused:
        refused = failed(
            "approval.refused", "§6.3", "It was refused.", "Revise it and submit it again.", ("Requester",)
        )
        return decide(refused)
    return situation.seat_decision


def _assessment(situation: Situation) -> Decision:
    return decide(situation.outdated)


def _artifacts(situation: Situation) -> Decision:
    registered = {artifact.reference: artifact.digest for artifact in situation.artifacts}
    return artifacts.are_registered((NamedArtifact(**entry) for entry in situation.change.artifacts), registered)


def _schedule(situation: Situation) -> Decision:
    change, kind = situation.change, ChangeType(situation.change.type)
    submitted = change.submitted_at or situation.now
    return decide(
        None if change.is_emergency else schedule.judge_slot(situation.slot, situation.now),
        schedule.judge_lead_time(kind, submitted, max(situation.now, change.scheduled_time)),
        suspension(situation) if change.is_standard else None,
    )


def _surroundings(situation: Situation) -> Decision:
    """Windows at the start, freezes over the planned time, and whoever else works there then."""
    change = situation.change
    start = max(situation.now, change.scheduled_time)
    end = change.scheduled_time + change.estimated_duration
    span = Span(start, end) if start < end else at_instant(start)
    decision = Decision()
    for subject in situation.subjects:
        decision += decide(windows.judge_window(situation.windows, subject, start))
        decision += freezes.judge_span(situation.freezes, subject, span)
    return decision + conflicts.told(situation.conflicts)


def _confirmation(situation: Situation) -> Decision:
    change = situation.change
    return decide(
        lifecycle.is_confirmed(confirm_by=change.confirm_by, confirmed_at=change.confirmed_at, now=situation.now)
    )


def _word(situation: Situation) -> Decision:
    return decide(situation.word)


def _record(situation: Situation) -> Decision:
    change = situation.change
    return decide(
        lifecycle.is_recorded(due_at=change.record_due_at, now=situation.now) if change.is_emergency else None
    )


_WHEN: tuple[Rows, ...] = (_artifacts, _schedule, _surroundings)
ROWS: dict[ChangeState, tuple[Rows, ...]] = {
    ChangeState.DRAFT: (_preparation, _seats, *_WHEN),
    ChangeState.IN_REVIEW: (_seats, _assessment, *_WHEN),
    ChangeState.REJECTED: (_seats,),
    ChangeState.APPROVED: (_seats, _confirmation, _word, _assessment, *_WHEN),
    ChangeState.EXPIRED: (_schedule,),
    ChangeState.IMPLEMENTING: (_confirmation, _record),
    ChangeState.VERIFYING: (_confirmation, _record),
    ChangeState.ROLLED_BACK: (_confirmation, _record),
    ChangeState.DOCUMENTING: (_confirmation, _record),
}
