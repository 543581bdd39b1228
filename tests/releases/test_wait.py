"""GET gate/decisions/{id}/?wait=: held until it waits no more, for real, on threads of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.models import ChangeRequest
from cybercube_portal.catalog.models import Artifact
from releases.actions.gate import keep_answer, look_again
from releases.api import waiting
from tests.factories import changes as story
from tests.releases.asking import URL, Ask, blocking, evaluations
from tests.releases.conftest import NAMED

Hold = Callable[[datetime], datetime]


@pytest.fixture
def in_review(held: datetime, slot: datetime, artifact: Artifact, clock_at: Hold) -> ChangeRequest:
    """A change that only waits for its signature: submitted in time, its slot open."""
    change = story.in_review(now=held, scheduled_time=slot, artifacts=(NAMED,))
    clock_at(slot)
    return change


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=4) as threads:
        yield threads


def hold(pool: ThreadPoolExecutor, client: APIClient, url: str) -> Future[Any]:
    def get() -> Any:
        try:
            return client.get(url)
        finally:
            connections.close_all()

    return pool.submit(get)


@pytest.mark.django_db(transaction=True)
def test_wait__the_signature_arrives__answers_allow_under_the_same_id(
    ask: Ask, ci: APIClient, in_review: ChangeRequest, slot: datetime, pool: ThreadPoolExecutor
) -> None:
    asked = ask()
    assert (asked["decision"], blocking(asked)) == ("wait", {"change.in_review", "approval.seat_open"})

    held_call = hold(pool, ci, f"{URL}{asked['id']}/?wait=30")
    approve_change(number=in_review.number, actor=story.actor("bob"), now=slot)
    answer = held_call.result(timeout=20).json()

    assert (answer["id"], answer["decision"]) == (asked["id"], "allow")
    assert answer["token"]
    kept = evaluations().filter(decision=asked["id"]).values_list("outcome", flat=True)
    assert list(kept) == ["wait", "allow"]


@pytest.mark.django_db(transaction=True)
def test_wait__while_it_holds__no_transaction_is_open(
    ask: Ask, ci: APIClient, in_review: ChangeRequest, slot: datetime, pool: ThreadPoolExecutor
) -> None:
    asked = ask()
    held_call = hold(pool, ci, f"{URL}{asked['id']}/?wait=30")
    seen: set[str] = set()
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
            seen |= {state for (state,) in cursor.fetchall()}
    approve_change(number=in_review.number, actor=story.actor("bob"), now=slot)
    held_call.result(timeout=20)
    assert "idle in transaction" not in seen


@pytest.mark.usefixtures("in_review")
@pytest.mark.django_db(transaction=True)
def test_wait__nothing_changes__answers_wait_when_the_time_is_up(ask: Ask, ci: APIClient) -> None:
    asked = ask()
    answer = ci.get(f"{URL}{asked['id']}/?wait=1")
    assert (answer.status_code, answer.json()["decision"]) == (200, "wait")
    assert "Retry-After" not in answer.headers
    assert "token" not in answer.json()


@pytest.mark.usefixtures("in_review")
@pytest.mark.django_db(transaction=True)
def test_wait__more_callers_than_places__are_answered_at_once(
    ask: Ask, ci: APIClient, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    asked = ask()
    taken = threading.BoundedSemaphore(1)
    monkeypatch.setattr(waiting, "_places", taken)
    taken.acquire()
    answer = hold(pool, ci, f"{URL}{asked['id']}/?wait=30").result(timeout=15)
    assert (answer.json()["decision"], answer.headers["Retry-After"]) == ("wait", "5")
    taken.release()
    assert "Retry-After" not in ci.get(f"{URL}{asked['id']}/?wait=1").headers


@pytest.mark.usefixtures("in_review")
def test_look__strictly__is_403_while_it_waits(ask: Ask, ci: APIClient) -> None:
    asked = ask()
    answer = ci.get(f"{URL}{asked['id']}/?strict=1")
    assert (answer.status_code, answer.json()["decision"]) == (403, "wait")


def test_look__by_somebody_else__reads_the_log_and_gets_no_token(
    ask: Ask, api: Callable[..., APIClient], in_review: ChangeRequest, slot: datetime
) -> None:
    asked = ask()
    approve_change(number=in_review.number, actor=story.actor("bob"), now=slot)
    url = f"{URL}{asked['id']}/"
    assert api("alice", scopes=["gate"]).get(url).json()["decision"] == "wait"
    assert api("ci-payments", scopes=["gate"]).get(url).json()["token"]
    seen = api("alice", scopes=["gate"]).get(url).json()
    assert seen["decision"] == "allow"
    assert "token" not in seen


def test_look__a_decision_that_is_settled__stands_as_it_was_given(
    ask: Ask, ci: APIClient, in_review: ChangeRequest, slot: datetime, clock_at: Hold
) -> None:
    approve_change(number=in_review.number, actor=story.actor("bob"), now=slot)
    allowed = ask()
    clock_at(slot.replace(hour=20))
    again = ci.get(f"{URL}{allowed['id']}/").json()
    assert again == allowed
    assert evaluations().count() == 1


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize("query", ["wait=31", "wait=-1", "wait=soon", "wiat=3"])
def test_wait__of_another_form__is_400(ask: Ask, ci: APIClient, query: str) -> None:
    assert ci.get(f"{URL}{ask()['id']}/?{query}").status_code == 400


@pytest.mark.usefixtures("artifact")
def test_look__at_what_was_never_asked__is_404(ci: APIClient) -> None:
    missing = ci.get(f"{URL}00000000-0000-4000-8000-000000000000/")
    assert (missing.status_code, missing.json()["code"]) == (404, "gate.decision_unknown")
    assert ci.get(f"{URL}not-an-id/").status_code == 404


def test_keep__two_looked_at_once_and_the_other_was_first__its_answer_stands(
    ask: Ask, ci: APIClient, in_review: ChangeRequest, slot: datetime
) -> None:
    asked = ask()
    pipeline = story.actor("ci-payments")
    late = look_again(decision_id=UUID(asked["id"]), actor=pipeline, now=slot)
    approve_change(number=in_review.number, actor=story.actor("bob"), now=slot)
    assert ci.get(f"{URL}{asked['id']}/").json()["decision"] == "allow"

    kept = keep_answer(answer=late, actor=pipeline)

    assert (late.outcome, kept.outcome) == ("wait", "allow")
    assert list(evaluations().order_by("id").values_list("outcome", flat=True)) == ["wait", "allow"]


def test_look__the_signing_key_is_gone_when_it_would_allow__is_503_and_keeps_nothing(
    ask: Ask, ci: APIClient, in_review: ChangeRequest, slot: datetime, settings: Settings
) -> None:
    asked = ask()
    approve_change(number=in_review.number, actor=story.actor("bob"), now=slot)
    settings.SIGNING_KEY = "no key at all"
    refused = ci.get(f"{URL}{asked['id']}/")
    assert (refused.status_code, refused.json()["code"]) == (503, "gate.cannot_sign")
    assert evaluations().count() == 1
