"""What deployments do to the change that let them go (domain.md section 3).

The person was asked where the deployment was started and the rules at the gate, so these move and record, and ask nobody again.
Each leaves a change alone that is further on already: people may have moved it by hand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from changes.actions.recording import record_change
from changes.events import ChangeEvent
from changes.models import ChangeRequest
from changes.policy import emergency
from changes.selectors.changes import lock_change
from changes.states import CANCEL, ChangeOutcome, ChangeState
from cybercube_portal.audit.actors import Actor as Recorded

CARRIED: frozenset[ChangeState] = frozenset({ChangeState.IMPLEMENTING, ChangeState.VERIFYING})


@transaction.atomic
def begin_change(*, number: str, deployment: str, implementer: int | None, actor: Recorded, now: datetime) -> None:
    """Approved -> implementing, when the first of its deployments starts. An emergency's record is due 24 h later (R5)."""
    change = lock_change(number)
    if change.state != ChangeState.APPROVED:
        return
    change.start(at=now)
    change.implementer_id = implementer
    if change.is_emergency and change.record_due_at is None:
        change.record_due_at = emergency.record_deadline(now)
    _save(change, ChangeEvent.STARTED, actor=actor, now=now, deployment=deployment)


@transaction.atomic
def carry_out_change(*, number: str, deployment: str, actor: Recorded, now: datetime) -> None:
    """Implementing -> verifying, when the last of its deployments is healthy."""
    change = lock_change(number)
    if change.state != ChangeState.IMPLEMENTING:
        return
    change.finish(at=now)
    _save(change, ChangeEvent.FINISHED, actor=actor, now=now, deployment=deployment)


@transaction.atomic
def conclude_change(*, number: str, deployment: str, outcome: ChangeOutcome, actor: Recorded, now: datetime) -> None:
    """Verifying -> closed, when the watch over the last of its deployments ended. An emergency waits for its record (§6.4)."""
    change = lock_change(number)
    if change.state != ChangeState.VERIFYING or change.is_emergency:
        return
    change.close(at=now, outcome=outcome)
    _save(change, ChangeEvent.CLOSED, actor=actor, now=now, deployment=deployment, outcome=outcome)


@transaction.atomic
def take_back_change(*, number: str, deployment: str, reason: str, actor: Recorded, now: datetime) -> None:
    """Implementing or verifying -> rolled back. People close it once they know why."""
    change = lock_change(number)
    if change.state not in CARRIED:
        return
    change.roll_back(at=now)
    _save(change, ChangeEvent.ROLLED_BACK, actor=actor, now=now, deployment=deployment, reason=reason)


@transaction.atomic
def drop_change(*, number: str, reason: str, actor: Recorded, now: datetime) -> None:
    """What it was filed for will not happen: cancelled, unless something of it was carried out already."""
    change = lock_change(number)
    if change.state not in CANCEL.sources:
        return
    change.cancel(at=now)
    _save(change, ChangeEvent.CANCELLED, actor=actor, now=now, reason=reason)


def _save(change: ChangeRequest, verb: ChangeEvent, *, actor: Recorded, now: datetime, **data: Any) -> None:
    change.updated_at = now
    change.save()
    record_change(verb, change, actor=actor, at=now, **data)
