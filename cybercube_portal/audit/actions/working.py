"""Work an intent: claim it, settle it together with what it wrote, or put it back (reliability.md section 1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from cybercube_portal.audit.actions.events import record
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.doorbell import WORK_INTENT, ring_after_commit
from cybercube_portal.audit.events import WorkEvent
from cybercube_portal.audit.models import Intent
from cybercube_portal.audit.registry import IntentKind, Task, UnknownKind, kind_of, queue_of
from cybercube_portal.audit.selectors.work import due_intents, unanswered
from cybercube_portal.audit.states import IntentState
from cybercube_portal.errors import Stale

SWEEP_AT_ONCE = 500
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
LONGEST_ERROR = 2000

log = structlog.get_logger(__name__)


class FenceLost(Stale):
    """Somebody else claimed the intent since: this worker's result must not be written."""

    code = "intent.fence_lost"


def claim_intent(intent_id: int, *, now: datetime) -> Task | None:
    """Take one due intent for its kind's lease. None when it is not due, held by another, unknown here, or overdue.

    An overdue one is given up on the spot. A kind nobody registered in this process is left to a worker that knows it.
    """
    with transaction.atomic():
        intent = due_intents(now=now).select_for_update(skip_locked=True).filter(pk=intent_id).first()
        if intent is None:
            return None
        try:
            kind = kind_of(intent.kind)
        except UnknownKind:
            log.warning("intent_kind_unknown", kind=intent.kind, intent=intent.pk)
            return None
        if intent.deadline is not None and intent.deadline <= now:
            _give_up(intent, kind, now=now, error="Its deadline passed.")
            return None
        intent.claim(at=now, lease=kind.lease)
        intent.save()
    return _task(intent)


def settle_intent(task: Task, gathered: Any = None, *, now: datetime) -> None:  # noqa: ANN401 - what the kind's gather gave
    """Run the kind's handler and close the intent in one transaction. Raises FenceLost, and whatever the handler raises."""
    kind = kind_of(task.kind)
    with transaction.atomic():
        intent = _held(task)
        again = kind.handle(task, now, gathered) if kind.gather else kind.handle(task, now)
        if again is None:
            intent.finish(at=now)
        else:
            intent.put_back(not_before=again.at)
        intent.save()


def excuse_intent(task: Task, error: Exception, *, now: datetime) -> None:
    """After an error: once more after a pause that doubles, or, after the kind's `tries`, give up. Raises FenceLost."""
    kind = kind_of(task.kind)
    text = f"{type(error).__name__}: {error}"[:LONGEST_ERROR].replace("\0", "")
    with transaction.atomic():
        intent = _held(task)
        if intent.failures + 1 >= kind.tries:
            _give_up(intent, kind, now=now, error=text)
        else:
            pause = min(FIRST_PAUSE * 2**intent.failures, LONGEST_PAUSE)
            intent.put_back(not_before=now + pause, error=text)
            intent.save()


def retry_intent(intent_id: int, *, now: datetime) -> Intent:
    """Give a failed intent another chance. Raises Intent.DoesNotExist, and MoveRefused unless it failed."""
    with transaction.atomic():
        intent = Intent.objects.select_for_update().get(pk=intent_id)
        intent.retry(at=now)
        intent.rung_at = now
        intent.save()
        ring_after_commit(WORK_INTENT, intent.pk, queue=queue_of(intent.kind))
    return intent


def sweep_intents(*, now: datetime) -> int:
    """Ring again for due intents that nobody answered. Two sweeps at once share the rows. Returns how many."""
    with transaction.atomic():
        due = due_intents(now=now).filter(unanswered(now=now)).order_by("not_before")
        rows = dict(due.select_for_update(skip_locked=True).values_list("pk", "kind")[:SWEEP_AT_ONCE])
        Intent.objects.filter(pk__in=list(rows)).update(rung_at=now)
        for intent_id, kind in rows.items():
            ring_after_commit(WORK_INTENT, intent_id, queue=queue_of(kind))
    return len(rows)


def _task(intent: Intent) -> Task:
    return Task(
        id=intent.pk,
        kind=intent.kind,
        subject=intent.subject,
        payload=intent.payload,
        attempt=intent.attempt,
        failures=intent.failures,
        deadline=intent.deadline,
        request_id=intent.request_id,
    )


def _held(task: Task) -> Intent:
    mine = Intent.objects.select_for_update().filter(pk=task.id, attempt=task.attempt, state=IntentState.RUNNING)
    intent = mine.first()
    if intent is None:
        raise FenceLost(f"Intent {task.id} was taken over since its attempt {task.attempt}.")
    return intent


def _give_up(intent: Intent, kind: IntentKind, *, now: datetime, error: str) -> None:
    if kind.give_up is not None:
        kind.give_up(_task(intent), now, error)
    intent.fail(at=now, error=error)
    intent.save()
    record(
        WorkEvent.INTENT_FAILED,
        object_type="intent",
        object_id=str(intent.pk),
        subjects=[intent.subject],
        actor=SYSTEM,
        at=now,
        data={"kind": intent.kind, "error": error, "attempts": intent.attempt},
    )
