"""Telling people of changes and freezes. Each notice is a row in the transaction of what it tells of (reliability.md section 1)."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from changes import messages
from changes.actions.recording import record_thing
from changes.events import ChangeEvent, FreezeEvent
from changes.models import Comment
from changes.news import NEWS, message_of_event
from changes.policy.notices import due_notice
from changes.selectors import recipients
from changes.selectors.changes import get_change, waiting_too_long
from changes.selectors.freezes import lock_freeze, next_occurrence
from changes.selectors.situation import Situation
from changes.states import ChangeState, FreezeState
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.selectors.watches import watchers_of
from cybercube_portal.people import selectors as people
from cybercube_portal.people.roles import EMERGENCY_APPROVERS, Role

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

E = ChangeEvent


@transaction.atomic
def ask_approvers(*, number: str, occasion: str, again: bool, now: datetime) -> int:
    """Ask everybody who can fill a seat that is open; `occasion` names the event, so that it is told once.

    `again`: they are asked because what was signed was edited. Returns how many were asked: none when the change is no
    longer in review.
    """
    change = get_change(number)
    if change.state != ChangeState.IN_REVIEW:
        return 0
    situation = Situation(change, now=now)
    return tell(
        Kind.APPROVAL_WANTED,
        about=number,
        occasion=occasion,
        to=recipients.approvers_asked(situation),
        teams=situation.teams,
        write=partial(messages.approval_wanted, change, situation.open_seats, again=again),
        now=now,
    )


@transaction.atomic
def tell_requester(*, number: str, occasion: str, because: str, now: datetime) -> int:
    """Say that it was refused, went back to review, or expired, and why. Returns how many were told."""
    change = get_change(number)
    return tell(
        Kind.CHANGE_MOVED,
        about=number,
        occasion=occasion,
        to=[change.requester_id],
        write=partial(messages.change_moved, change, because=because),
        now=now,
    )


@transaction.atomic
def alert_emergency_approvers(*, number: str, occasion: str, now: datetime) -> int:
    """§6.4 "Notify": an emergency was filed. Returns how many were told; none once it goes ahead or is cancelled."""
    change = get_change(number)
    if not change.is_emergency or change.state != ChangeState.DRAFT:
        return 0
    teams = Situation(change, now=now).teams
    return tell(
        Kind.EMERGENCY_FILED,
        about=number,
        occasion=occasion,
        to=recipients.holders_of(EMERGENCY_APPROVERS, teams=teams, now=now),
        teams=teams,
        write=partial(messages.emergency_filed, change),
        now=now,
    )


@transaction.atomic
def ask_confirmation(*, number: str, occasion: str, now: datetime) -> int:
    """Ask the named approver to confirm what somebody else on call noted (R5)."""
    change = get_change(number)
    if change.confirm_by is None or change.confirmed_at is not None or change.authorised_by_id is None:
        return 0
    return tell(
        Kind.CONFIRMATION_WANTED,
        about=number,
        occasion=occasion,
        to=[change.authorised_by_id],
        write=partial(messages.confirmation_wanted, change),
        now=now,
    )


@transaction.atomic
def escalate_to_managers(*, number: str, occasion: str, now: datetime) -> int:
    """Tell the engineering managers of the teams that an emergency owes its record or its confirmation (R5)."""
    change = get_change(number)
    teams = Situation(change, now=now).teams
    return tell(
        Kind.EMERGENCY_OVERDUE,
        about=number,
        occasion=occasion,
        to=recipients.holders_of((Role.ENGINEERING_MANAGER,), teams=teams, now=now),
        teams=teams,
        write=partial(messages.emergency_overdue, change),
        now=now,
    )


@transaction.atomic
def warn_of_lead_times(*, now: datetime) -> int:
    """Tell requesters once that a change in review can no longer keep its lead time (R8). Returns how many were told."""
    return sum(
        tell(
            Kind.LEAD_TIME_SHORT,
            about=change.number,
            occasion=f"lead:{change.submitted_at}:{change.scheduled_time}",
            to=[change.requester_id],
            write=partial(messages.lead_time_short, change),
            now=now,
        )
        for change in waiting_too_long(now=now)
    )


@transaction.atomic
def tell_watchers(*, number: str, event: Event, now: datetime) -> int:
    """Tell whoever watches the change, or its services where that is news of theirs; never whoever did it. Returns how many."""
    change = get_change(number)
    news = NEWS[event.verb]
    if event.verb == E.SIGNED and change.state != ChangeState.IN_REVIEW:
        # The last signature approves: one notice says both.
        return 0
    services = [f"service:{slug}" for slug in change.services] if news.of_service else []
    who, comment = _who(event), _comment(event)
    return tell(
        news.kind,
        about=number,
        occasion=str(event.event_id),
        to=watchers_of([number, *services]),
        teams=Situation(change, now=now).teams,
        without=str(event.actor.get("id", "")),
        write=lambda: message_of_event(change, event, who=who, comment=comment),
        now=now,
    )


@transaction.atomic
def notice_freeze(*, reference: str, now: datetime) -> bool:
    """Announce the next occurrence of a published freeze when a notice of it is due and was not given; True when it was now.

    One event, and each person of the teams in scope is told. Raises NotFound.
    """
    freeze = lock_freeze(reference)
    if freeze.state != FreezeState.PUBLISHED:
        return False
    coming = next_occurrence(freeze, after=now)
    ahead = due_notice(starts_at=coming.start, now=now) if coming else None
    if coming is None or ahead is None:
        return False
    _, is_new = freeze.notices.get_or_create(starts_at=coming.start, ahead=ahead, defaults={"at": now})
    if not is_new:
        return False
    teams = recipients.teams_in(freeze)
    record_thing(
        FreezeEvent.NOTICED,
        kind="freeze",
        reference=freeze.reference,
        actor=SYSTEM,
        at=now,
        subjects=[f"team:{team}" for team in sorted(teams)],
        ahead=ahead,
        starts_at=coming.start,
    )
    tell(
        Kind.FREEZE_AHEAD,
        about=freeze.reference,
        occasion=f"{coming.start.isoformat()}:{ahead}",
        to=recipients.members_and_holders(teams, now=now),
        teams=teams,
        write=partial(messages.freeze_ahead, freeze, start=coming.start, end=coming.end),
        now=now,
    )
    return True


def _who(event: Event) -> str:
    """The name of whoever did it; a word for the portal itself."""
    username = str(event.actor.get("id", ""))
    found = people.names_of([username]) if event.actor.get("kind") != "system" else {}
    return found.get(username) or "CYBERCUBE"


def _comment(event: Event) -> str:
    if event.verb != E.COMMENTED:
        return ""
    return Comment.objects.filter(pk=event.data.get("comment")).values_list("body", flat=True).first() or ""
