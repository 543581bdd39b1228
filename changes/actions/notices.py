"""Telling people by mail. A mail is a row in the transaction of what it tells of; each is queued once (reliability.md section 1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from changes.actions.recording import record_thing
from changes.events import FreezeEvent
from changes.models import ChangeRequest
from changes.policy.notices import due_notice
from changes.policy.recurrence import zone_named
from changes.selectors import recipients
from changes.selectors.changes import get_change, waiting_too_long
from changes.selectors.freezes import lock_freeze, next_occurrence
from changes.selectors.situation import Situation
from changes.states import ChangeState, FreezeState
from cybercube_portal.audit.actions import queue_mail
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.people.roles import EMERGENCY_APPROVERS, Role


@transaction.atomic
def ask_approvers(*, number: str, occasion: str, now: datetime) -> int:
    """One mail to everybody who can fill a seat that is open; `occasion` names the event, so that it is told once.

    Returns how many were asked: none when the change is no longer in review.
    """
    change = get_change(number)
    if change.state != ChangeState.IN_REVIEW:
        return 0
    situation = Situation(change, now=now)
    labels = list(dict.fromkeys(item.seat.label for item in situation.seats if item.signature is None))
    to = recipients.approvers_asked(situation)
    return _mail_about(change, "approval_wanted", to, occasion=occasion, now=now, seats=labels)


@transaction.atomic
def tell_requester(*, number: str, occasion: str, now: datetime) -> int:
    """Say that it was refused, went back to review, or expired. Returns how many were told."""
    change = get_change(number)
    return _mail_about(change, "change_moved", recipients.requester_of(change), occasion=occasion, now=now)


@transaction.atomic
def alert_emergency_approvers(*, number: str, occasion: str, now: datetime) -> int:
    """§6.4 "Notify": an emergency was filed. Returns how many were told; none once it goes ahead or is cancelled."""
    change = get_change(number)
    if not change.is_emergency or change.state != ChangeState.DRAFT:
        return 0
    to = recipients.addresses_of(EMERGENCY_APPROVERS, teams=Situation(change, now=now).teams, now=now)
    return _mail_about(change, "emergency_filed", to, occasion=occasion, now=now)


@transaction.atomic
def ask_confirmation(*, number: str, occasion: str, now: datetime) -> int:
    """Ask the named approver to confirm what somebody else on call noted (R5)."""
    change = get_change(number)
    if change.confirm_by is None or change.confirmed_at is not None or change.authorised_by is None:
        return 0
    to = [change.authorised_by.email] if change.authorised_by.email else []
    return _mail_about(change, "confirmation_wanted", to, occasion=occasion, now=now)


@transaction.atomic
def escalate_to_managers(*, number: str, occasion: str, now: datetime) -> int:
    """Tell the engineering managers of the teams that an emergency owes its record or its confirmation (R5)."""
    change = get_change(number)
    teams = Situation(change, now=now).teams
    to = recipients.addresses_of((Role.ENGINEERING_MANAGER,), teams=teams, now=now)
    return _mail_about(change, "emergency_overdue", to, occasion=occasion, now=now)


@transaction.atomic
def warn_of_lead_times(*, now: datetime) -> int:
    """Tell requesters once that a change in review can no longer keep its lead time (R8). Returns how many mails."""
    told = 0
    for change in waiting_too_long(now=now):
        occasion = f"lead:{change.submitted_at}:{change.scheduled_time}"
        told += _mail_about(change, "lead_time_short", recipients.requester_of(change), occasion=occasion, now=now)
    return told


@transaction.atomic
def notice_freeze(*, reference: str, now: datetime) -> bool:
    """Announce the next occurrence of a published freeze when a notice of it is due and was not given; True when it was now.

    One event, and one mail to each person of the teams in scope. Raises NotFound.
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
    zone = zone_named(freeze.timezone)
    _mail(
        "freeze_ahead",
        recipients.members_and_holders(teams, now=now),
        about=freeze.reference,
        key=f"{freeze.reference}:{coming.start.isoformat()}:{ahead}",
        now=now,
        freeze=freeze,
        title=_line(freeze.title),
        # As words: templates would turn the moments back into UTC.
        start=f"{coming.start.astimezone(zone):%Y-%m-%d %H:%M}",
        end=f"{coming.end.astimezone(zone):%Y-%m-%d %H:%M}",
        url=f"{settings.BASE_URL}/freezes/{freeze.reference}/",
    )
    return True


def _mail_about(
    change: ChangeRequest, template: str, to: Iterable[str], *, occasion: str, now: datetime, **context: Any
) -> int:
    return _mail(
        template,
        to,
        about=change.number,
        key=f"{change.number}:{occasion}",
        now=now,
        change=change,
        title=_line(change.title),
        url=f"{settings.BASE_URL}/changes/{change.number}/",
        **context,
    )


def _mail(template: str, to: Iterable[str], *, about: str, key: str, now: datetime, **context: Any) -> int:
    """`emails/<template>.txt`: its first line is the subject."""
    subject, _, body = render_to_string(f"emails/{template}.txt", context).partition("\n")
    mails = queue_mail(
        to=to, subject=subject, body=f"{body.strip()}\n", at=now, about=about, dedupe_key=f"{template}:{key}"
    )
    return len(mails)


def _line(text: str) -> str:
    """A title on one line: it becomes part of a subject."""
    return " ".join(text.split())
