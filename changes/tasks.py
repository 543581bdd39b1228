"""The worker's edge of changes: ids in, one action out. The clock is read here and nowhere below."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task

from changes.actions import cab, emergencies, minutes, notices
from changes.actions.changes import expire_change, overdue_slots, reopen_change
from changes.events import ChangeEvent
from changes.policy.notices import LONGEST_AHEAD
from changes.selectors.cab import due_for_reminder, past_their_deadline
from changes.selectors.changes import approved_with_signature_of, overdue_records, unconfirmed
from changes.selectors.freezes import published_between
from cybercube_portal import clock
from cybercube_portal.audit.registry import Task
from cybercube_portal.audit.selectors.events import event_named

EVERY_MINUTE = timedelta(minutes=1)
# How long before a meeting's deadline its voters are reminded.
REMINDED = timedelta(hours=24)
log = structlog.get_logger(__name__)

# A tick that nobody took in time is dropped: the next one does its work. Two beats at once are harmless: each action looks again.
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in {
        "changes.expire_slots": 30.0,
        "changes.notice_freezes": EVERY_MINUTE.total_seconds(),
        "changes.watch_emergencies": 60.0,
        "changes.watch_meetings": 60.0,
        "changes.watch_lead_times": 300.0,
    }.items()
}


@shared_task(name="changes.expire_slots")
def expire_slots() -> None:
    """End the approval of changes whose slot went by unused."""
    now = clock.now()
    _each(overdue_slots(now=now), lambda number: expire_change(number=number, now=now))


@shared_task(name="changes.notice_freezes")
def notice_freezes() -> None:
    """Announce freezes that come."""
    now = clock.now()
    coming = published_between(now, now + LONGEST_AHEAD + EVERY_MINUTE).values_list("reference", flat=True)
    _each(list(coming), lambda reference: notices.notice_freeze(reference=reference, now=now))


@shared_task(name="changes.watch_emergencies")
def watch_emergencies() -> None:
    """Escalate records and confirmations that are overdue (§6.4, R5)."""
    now = clock.now()
    records = overdue_records(now=now).filter(overdue_said_at__isnull=True).values_list("number", flat=True)
    _each(list(records), lambda number: emergencies.escalate_overdue_record(number=number, now=now))
    waiting = unconfirmed(now=now).filter(unconfirmed_said_at__isnull=True).values_list("number", flat=True)
    _each(list(waiting), lambda number: emergencies.escalate_unconfirmed(number=number, now=now))


@shared_task(name="changes.watch_lead_times")
def watch_lead_times() -> None:
    """Warn of changes that wait too long for their signatures."""
    notices.warn_of_lead_times(now=clock.now())


@shared_task(name="changes.watch_meetings")
def watch_meetings() -> None:
    """Remind the board of a deadline that comes, and close the meetings whose deadline has passed."""
    now = clock.now()
    _each(due_for_reminder(now=now, until=now + REMINDED), lambda one: minutes.remind_voters(reference=one, now=now))
    _each(past_their_deadline(now=now), lambda one: cab.close_by_deadline(reference=one, now=now))


def _each(ids: Iterable[str], act: Callable[[str], object]) -> None:
    """One that fails holds up no other: the next tick meets it again."""
    for one in ids:
        try:
            act(one)
        except Exception:
            log.exception("sweep_failed_for_one", id=one)


# Handlers of intents, see `reactions`. Each runs in the transaction that settles its intent.


def ask_approvers(task: Task, now: datetime) -> None:
    """A change waits for signatures."""
    again = task.payload["verb"] == ChangeEvent.SIGNATURE_SUPERSEDED
    notices.ask_approvers(number=task.subject, occasion=task.payload["event"], again=again, now=now)


def tell_requester(task: Task, now: datetime) -> None:
    """A change was refused, reopened or expired."""
    data = event_named(UUID(task.payload["event"])).data
    because = str(data.get("comment") or data.get("because") or "")
    notices.tell_requester(number=task.subject, occasion=task.payload["event"], because=because, now=now)


def tell_watchers(task: Task, now: datetime) -> None:
    """Something became of a change that people watch."""
    notices.tell_watchers(number=task.subject, event=event_named(UUID(task.payload["event"])), now=now)


def alert_emergency_approvers(task: Task, now: datetime) -> None:
    """An emergency was filed."""
    notices.alert_emergency_approvers(number=task.subject, occasion=task.payload["event"], now=now)


def ask_confirmation(task: Task, now: datetime) -> None:
    """An emergency was authorised on somebody's word."""
    notices.ask_confirmation(number=task.subject, occasion=task.payload["event"], now=now)


def escalate_to_managers(task: Task, now: datetime) -> None:
    """An emergency owes its record or its confirmation."""
    notices.escalate_to_managers(number=task.subject, occasion=task.payload["event"], now=now)


def recheck_signatures(task: Task, now: datetime) -> None:
    """A role was taken from `task.subject` (a user name): approvals that no longer hold go back to review."""
    for number in approved_with_signature_of(task.subject):
        reopen_change(number=number, now=now)
