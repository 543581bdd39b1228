"""The moves of a change that people and workers make, in one shape: lock, permit, decide, move, save, record."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from changes.actions.content import create_change, keep_version, reassess, supersede_signatures
from changes.actions.recording import record_change
from changes.events import ChangeEvent
from changes.models import ChangeRequest
from changes.policy import content, emergency, lifecycle
from changes.policy.schedule import Slot, slot_in_past
from changes.proposals import ArtifactName, Proposal
from changes.selectors.changes import approved_and_over, lock_change
from changes.selectors.moves import permit
from changes.selectors.situation import Situation
from changes.states import ChangeOutcome, ChangeState, ChangeType
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import Invalid, refuse_unless
from cybercube_portal.people.actors import Actor

ROUTINE_TEMPLATE = "routine-deployment"
ROUTINE_DURATION = timedelta(minutes=30)


@transaction.atomic
def submit_change(*, number: str, actor: Actor, now: datetime) -> ChangeRequest:
    """Hand a draft to its approvers; a standard change is approved when every condition of its template holds.

    Raises NotFound, NotPermitted, MoveRefused with every reason.
    """
    change = lock_change(number)
    reassess(change, actor=actor, now=now)
    permit(change, "submit", actor=actor, situation=Situation(change, now=now))
    change.submit(at=now)
    _save(change, now)
    record_change(ChangeEvent.SUBMITTED, change, actor=actor, at=now)
    if change.state == ChangeState.APPROVED:
        record_change(ChangeEvent.APPROVED, change, actor=actor, at=now, because="standard")
    return change


@transaction.atomic
def revise_change(*, number: str, actor: Actor, now: datetime) -> ChangeRequest:
    """Take it back to a draft; every signature is superseded. Raises NotFound, NotPermitted, MoveRefused."""
    change = lock_change(number)
    permit(change, "revise", actor=actor, situation=Situation(change, now=now))
    change.revise(at=now)
    change.authorised_by = None
    change.authorisation, change.confirm_by, change.confirmed_at, change.record_due_at = {}, None, None, None
    supersede_signatures(change, actor=actor, now=now, because="The change was revised.")
    _save(change, now)
    record_change(ChangeEvent.REVISED, change, actor=actor, at=now)
    return change


@transaction.atomic
def cancel_change(*, number: str, actor: Actor, now: datetime, reason: str = "") -> ChangeRequest:
    """It will not happen. Raises NotFound, NotPermitted, MoveRefused."""
    change = lock_change(number)
    permit(change, "cancel", actor=actor, situation=Situation(change, now=now))
    change.cancel(at=now)
    _save(change, now)
    record_change(ChangeEvent.CANCELLED, change, actor=actor, at=now, reason=reason)
    return change


@transaction.atomic
def reschedule_change(
    *,
    number: str,
    scheduled_time: datetime,
    actor: Actor,
    now: datetime,
    estimated_duration: timedelta | None = None,
) -> ChangeRequest:
    """Give it another slot and judge the seats again: approved if they are still complete, else in review.

    For high and critical risk the schedule is signed, so its signatures are superseded.
    A standard change has no seats: the conditions of its template are judged again, for the new time.
    Raises NotFound, NotPermitted, MoveRefused, Invalid for a slot in the past.
    """
    change = lock_change(number)
    permit(change, "reschedule", actor=actor, situation=Situation(change, now=now))
    duration = estimated_duration or change.estimated_duration
    past = slot_in_past(Slot(scheduled_time, duration), now)
    if past is not None:
        raise Invalid.field("/scheduled_time", past.code, f"{past.message} {past.remedy}")
    before = {"scheduled_time": change.scheduled_time, "estimated_duration": change.estimated_duration}
    change.scheduled_time, change.estimated_duration = scheduled_time, duration
    covered = content.material_hash(change.material())
    if covered != change.content_hash:
        change.content_hash = covered
        change.submitted_at = now
        if actor.id != change.requester_id and actor.username not in change.editors:
            change.editors = [*change.editors, actor.username]
        keep_version(change, actor=actor, now=now)
        supersede_signatures(change, actor=actor, now=now, because="The schedule is part of what was signed.")
    situation = Situation(change, now=now)
    if change.is_standard:
        refuse_unless(situation.standard_decision)
    change.reschedule(at=now, complete=situation.seat_decision.allowed)
    change.version += 1
    _save(change, now)
    after = {"scheduled_time": scheduled_time, "estimated_duration": duration}
    record_change(ChangeEvent.RESCHEDULED, change, actor=actor, at=now, before=before, after=after)
    return change


@transaction.atomic
def start_change(*, number: str, actor: Actor, now: datetime) -> ChangeRequest:
    """Begin to carry it out, under its slot, lead time, windows and freezes; an emergency's record is due 24 h later.

    Raises NotFound, NotPermitted, MoveRefused with every reason.
    """
    change = lock_change(number)
    permit(change, "start", actor=actor, situation=Situation(change, now=now))
    change.start(at=now)
    change.implementer_id = actor.id
    if change.is_emergency and change.record_due_at is None:
        change.record_due_at = emergency.record_deadline(now)
    _save(change, now)
    record_change(ChangeEvent.STARTED, change, actor=actor, at=now)
    return change


@transaction.atomic
def finish_change(*, number: str, actor: Actor, now: datetime, notes: str = "") -> ChangeRequest:
    """Carried out, to be verified. Raises NotFound, NotPermitted, MoveRefused."""
    change = lock_change(number)
    permit(change, "finish", actor=actor, situation=Situation(change, now=now))
    change.finish(at=now)
    change.notes = notes or change.notes
    _save(change, now)
    record_change(ChangeEvent.FINISHED, change, actor=actor, at=now, notes=notes)
    return change


@transaction.atomic
def roll_back_change(*, number: str, reason: str, actor: Actor, now: datetime) -> ChangeRequest:
    """Taken back, with why. Raises NotFound, NotPermitted, MoveRefused, Invalid without a reason."""
    change = lock_change(number)
    permit(change, "roll_back", actor=actor, situation=Situation(change, now=now))
    if not reason.strip():
        raise Invalid.field("/reason", "rollback.reason_missing", "Say why it is rolled back (§8.6).")
    change.roll_back(at=now)
    _save(change, now)
    record_change(ChangeEvent.ROLLED_BACK, change, actor=actor, at=now, reason=reason)
    return change


@transaction.atomic
def close_change(*, number: str, outcome: str, actor: Actor, now: datetime, notes: str = "") -> ChangeRequest:
    """Close it with how it ended. Raises NotFound, NotPermitted, MoveRefused, Invalid for an unknown outcome."""
    change = lock_change(number)
    permit(change, "close", actor=actor, situation=Situation(change, now=now))
    if outcome not in set(ChangeOutcome):
        raise Invalid.field("/outcome", "change.outcome_unknown", f"An outcome is one of {', '.join(ChangeOutcome)}.")
    refuse_unless(
        lifecycle.may_close(change_type=ChangeType(change.type), state=ChangeState(change.state), outcome=outcome)
    )
    change.close(at=now, outcome=ChangeOutcome(outcome))
    change.notes = notes or change.notes
    _save(change, now)
    record_change(ChangeEvent.CLOSED, change, actor=actor, at=now, outcome=outcome)
    return change


@transaction.atomic
def expire_change(*, number: str, now: datetime, actor: Recorded = SYSTEM) -> ChangeRequest | None:
    """End the approval of a change whose slot, or an emergency's word, went by unused; None when it is still good after all."""
    change = lock_change(number)
    if change.state != ChangeState.APPROVED or not Situation(change, now=now).is_over:
        return None
    change.expire(at=now)
    _save(change, now)
    record_change(ChangeEvent.EXPIRED, change, actor=actor, at=now)
    return change


