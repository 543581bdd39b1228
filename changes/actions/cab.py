"""Meetings of the CAB: plan, edit, open, attend, vote, add an item, close, cancel (glossary CAB; domain.md section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from changes import permissions
from changes.actions.approvals import approve_change, refuse_change
from changes.actions.minutes import keep_minutes
from changes.actions.numbers import take_reference
from changes.actions.recording import record_thing
from changes.events import MeetingEvent
from changes.models import Attendance, CabMeeting
from changes.policy import cab
from changes.selectors.cab import is_on_agenda, lock_meeting
from changes.selectors.changes import get_change
from changes.states import MeetingState
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import FieldError, Invalid, Stale, refuse, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require

APPROVE, REFUSE = "approve", "refuse"
VOTES = (APPROVE, REFUSE)
LONGEST_NOTES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingPlan:
    """A meeting as somebody writes it. `votes_until` None: votes are taken until it is closed."""

    title: str
    scheduled_at: datetime
    votes_until: datetime | None = None
    notes: str = ""


def plan_of(meeting: CabMeeting) -> MeetingPlan:
    """The meeting as it could have been planned."""
    return MeetingPlan(
        title=meeting.title, scheduled_at=meeting.scheduled_at, votes_until=meeting.votes_until, notes=meeting.notes
    )


@transaction.atomic
def plan_meeting(*, plan: MeetingPlan, actor: Actor, now: datetime) -> CabMeeting:
    """Call the board together. Raises NotPermitted, Invalid."""
    require(actor, permissions.PLAN_MEETING, now=now)
    _check(plan, was=None, now=now)
    key, reference = take_reference("CAB", table=CabMeeting._meta.db_table)  # noqa: SLF001 - Django's own name for it
    meeting = CabMeeting(
        pk=key,
        reference=reference,
        created_at=now,
        created_by_id=actor.id,
        **{**asdict(plan), "title": plan.title.strip()},
    )
    meeting.save(force_insert=True)
    _record(MeetingEvent.PLANNED, meeting, actor=actor, at=now, after=asdict(plan))
    return meeting


@transaction.atomic
def edit_meeting(
    *, reference: str, version: int, changes: Mapping[str, Any], actor: Actor, now: datetime
) -> CabMeeting:
    """Change its words or times while it is not over. Raises NotFound, NotPermitted, MoveRefused, Stale, Invalid."""
    require(actor, permissions.EDIT_MEETING, now=now)
    meeting = _standing(reference)
    if meeting.version != version:
        raise Stale(f"{reference} was changed by somebody else since you read it.", code="cab.stale")
    was = plan_of(meeting)
    plan = replace(was, **changes)
    _check(plan, was=was, now=now)
    for name, value in asdict(plan).items():
        setattr(meeting, name, value)
    meeting.version += 1
    meeting.save()
    _record(MeetingEvent.EDITED, meeting, actor=actor, at=now, before=asdict(was), after=asdict(plan))
    return meeting


@transaction.atomic
def open_meeting(*, reference: str, actor: Actor, now: datetime) -> CabMeeting:
    """People sit together; whoever opens it is there. Raises NotFound, NotPermitted, MoveRefused."""
    require(actor, permissions.RUN_MEETING, now=now)
    meeting = lock_meeting(reference)
    meeting.open(at=now)
    meeting.opened_by_id = actor.id
    meeting.save()
    _record(MeetingEvent.OPENED, meeting, actor=actor, at=now)
    _attend(meeting, actor=actor, now=now)
    return meeting


@transaction.atomic
def attend_meeting(*, reference: str, actor: Actor, now: datetime) -> CabMeeting:
    """Say that one is there; said twice it counts once. Raises NotFound, NotPermitted, MoveRefused."""
    require(actor, permissions.ATTEND_MEETING, now=now)
    meeting = _standing(reference)
    _attend(meeting, actor=actor, now=now)
    return meeting


@transaction.atomic
def vote_in_meeting(
    *,
    reference: str,
    change: str,
    vote: str,
    actor: Actor,
    now: datetime,
    comment: str = "",
    content_hash: str | None = None,
    via: str = "page",
) -> CabMeeting:
    """A signature that names the meeting: `approve`, or `refuse` with a comment. Whoever votes is there.

    Raises NotFound, NotPermitted, MoveRefused, Stale, Invalid as approving or refusing the change itself does.
    """
    if vote not in VOTES:
        raise Invalid.field("/vote", "cab.vote_unknown", f"A vote is one of {', '.join(VOTES)}.")
    require(actor, permissions.ATTEND_MEETING, now=now)
    meeting = lock_meeting(reference)
    refuse_unless(
        cab.may_vote(
            state=MeetingState(meeting.state),
            votes_until=meeting.votes_until,
            is_on_agenda=is_on_agenda(meeting, get_change(change).number, now=now),
            now=now,
        )
    )
    act = approve_change if vote == APPROVE else refuse_change
    act(
        number=change,
        comment=comment,
        content_hash=content_hash,
        via=via,
        meeting=meeting.reference,
        actor=actor,
        now=now,
    )
    _record(MeetingEvent.VOTED, meeting, actor=actor, at=now, subjects=[change], change=change, vote=vote)
    _attend(meeting, actor=actor, now=now)
    return meeting


@transaction.atomic
def add_item(*, reference: str, change: str, actor: Actor, now: datetime) -> CabMeeting:
    """Put a change on the agenda that would not come there by itself. Raises NotFound, NotPermitted, MoveRefused."""
    require(actor, permissions.EDIT_MEETING, now=now)
    meeting = _standing(reference)
    number = get_change(change).number
    if number not in meeting.added:
        meeting.added = [*meeting.added, number]
        meeting.version += 1
        meeting.save()
        _record(MeetingEvent.ITEM_ADDED, meeting, actor=actor, at=now, subjects=[number], change=number)
    return meeting


@transaction.atomic
def close_meeting(*, reference: str, actor: Actor, now: datetime, notes: str = "") -> CabMeeting:
    """End it, `notes` added to those that stand; the minutes write themselves and are kept. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    require(actor, permissions.RUN_MEETING, now=now)
    meeting = lock_meeting(reference)
    meeting.notes = "\n\n".join(filter(None, (meeting.notes, notes.strip())))
    _fits(meeting.notes)
    return _close(meeting, actor=actor, now=now)


