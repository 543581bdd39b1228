"""Emergencies (§6.4, R5): authorised on a spoken word, recorded within 24 hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from changes.actions.recording import record_change
from changes.events import ChangeEvent
from changes.models import ChangeRequest
from changes.policy import emergency
from changes.selectors.changes import lock_change, overdue_records, unconfirmed
from changes.selectors.moves import permit
from changes.selectors.situation import Situation
from changes.states import ChangeOutcome
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import Invalid, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.selectors import actor_named


@transaction.atomic
def authorise_change(
    *,
    number: str,
    approver: str,
    verbal_at: datetime,
    how: str,
    criteria: Iterable[str],
    actor: Actor,
    now: datetime,
    started_at: datetime | None = None,
) -> ChangeRequest:
    """Note the spoken approval of `approver` (a user name); the record's clock runs from `started_at` when it began already.

    Somebody else on call may note it; the approver then confirms within 24 h.
    Raises NotFound, NotPermitted, MoveRefused with every reason, Invalid.
    """
    change = lock_change(number)
    situation = Situation(change, now=now)
    permit(change, "authorise", actor=actor, situation=situation)
    named = actor_named(approver)
    met = tuple(criteria)
    refuse_unless(
        emergency.may_authorise(
            caller=actor.username,
            caller_is_service_account=actor.is_service,
            caller_roles=actor.roles(at=now, teams=situation.teams),
            approver=named.username,
            approver_roles=named.roles(at=verbal_at, teams=situation.teams),
            requester=change.requester.username,
            editors=frozenset(change.editors),
            verbal_at=verbal_at,
            now=now,
            criteria=met,
        )
    )
    if started_at is not None and started_at > now:
        raise Invalid.field("/started_at", "emergency.start_in_future", "The start named lies in the future.")
    if not how.strip():
        raise Invalid.field("/how", "emergency.how_missing", "Say how the approval was given (call, chat, in person).")
    waits = emergency.needs_confirmation(caller=actor.username, approver=named.username)
    change.authorise(
        at=now,
        confirm_by=emergency.confirmation_deadline(now) if waits else None,
        record_due_at=emergency.record_deadline(started_at) if started_at else None,
    )
    change.authorised_by_id = named.id
    change.authorisation = {
        "approver": named.username,
        "called_by": actor.username,
        "verbal_at": verbal_at,
        "how": how.strip(),
        "criteria": sorted(met),
        "started_at": started_at,
    }
    change.updated_at = now
    change.save()
    record_change(ChangeEvent.AUTHORISED, change, actor=actor, at=now, **change.authorisation)
    return change


@transaction.atomic
def confirm_authorisation(*, number: str, actor: Actor, now: datetime) -> ChangeRequest:
    """The named approver confirms what another person on call noted. Raises NotFound, NotPermitted, MoveRefused."""
    change = lock_change(number)
    permit(change, "confirm", actor=actor, situation=Situation(change, now=now))
    change.confirmed_at = now
    change.updated_at = now
    change.save()
    record_change(ChangeEvent.CONFIRMED, change, actor=actor, at=now)
    return change


@transaction.atomic
def document_change(*, number: str, actor: Actor, now: datetime) -> ChangeRequest:
    """The emergency is over; its record is being written. Raises NotFound, NotPermitted, MoveRefused."""
    change = lock_change(number)
    permit(change, "document", actor=actor, situation=Situation(change, now=now))
    change.document(at=now)
    change.save()
    record_change(ChangeEvent.DOCUMENTED, change, actor=actor, at=now)
    return change


@transaction.atomic
def record_emergency(
    *,
    number: str,
    what_happened: str,
    prevention: str,
    severity: str,
    actor: Actor,
    now: datetime,
    postmortem_at: datetime | None = None,
    outcome: str = "",
) -> ChangeRequest:
    """Complete the retrospective record and close the change (§6.4).

    `outcome` defaults to how it went: rolled back, or successful. Raises NotFound, NotPermitted, MoveRefused, Invalid.
    """
    change = lock_change(number)
    permit(change, "record", actor=actor, situation=Situation(change, now=now))
    refuse_unless(
        emergency.record_complete(
            what_happened=what_happened, prevention=prevention, severity=severity, postmortem_at=postmortem_at
        )
    )
    was_rolled_back = change.outcome == ChangeOutcome.ROLLED_BACK
    ended = outcome or (ChangeOutcome.ROLLED_BACK if was_rolled_back else ChangeOutcome.SUCCESSFUL)
    if ended not in set(ChangeOutcome) or (ended == ChangeOutcome.ROLLED_BACK) != was_rolled_back:
        raise Invalid.field("/outcome", "change.outcome_contradicts", "Choose the outcome that happened.")
    change.what_happened = what_happened.strip()
    change.prevention = prevention.strip()
    change.severity = severity
    change.postmortem_at = postmortem_at
    change.record(at=now, outcome=ChangeOutcome(ended))
    change.updated_at = now
    change.save()
    record_change(
        ChangeEvent.RECORDED,
        change,
        actor=actor,
        at=now,
        severity=severity,
        postmortem_at=postmortem_at,
        was_due=change.record_due_at,
        was_late=change.record_due_at is not None and now > change.record_due_at,
    )
    return change


@transaction.atomic
def escalate_overdue_record(*, number: str, now: datetime, actor: Recorded = SYSTEM) -> bool:
    """Say once that an emergency's record is overdue; False when it was said, written, or is not due."""
    change = lock_change(number)
    if not overdue_records(now=now).filter(pk=change.pk).exists() or change.overdue_said_at is not None:
        return False
    change.overdue_said_at = now
    change.save(update_fields=["overdue_said_at"])
    record_change(ChangeEvent.RECORD_OVERDUE, change, actor=actor, at=now, due=change.record_due_at)
    return True


@transaction.atomic
def escalate_unconfirmed(*, number: str, now: datetime, actor: Recorded = SYSTEM) -> bool:
    """Say once that a noted approval was never confirmed (R5); False when it was said, confirmed, or is not due."""
    change = lock_change(number)
    if change.unconfirmed_said_at is not None or not unconfirmed(now=now).filter(pk=change.pk).exists():
        return False
    change.unconfirmed_said_at = now
    change.save(update_fields=["unconfirmed_said_at"])
    record_change(ChangeEvent.CONFIRMATION_OVERDUE, change, actor=actor, at=now, due=change.confirm_by)
    return True