def overdue_slots(*, now: datetime) -> list[str]:
    """Numbers of approved changes whose slot, or whose emergency's word, is over."""
    return [change.number for change in approved_and_over(now=now) if Situation(change, now=now).is_over]


@transaction.atomic
def reopen_change(*, number: str, now: datetime, actor: Recorded = SYSTEM) -> ChangeRequest | None:
    """Back to review when a signature stopped counting; None while every seat is still filled."""
    change = lock_change(number)
    if change.state != ChangeState.APPROVED or change.type != ChangeType.NORMAL:
        return None
    if Situation(change, now=now).seat_decision.allowed:
        return None
    change.reopen(at=now)
    _save(change, now)
    record_change(ChangeEvent.REOPENED, change, actor=actor, at=now, because="A signature no longer counts.")
    return change


@transaction.atomic
def file_routine_deployment(
    *, service: str, version: str, digest: str, environment: str, actor: Actor, now: datetime
) -> ChangeRequest:
    """Create, check and approve the standard change of a routine deployment in one step (api.md "The gate").

    Raises NotPermitted, Invalid, and MoveRefused with each condition of the template that does not hold.
    """
    change = create_change(
        proposal=Proposal(
            title=f"Routine deployment of {service} {version}",
            type=ChangeType.STANDARD,
            template=ROUTINE_TEMPLATE,
            description=f"Deploy {service}:{version} by the routine-deployment template.",
            services=(service,),
            environments=(environment,),
            artifacts=(ArtifactName(service=service, version=version, digest=digest),),
            scheduled_time=now,
            estimated_duration=ROUTINE_DURATION,
            answers=dict.fromkeys(
                (
                    "database_schema",
                    "breaking_api",
                    "infrastructure",
                    "third_party",
                    "security",
                    "performance",
                    "customer_visible",
                ),
                False,
            ),
            impact={"customers": "none", "downtime": "none", "data": "none"},
            rollback_plan="Redeploy the version that ran before.",
        ),
        actor=actor,
        now=now,
    )
    return submit_change(number=change.number, actor=actor, now=now)


def _save(change: ChangeRequest, now: datetime) -> None:
    change.updated_at = now
    change.save()
