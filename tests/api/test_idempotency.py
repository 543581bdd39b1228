from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from cybercube_portal.models import KeptAnswer
from cybercube_portal.people.models import ApiKey, Grant, User
from tests.factories.people import Cast

GRANTS, KEYS = "/api/v1/grants/", "/api/v1/keys/"
BODY = {"username": "alice", "role": "ops", "reason": "cover for Dan"}


def post(client: Client, body: dict[str, Any] = BODY, *, key: str = "k-1", address: str = GRANTS) -> Any:
    return client.post(address, data=body, content_type="application/json", headers={"Idempotency-Key": key})


@pytest.fixture
def admin(browser_session: Callable[[str], Client]) -> Client:
    return browser_session("admin")


def ops_grants() -> int:
    return Grant.objects.filter(user__username="alice", role="ops").count()


def test_idempotency_key__sent_twice__takes_effect_once_and_answers_the_same(admin: Client) -> None:
    first, second = post(admin), post(admin)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["Content-Type"] == second.headers["Content-Type"] == "application/json"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert ops_grants() == 1


def test_idempotency_key__members_in_another_order_and_no_slash__is_the_same_request(admin: Client) -> None:
    post(admin)
    again = post(admin, dict(reversed(BODY.items())), address=GRANTS.rstrip("/"))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert ops_grants() == 1


def test_idempotency_key__another_body__422_and_no_effect(admin: Client) -> None:
    post(admin)
    answer = post(admin, {**BODY, "role": "dba"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency.key_reused"
    assert not Grant.objects.filter(user__username="alice", role="dba").exists()


def test_idempotency_key__same_key_on_another_route_or_by_somebody_else__is_another_request(
    admin: Client, browser_session: Callable[[str], Client]
) -> None:
    assert post(admin).status_code == 201
    assert post(admin, {"name": "mine"}, address=KEYS).status_code == 201
    assert post(browser_session("alice"), {"name": "mine"}, address=KEYS).status_code == 201


def test_idempotency_key__refused_request__keeps_nothing_and_may_be_mended(admin: Client) -> None:
    assert post(admin, {**BODY, "team": "nowhere"}).status_code == 422
    assert not KeptAnswer.objects.exists()
    assert post(admin).status_code == 201


def test_idempotency_key__secret_in_the_answer__is_shown_once_and_never_kept(admin: Client) -> None:
    first, second = post(admin, {"name": "ci"}, address=KEYS), post(admin, {"name": "ci"}, address=KEYS)
    text = first.json()["text"]
    assert second.json() == {**first.json(), "text": None}
    assert text not in KeptAnswer.objects.get().body
    assert ApiKey.objects.count() == 1


def test_idempotency_key__after_a_day__is_forgotten(
    admin: Client, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    clock_at(now)
    post(admin)
    clock_at(now + timedelta(hours=24) - timedelta(seconds=1))
    assert post(admin).headers["Idempotency-Replayed"] == "true"
    clock_at(now + timedelta(hours=24))
    assert "Idempotency-Replayed" not in post(admin).headers
    assert ops_grants() == 2
    clock_at(now + timedelta(hours=48))
    post(admin, key="k-2")
    assert [kept.key for kept in KeptAnswer.objects.all()] == ["k-2"]


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 256, "ключ"])
def test_idempotency_key__of_a_wrong_form__400(admin: Client, key: str) -> None:
    answer = post(admin, key=key)
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency.key_malformed"
    assert ops_grants() == 0


def somebody_waits_for_us() -> bool:
    """Whether another connection waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT bool_or(pg_backend_pid() = ANY (pg_blocking_pids(pid))) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_idempotency_key__first_request_still_running__409_then_replay(cast: Cast, admin: Client) -> None:
    def first() -> Any:
        try:
            return post(admin)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=cast.alice.pk)
            running = pool.submit(first)
            deadline = time.monotonic() + 20
            while not somebody_waits_for_us():
                assert time.monotonic() < deadline, "the first request never reached the locked row"
                time.sleep(0.02)
            second = post(admin)
        answer = running.result(timeout=20)
    assert second.status_code == 409
    assert second.json()["code"] == "idempotency.in_flight"
    assert answer.status_code == 201
    third = post(admin)
    assert third.content == answer.content
    assert third.headers["Idempotency-Replayed"] == "true"
    assert ops_grants() == 1


@pytest.mark.django_db(transaction=True)
def test_idempotency_key__many_at_once__takes_effect_once(admin: Client) -> None:
    ready = threading.Barrier(6)

    def send() -> int:
        try:
            ready.wait(timeout=20)
            return int(post(admin).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = [future.result(timeout=60) for future in [pool.submit(send) for _ in range(6)]]
    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert ops_grants() == 1
