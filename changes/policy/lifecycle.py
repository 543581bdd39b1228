"""What each move of a change asks for beyond its state and its seats (domain.md section 3). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from changes.states import ChangeOutcome, ChangeState, ChangeType
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending, utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFacts:
    """The written parts of a change request (glossary: description, impact assessment, rollback plan)."""

    description: str
    impact: frozenset[str]
    rollback_plan: str


IMPACT: tuple[str, ...] = ("customers", "downtime", "data")


def is_written(facts: ProposalFacts) -> Decision:
    """Every component the glossary names for a change request is there."""
    reasons: list[Reason] = []
    if not facts.description.strip():
        reasons.append(_missing("description", "There is no description.", "Say what changes and why."))
    open_parts = [part for part in IMPACT if part not in facts.impact]
    if open_parts:
        message = f"The impact on {', '.join(open_parts)} is not stated."
        reasons.append(_missing("impact", message, "Write the impact, or “none”."))
    if not facts.rollback_plan.strip():
        reasons.append(_missing("rollback_plan", "There is no rollback plan.", "Say how to go back: §8 asks for it."))
    return decide(*(reasons or [passed("change.written", "§6.6", "Description, impact and rollback plan are there.")]))


def _missing(field: str, message: str, remedy: str) -> Reason:
    return failed(f"change.{field}_missing", "§6.6", message, remedy, ("Requester",), field=field)


def may_submit(change_type: ChangeType) -> Decision:
    """An emergency is not submitted: it is authorised (§6.4)."""
    if change_type is ChangeType.EMERGENCY:
        return decide(
            failed(
                "emergency.not_submitted",
                "§6.4",
                "An emergency is not submitted for approval.",
                "Let an approver authorise it.",
            )
        )
    return decide()


def may_authorise_type(change_type: ChangeType) -> Decision:
    """Only an emergency goes ahead on a spoken word (§6.4)."""
    if change_type is ChangeType.EMERGENCY:
        return decide()
    return decide(
        failed(
            "emergency.not_an_emergency",
            "§6.4",
            f"A {change_type.value} change cannot be authorised as an emergency.",
            "Submit it, or file an emergency change.",
        )
    )


def is_confirmed(*, confirm_by: datetime | None, confirmed_at: datetime | None, now: datetime) -> Reason | None:
    """Whether the approver confirmed what another person on call recorded (R5); None when nothing is to confirm."""
    if confirm_by is None:
        return None
    if confirmed_at is not None:
        return passed("emergency.confirmed", "§6.4", "The approver confirmed the verbal approval.")
    if now < confirm_by:
        return passed(
            "emergency.confirmation_open",
            "§6.4",
            f"The approver has until {utc_text(confirm_by)} to confirm.",
            confirm_by=confirm_by.isoformat(),
        )
    return failed(
        "emergency.confirmation_overdue",
        "§6.4",
        "The approver never confirmed the verbal approval.",
        "Let the named approver confirm it.",
        confirm_by=confirm_by.isoformat(),
    )


def may_close(*, change_type: ChangeType, state: ChangeState, outcome: str | None) -> Decision:
    """How a change may end: an emergency only with its record, a rolled-back one only as rolled back."""
    reasons: list[Reason] = []
    if change_type is ChangeType.EMERGENCY:
        reasons.append(
            failed(
                "emergency.record_missing",
                "§6.4",
                "An emergency closes with its record.",
                "Document it: what happened, and how it is prevented.",
            )
        )
    if outcome is not None and (outcome == ChangeOutcome.ROLLED_BACK) != (state is ChangeState.ROLLED_BACK):
        reasons.append(
            failed(
                "change.outcome_contradicts",
                "§6.3",
                f"The change is {state.value.replace('_', ' ')}, so its outcome cannot be {outcome.replace('_', ' ')}.",
                "Choose the outcome that happened.",
            )
        )
    return decide(*reasons)


def may_document(change_type: ChangeType) -> Decision:
    """Only an emergency is documented afterwards (§6.4)."""
    if change_type is ChangeType.EMERGENCY:
        return decide()
    return decide(
        failed("change.not_an_emergency", "§6.4", "Only an emergency is documented afterwards.", "Close the change.")
    )


def may_take_back(*, record_due_at: datetime | None) -> Decision:
    """Whether it may still be revised or cancelled: not an emergency on which work began, its record is owed (§6.4, R5)."""
    if record_due_at is None:
        return decide()
    return decide(
        failed(
            "emergency.work_began",
            "§6.4",
            f"Work on this emergency began; its record is due {utc_text(record_due_at)}.",
            "Carry it through or roll it back, and write its record.",
        )
    )


def may_reschedule(*, change_type: ChangeType, state: ChangeState) -> Decision:
    """Another slot renews a plan that was approved; the word that let an emergency go ahead is not renewed so (§6.4)."""
    if change_type is not ChangeType.EMERGENCY or state is not ChangeState.EXPIRED:
        return decide()
    return decide(
        failed(
            "emergency.word_over",
            "§6.4",
            "The verbal approval of this emergency is over.",
            "Revise it and have it authorised again.",
        )
    )


def is_recorded(*, due_at: datetime | None, now: datetime) -> Reason | None:
    """What an emergency without its record still owes; None when its clock has not begun. Until `due_at` inclusive in time."""
    if due_at is None:
        return None
    tell = failed if now > due_at else pending
    return tell(
        "emergency.record_overdue" if now > due_at else "emergency.record_due",
        "§6.4",
        f"Its record {'was' if now > due_at else 'is'} due {utc_text(due_at)}.",
        "Document what happened and how it is prevented.",
        ("Requester", "On-call"),
        due_at=due_at.isoformat(),
    )


def is_team_suspended(overdue: Iterable[str]) -> Reason | None:
    """R5: standard changes of a team wait while one of its emergencies has an overdue record. `overdue`: numbers."""
    numbers = sorted(overdue)
    if not numbers:
        return None
    return failed(
        "emergency.team_suspended",
        "§6.4",
        f"Standard changes are suspended: the record of {', '.join(numbers)} is overdue.",
        "Write the emergency's record, or file a normal change.",
        ("On-call", "Engineering manager"),
        changes=numbers,
    )


def is_approved(state: ChangeState) -> Reason:
    """Whether its state lets it be carried out."""
    if state in {ChangeState.APPROVED, ChangeState.IMPLEMENTING}:
        return passed("change.approved", "§6.3", "The change is approved.")
    if state is ChangeState.IN_REVIEW:
        return pending("change.in_review", "§6.3", "The change is in review.", "Wait for its approvals.")
    return failed(
        "change.not_approved",
        "§6.3",
        f"The change is {state.value.replace('_', ' ')}.",
        "Submit it and have it approved." if state is ChangeState.DRAFT else "File a new change, or revise this one.",
    )
