"""Emergency changes (§6.4, ruling R5): who may authorise, and the record within 24 hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, utc_text
from cybercube_portal.people.roles import EMERGENCY_APPROVERS, Role


class Severity(StrEnum):
    """Of the incident behind an emergency; SEV-1 is the worst."""

    SEV_1 = "SEV-1"
    SEV_2 = "SEV-2"
    SEV_3 = "SEV-3"
    SEV_4 = "SEV-4"


CRITERIA: dict[str, str] = {
    "production_down": "Production down or severely degraded",
    "security_incident": "Security incident in progress",
    "data_loss": "Data loss or corruption risk",
    "sla_breach": "SLA breach imminent",
}

RECORD_WITHIN = timedelta(hours=24)
CONFIRM_WITHIN = timedelta(hours=24)
# A word is for the emergency at hand: what has not begun a day later can be planned, or asked for again.
WORD_HOLDS = timedelta(hours=24)
ON_CALL: frozenset[Role] = frozenset({Role.ON_CALL, Role.ON_CALL_LEAD})
NEEDS_POSTMORTEM: frozenset[Severity] = frozenset({Severity.SEV_1, Severity.SEV_2})

APPROVER_LABELS: tuple[str, ...] = tuple(role.label for role in Role if role in EMERGENCY_APPROVERS)


def may_authorise(
    *,
    caller: str,
    caller_is_service_account: bool,
    caller_roles: frozenset[Role],
    approver: str,
    approver_roles: frozenset[Role],
    requester: str,
    verbal_at: datetime,
    now: datetime,
    criteria: Iterable[str],
    editors: frozenset[str] = frozenset(),
) -> Decision:
    """Whether `caller` may record the verbal approval of `approver`, given at `verbal_at`, for one of `criteria`.

    The roles are those held for the team of an affected service. All reasons are given; one pass when all hold.
    """
    blockers = [
        reason
        for reason in (
            _no_service_account(caller_is_service_account=caller_is_service_account),
            _not_the_requester(caller, approver, requester),
            _not_an_editor(approver, editors),
            _approver_may(approver, approver_roles),
            _caller_may(caller, caller_roles, approver),
            _already_said(verbal_at, now),
            _criteria_met(frozenset(criteria)),
        )
        if reason is not None
    ]
    return decide(*(blockers or [passed("emergency.authorised", "§6.4", f"{approver} may authorise this emergency.")]))


def _no_service_account(*, caller_is_service_account: bool) -> Reason | None:
    if not caller_is_service_account:
        return None
    return failed(
        "emergency.caller_is_service_account",
        "§6.4",
        "A service account cannot authorise an emergency.",
        "Let the approver, or a person on call, do it.",
        APPROVER_LABELS,
    )


def _not_the_requester(caller: str, approver: str, requester: str) -> Reason | None:
    if requester not in (caller, approver):
        return None
    return failed(
        "emergency.author_is_approver",
        "§6.4",
        "Whoever requested this change cannot authorise it.",
        "Ask another approver, or a second person on call.",
        APPROVER_LABELS,
    )


def _not_an_editor(approver: str, editors: frozenset[str]) -> Reason | None:
    if approver not in editors:
        return None
    return failed(
        "emergency.author_is_approver",
        "§6.4",
        "Whoever wrote on this change cannot authorise it.",
        "Ask another approver.",
        APPROVER_LABELS,
    )


def _approver_may(approver: str, roles: frozenset[Role]) -> Reason | None:
    if roles & EMERGENCY_APPROVERS:
        return None
    return failed(
        "emergency.approver_role",
        "§6.4",
        f"{approver} holds none of the roles that approve an emergency.",
        "Name an approver of §6.4.",
        APPROVER_LABELS,
    )


def _caller_may(caller: str, roles: frozenset[Role], approver: str) -> Reason | None:
    if caller == approver or roles & ON_CALL:
        return None
    return failed(
        "emergency.caller_not_on_call",
        "§6.4",
        f"{caller} is neither the approver nor on call.",
        "Let the approver, or a second person on call, record the verbal approval.",
        (approver, *(role.label for role in Role if role in ON_CALL)),
    )


def _already_said(verbal_at: datetime, now: datetime) -> Reason | None:
    if verbal_at <= now:
        return None
    return failed(
        "emergency.approval_in_future",
        "§6.4",
        "The verbal approval lies in the future.",
        "Give the moment at which it was said.",
        verbal_at=verbal_at.isoformat(),
    )


def _criteria_met(criteria: frozenset[str]) -> Reason | None:
    unknown = sorted(criteria - CRITERIA.keys())
    if criteria and not unknown:
        return None
    return failed(
        "emergency.criterion_unknown" if unknown else "emergency.criterion_missing",
        "§6.4",
        f"Not a criterion of an emergency: {', '.join(unknown)}."
        if unknown
        else "No criterion of an emergency is met.",
        f"Name at least one of: {', '.join(CRITERIA)}.",
    )


def needs_confirmation(*, caller: str, approver: str) -> bool:
    """True when somebody else called, so that the approver has to confirm."""
    return caller != approver


def confirmation_deadline(authorised_at: datetime) -> datetime:
    """Until when the approver confirms what another person on call recorded (R5)."""
    return authorised_at + CONFIRM_WITHIN


def word_ends(said_at: datetime) -> datetime:
    """Until when a verbal approval lets somebody begin or deploy; exclusive."""
    return said_at + WORD_HOLDS


def word_holds(*, said_at: datetime | None, now: datetime) -> Reason | None:
    """Whether the verbal approval still stands at `now`; None while nobody gave one."""
    if said_at is None:
        return None
    ends = word_ends(said_at)
    if now < ends:
        return passed(
            "emergency.word_holds",
            "§6.4",
            f"The verbal approval holds until {utc_text(ends)}.",
            ends_at=ends.isoformat(),
        )
    return failed(
        "emergency.word_over",
        "§6.4",
        f"The verbal approval held for {WORD_HOLDS // timedelta(hours=1)} hours, until {utc_text(ends)}.",
        "Have it authorised again: revise it, or file a new emergency.",
        APPROVER_LABELS,
        ended_at=ends.isoformat(),
    )


def record_deadline(started_at: datetime) -> datetime:
    """Until when the formal record is written: 24 hours from the start, whatever the state."""
    return started_at + RECORD_WITHIN


def is_overdue(*, started_at: datetime | None, recorded_at: datetime | None, now: datetime) -> bool:
    """True when the change started, has no record, and its 24 hours are over. The last instant is still in time."""
    return started_at is not None and recorded_at is None and now > record_deadline(started_at)


def record_complete(
    *, what_happened: str, prevention: str, severity: str | None, postmortem_at: datetime | None
) -> Decision:
    """Whether the record of "Post-Emergency" is whole: both texts, a known severity, and for SEV-1/2 a postmortem."""
    level = Severity(severity) if severity in tuple(Severity) else None
    blockers = []
    if not what_happened.strip():
        blockers.append(_missing("what_happened", "What happened is not written down.", "Document what happened."))
    if not prevention.strip():
        blockers.append(_missing("prevention", "No prevention measure is named.", "Identify prevention measures."))
    if level is None:
        remedy = f"Choose one of: {', '.join(Severity)}."
        blockers.append(_missing("severity", "The severity is not given.", remedy))
    elif level in NEEDS_POSTMORTEM and postmortem_at is None:
        message = f"{level} has no postmortem scheduled."
        blockers.append(_missing("postmortem_at", message, "Schedule the postmortem."))
    return decide(*(blockers or [passed("emergency.record_complete", "§6.4", "The emergency's record is complete.")]))


def _missing(field: str, message: str, remedy: str) -> Reason:
    return failed(f"emergency.{field}_missing", "§6.4", message, remedy, field=field)