@transaction.atomic
def close_by_deadline(*, reference: str, now: datetime) -> CabMeeting | None:
    """A meeting that was held by its deadline alone is over; None when it was opened or ended meanwhile."""
    meeting = lock_meeting(reference)
    if meeting.state != MeetingState.PLANNED or meeting.votes_until is None or now < meeting.votes_until:
        return None
    return _close(meeting, actor=SYSTEM, now=now)


@transaction.atomic
def cancel_meeting(*, reference: str, reason: str, actor: Actor, now: datetime) -> CabMeeting:
    """It will not take place; votes already given stand. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    require(actor, permissions.EDIT_MEETING, now=now)
    meeting = lock_meeting(reference)
    if not reason.strip():
        raise Invalid.field("/reason", "cab.reason_missing", "Say why it does not take place.")
    meeting.cancel(at=now)
    meeting.save()
    _record(MeetingEvent.CANCELLED, meeting, actor=actor, at=now, reason=reason.strip())
    return meeting


def _close(meeting: CabMeeting, *, actor: Recorded, now: datetime) -> CabMeeting:
    keep_minutes(meeting, now=now)
    meeting.close(at=now)
    meeting.save()
    _record(MeetingEvent.CLOSED, meeting, actor=actor, at=now, has_quorum=meeting.has_quorum, outcomes=meeting.outcomes)
    return meeting


def _attend(meeting: CabMeeting, *, actor: Actor, now: datetime) -> None:
    _, is_new = Attendance.objects.get_or_create(
        meeting=meeting,
        person_id=actor.id,
        defaults={"at": now, "roles": sorted(actor.roles(at=now))},
    )
    if is_new:
        _record(MeetingEvent.ATTENDED, meeting, actor=actor, at=now)


def _standing(reference: str) -> CabMeeting:
    meeting = lock_meeting(reference)
    if meeting.is_over:
        raise refuse("cab.meeting_over", "§5.6", f"{reference} is {meeting.state}.", "Plan another meeting.")
    return meeting


def _check(plan: MeetingPlan, *, was: MeetingPlan | None, now: datetime) -> None:
    errors: list[FieldError] = []
    if not plan.title.strip():
        errors.append(FieldError("/title", "cab.no_title", "Give the meeting a title."))
    if plan.scheduled_at <= now and (was is None or was.scheduled_at != plan.scheduled_at):
        errors.append(FieldError("/scheduled_at", "cab.in_the_past", "A meeting is planned for a time to come."))
    if (
        plan.votes_until is not None
        and plan.votes_until <= now
        and (was is None or was.votes_until != plan.votes_until)
    ):
        errors.append(FieldError("/votes_until", "cab.in_the_past", "Votes are taken until a time to come."))
    if len(plan.notes) > LONGEST_NOTES:
        errors.append(FieldError("/notes", "cab.notes_length", f"Notes have at most {LONGEST_NOTES} characters."))
    if errors:
        raise Invalid(errors)


def _fits(notes: str) -> None:
    if len(notes) > LONGEST_NOTES:
        raise Invalid.field("/notes", "cab.notes_length", f"Notes have at most {LONGEST_NOTES} characters.")


def _record(verb: MeetingEvent, meeting: CabMeeting, *, actor: Recorded, at: datetime, **more: Any) -> None:
    record_thing(verb, kind="cab_meeting", reference=meeting.reference, actor=actor, at=at, **more)
