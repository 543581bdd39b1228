"""State tables of domain.md section 3 for changes, freezes and templates. Pure data."""

from __future__ import annotations

from enum import StrEnum

from cybercube_portal.moves import Move


class ChangeType(StrEnum):
    """§6.1."""

    STANDARD = "standard"
    NORMAL = "normal"
    EMERGENCY = "emergency"


class Risk(StrEnum):
    """§5.6. Ordered by `RISK_ORDER`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


RISK_ORDER: tuple[Risk, ...] = (Risk.LOW, Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL)


class ChangeState(StrEnum):
    """Where a change request stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    IMPLEMENTING = "implementing"
    VERIFYING = "verifying"
    ROLLED_BACK = "rolled_back"
    DOCUMENTING = "documenting"
    CLOSED = "closed"


class ChangeOutcome(StrEnum):
    """How a closed change ended."""

    SUCCESSFUL = "successful"
    SUCCESSFUL_WITH_ISSUES = "successful_with_issues"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


S = ChangeState

SUBMIT = Move("submit", (S.DRAFT,), S.IN_REVIEW)
SUBMIT_STANDARD = Move("submit", (S.DRAFT,), S.APPROVED)
AUTHORISE = Move("authorise", (S.DRAFT,), S.APPROVED)
APPROVE = Move("approve", (S.IN_REVIEW,), S.APPROVED)
REFUSE = Move("refuse", (S.IN_REVIEW,), S.REJECTED)
REVISE = Move("revise", (S.IN_REVIEW, S.APPROVED, S.REJECTED, S.EXPIRED), S.DRAFT)
CANCEL = Move("cancel", (S.DRAFT, S.IN_REVIEW, S.APPROVED, S.EXPIRED), S.CANCELLED)
EXPIRE = Move("expire", (S.APPROVED,), S.EXPIRED)
RESCHEDULE = Move("reschedule", (S.IN_REVIEW, S.APPROVED, S.EXPIRED), S.APPROVED)
RESCHEDULE_TO_REVIEW = Move("reschedule", (S.IN_REVIEW, S.APPROVED, S.EXPIRED), S.IN_REVIEW)
REOPEN = Move("reopen", (S.APPROVED,), S.IN_REVIEW)
START = Move("start", (S.APPROVED,), S.IMPLEMENTING)
FINISH = Move("finish", (S.IMPLEMENTING,), S.VERIFYING)
ROLL_BACK = Move("roll_back", (S.IMPLEMENTING, S.VERIFYING), S.ROLLED_BACK)
DOCUMENT = Move("document", (S.VERIFYING, S.ROLLED_BACK), S.DOCUMENTING)
RECORD = Move("record", (S.DOCUMENTING,), S.CLOSED)
CLOSE = Move("close", (S.VERIFYING, S.ROLLED_BACK), S.CLOSED)

CHANGE_MOVES: tuple[Move, ...] = (
    SUBMIT,
    SUBMIT_STANDARD,
    AUTHORISE,
    APPROVE,
    REFUSE,
    REVISE,
    CANCEL,
    EXPIRE,
    RESCHEDULE,
    RESCHEDULE_TO_REVIEW,
    REOPEN,
    START,
    FINISH,
    ROLL_BACK,
    DOCUMENT,
    RECORD,
    CLOSE,
)

MATERIAL_STATES: frozenset[ChangeState] = frozenset({S.DRAFT, S.IN_REVIEW})
OPEN_STATES: frozenset[ChangeState] = frozenset(
    {S.DRAFT, S.IN_REVIEW, S.APPROVED, S.IMPLEMENTING, S.VERIFYING, S.ROLLED_BACK, S.DOCUMENTING}
)


class SignatureState(StrEnum):
    """A signature is never deleted; it stops counting."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class FreezeState(StrEnum):
    """Upcoming, active and past are derived from the clock, never stored."""

    DRAFT = "draft"
    PUBLISHED = "published"
    LIFTED = "lifted"
    CANCELLED = "cancelled"


PUBLISH_FREEZE = Move("publish", (FreezeState.DRAFT,), FreezeState.PUBLISHED)
LIFT_FREEZE = Move("lift", (FreezeState.PUBLISHED,), FreezeState.LIFTED)
CANCEL_FREEZE = Move("cancel", (FreezeState.DRAFT, FreezeState.PUBLISHED), FreezeState.CANCELLED)
FREEZE_MOVES: tuple[Move, ...] = (PUBLISH_FREEZE, LIFT_FREEZE, CANCEL_FREEZE)


class TemplateState(StrEnum):
    """The catalogue of standard changes (§6.2)."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    RETIRED = "retired"


ACTIVATE_TEMPLATE = Move("activate", (TemplateState.PROPOSED,), TemplateState.ACTIVE)
RETIRE_TEMPLATE = Move("retire", (TemplateState.ACTIVE,), TemplateState.RETIRED)
TEMPLATE_MOVES: tuple[Move, ...] = (ACTIVATE_TEMPLATE, RETIRE_TEMPLATE)


class MeetingState(StrEnum):
    """A meeting of the CAB (glossary)."""

    PLANNED = "planned"
    IN_SESSION = "in_session"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN_MEETING = Move("open", (MeetingState.PLANNED,), MeetingState.IN_SESSION)
CLOSE_MEETING = Move("close", (MeetingState.PLANNED, MeetingState.IN_SESSION), MeetingState.CLOSED)
CANCEL_MEETING = Move("cancel", (MeetingState.PLANNED,), MeetingState.CANCELLED)
MEETING_MOVES: tuple[Move, ...] = (OPEN_MEETING, CLOSE_MEETING, CANCEL_MEETING)
