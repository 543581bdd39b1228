"""The worker's edge: what beat rings for, and a doorbell that may be broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery, current_app
from django.db import transaction
from structlog.testing import capture_logs

from cybercube_portal.audit import doorbell, tasks
from cybercube_portal.audit.actions import open_intent, queue_mail
from cybercube_portal.audit.actions.posting import claim_delivery
from cybercube_portal.audit.models import Checkpoint, Delivery, Event, Intent
from cybercube_portal.audit.selectors.work import CANARY, RING_AGAIN, seconds_since_canary
from cybercube_portal.audit.states import DeliveryState, IntentState
from tests.audit.conftest import Happen

AT = datetime(2026, 1, 17, 14, 5, tzinfo=UTC)
Hold = Callable[[datetime], datetime]


def test_beat__schedule__names_registered_tasks() -> None:
    assert {row["task"] for row in tasks.BEAT_SCHEDULE.values()} <= set(current_app.tasks)


def test_beat__rings__each_task_does_its_action(happen: Happen, clock_at: Hold) -> None:
    clock_at(AT)
    happen()
    tasks.seal_events()
    assert Event.objects.get().sequence == 1
    tasks.write_checkpoint()
    assert Checkpoint.objects.get().size == 1
    tasks.open_canary()
    (mail,) = queue_mail(to=["alice@example.com"], subject="s", body="b", at=AT)
    tasks.work_intent(Intent.objects.get().pk)
    assert seconds_since_canary(now=AT + timedelta(seconds=30)) == 30
    clock_at(AT + RING_AGAIN)
    with transaction.atomic():
        open_intent(CANARY, "portal", at=AT)
    tasks.sweep_intents()
    tasks.sweep_deliveries()
    assert set(Intent.objects.filter(state=IntentState.WAITING).values_list("rung_at", flat=True)) == {AT + RING_AGAIN}
    assert Delivery.objects.get().rung_at == AT + RING_AGAIN
    tasks.send_delivery(mail.pk)
    clock_at(AT + timedelta(days=60))
    tasks.tidy_finished_work()
    assert not Delivery.objects.exists()
    assert Intent.objects.get().state == IntentState.WAITING


@pytest.mark.django_db
def test_beat__two_of_them__one_canary_and_one_chain(happen: Happen) -> None:
    happen()
    for task in (tasks.open_canary, tasks.seal_events):
        task()
        task()
    assert Intent.objects.count() == 1
    assert Event.objects.get().sequence == 1
    assert seconds_since_canary(now=AT) is None


@pytest.mark.django_db
def test_send__taken_over_meanwhile__late_result_refused(clock_at: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    clock_at(AT)
    (mail,) = queue_mail(to=["alice@example.com"], subject="s", body="b", at=AT)
    monkeypatch.setattr(tasks, "send_mail", lambda letter: claim_delivery(letter.id, now=AT + timedelta(hours=1)))
    with capture_logs() as logs:
        tasks.send_delivery(mail.pk)
    assert [line["event"] for line in logs] == ["delivery_result_refused"]
    assert (Delivery.objects.get().state, Delivery.objects.get().attempt) == (DeliveryState.SENDING, 2)


@pytest.mark.django_db(transaction=True)
def test_doorbell__broker_away__row_is_kept_and_the_request_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "current_app", Celery(broker="redis://127.0.0.1:1/0", set_as_current=False))
    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)
    with capture_logs() as logs:
        for subject in ("one", "two"):
            with transaction.atomic():
                open_intent(CANARY, subject, at=AT)
    assert [line["event"] for line in logs] == ["doorbell_unreachable"], (
        "after the first failure it is quiet for a while"
    )
    assert list(Intent.objects.order_by("id").values_list("subject", "state")) == [
        ("one", "waiting"),
        ("two", "waiting"),
    ]
