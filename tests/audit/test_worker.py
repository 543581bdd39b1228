"""PostgreSQL is the truth, Celery the doorbell: a real worker process, killed at the worst moment (reliability.md section 1)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
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
from tests.audit.worker import ROOT, Worker, database_url


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


UNREACHABLE = """
import django; django.setup()
from django.db import transaction
from cybercube_portal import clock
from cybercube_portal.audit import doorbell
from cybercube_portal.audit.actions import open_intent
for subject in ("one", "two"):
    with transaction.atomic():
        open_intent("audit.canary", subject, at=clock.now())
print("went on", doorbell.ring("audit.work_intent", 1))
"""


@pytest.mark.django_db(transaction=True)
def test_doorbell__broker_away__row_is_kept_and_the_request_goes_on() -> None:
    environment = {
        **os.environ,
        "CYBERCUBE_DATABASE_URL": database_url(),
        "CYBERCUBE_REDIS_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "cybercube_portal.settings.test",
    }
    ran = subprocess.run(
        [sys.executable, "-c", UNREACHABLE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.strip() == "went on False"
    assert ran.stderr.count("doorbell_unreachable") == 1, "after the first failure it is quiet for a while"
    assert list(Intent.objects.order_by("id").values_list("subject", "state")) == [
        ("one", "waiting"),
        ("two", "waiting"),
    ]
