"""PostgreSQL is the truth, Celery the doorbell: a real worker process, killed at the worst moment (reliability.md section 1)."""

from __future__ import annotations

from celery import current_app
from django.db import transaction

from cybercube_portal import clock
from cybercube_portal.audit.actions import open_intent
from cybercube_portal.audit.actions.working import sweep_intents
from cybercube_portal.audit.models import Event, Intent
from cybercube_portal.audit.selectors.work import CANARY, seconds_since_canary
from cybercube_portal.audit.states import IntentState
from cybercube_portal.audit.tasks import open_canary
from tests.audit.kinds import HANG_FIRST
from tests.audit.worker import Worker


def state() -> str:
    return Intent.objects.values_list("state", flat=True).get()


def test_worker__doorbell_rings__canary_goes_the_whole_way(worker: Worker) -> None:
    worker.start()
    open_canary()
    worker.until(lambda: state() == IntentState.DONE)
    assert seconds_since_canary(now=clock.now()) is not None
    assert Intent.objects.get().kind == CANARY


def test_worker__killed_while_working__swept_and_done_once_by_the_next(worker: Worker) -> None:
    worker.start()
    with transaction.atomic():
        open_intent(HANG_FIRST, "subject-1", at=clock.now())
    worker.until(lambda: state() == IntentState.RUNNING)
    worker.kill()
    worker.start()

    def swept_and_done() -> bool:
        sweep_intents(now=clock.now())
        return state() == IntentState.DONE

    worker.until(swept_and_done)
    worker.stop()
    assert list(Event.objects.values_list("verb", "object_id", "data")) == [
        ("test.worked", "subject-1", {"attempt": 2})
    ]


def test_worker__doorbell_lost__sweep_finds_the_row(worker: Worker) -> None:
    with transaction.atomic():
        intent = open_intent(CANARY, "portal", at=clock.now())
    assert current_app.control.purge() == 1
    Intent.objects.filter(pk=intent.pk).update(rung_at=None)
    assert sweep_intents(now=clock.now()) == 1
    assert sweep_intents(now=clock.now()) == 0
    worker.start()
    worker.until(lambda: state() == IntentState.DONE)


def test_worker__of_the_inside_alone__is_held_up_by_nothing_outside(worker: Worker) -> None:
    with transaction.atomic():
        open_intent(HANG_FIRST, "subject-1", at=clock.now())
        open_intent(CANARY, "portal", at=clock.now())
    worker.start("--queues", "celery")
    worker.until(lambda: Intent.objects.get(kind=CANARY).state == IntentState.DONE)
    assert Intent.objects.get(kind=HANG_FIRST).state == IntentState.WAITING
