"""Promised work: claimed once, settled together with what it wrote, refused to a late worker (reliability.md section 1)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from cybercube_portal.audit.actions import open_intent, record
from cybercube_portal.audit.actions.tidying import tidy_finished_work
from cybercube_portal.audit.actions.working import (
    FenceLost,
    claim_intent,
    excuse_intent,
    retry_intent,
    settle_intent,
    sweep_intents,
)
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.models import Event, Intent
from cybercube_portal.audit.registry import Again, Task, register_intent
from cybercube_portal.audit.requests import current_request_id, request_id_bound
from cybercube_portal.audit.selectors.work import CANARY, oldest_unclaimed_intent_seconds, open_intents
from cybercube_portal.audit.states import IntentState
from cybercube_portal.audit.tasks import work_intent
from cybercube_portal.errors import MoveRefused

AT = datetime(2026, 1, 17, 14, 5, tzinfo=UTC)
LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.usefixtures("own_registry")


def write(task: Task, now: datetime, *gathered: Any) -> None:
    record(
        "work.done",
        object_type="test",
        object_id=task.subject,
        subjects=[],
        actor=SYSTEM,
        at=now,
        data={"gathered": gathered},
    )


def opened(kind: str = "work", **facts: Any) -> Intent:
    with transaction.atomic():
        return open_intent(kind, "subject", at=AT, **facts)


def claimed(intent: Intent, *, now: datetime = AT) -> Task:
    task = claim_intent(intent.pk, now=now)
    assert task is not None
    return task


def state(intent: Intent) -> tuple[str, int, str]:
    found: tuple[str, int, str] = Intent.objects.values_list("state", "failures", "last_error").get(pk=intent.pk)
    return found


def done() -> list[str]:
    return list(Event.objects.order_by("id").values_list("verb", flat=True))


@pytest.mark.django_db
def test_work__handler_ends__done_together_with_what_it_wrote() -> None:
    register_intent("work", write, gather=lambda task, _now: {"asked": task.subject})
    intent = opened(payload={"n": 1})
    task = claimed(intent)
    assert (task.kind, task.subject, task.payload, task.attempt) == ("work", "subject", {"n": 1}, 1)
    settle_intent(task, {"asked": "x"}, now=AT + SECOND)
    intent = Intent.objects.get()
    assert (intent.state, intent.finished_at, intent.lease_until) == (IntentState.DONE, AT + SECOND, None)
    assert Event.objects.get().data == {"gathered": [{"asked": "x"}]}


@pytest.mark.django_db
def test_claim__lease_running__nobody_else_gets_it_until_it_ran_out() -> None:
    register_intent("work", write, lease=LEASE)
    intent = opened()
    late = claimed(intent)
    assert claim_intent(intent.pk, now=AT + LEASE - SECOND) is None
    next_one = claimed(intent, now=AT + LEASE)
    assert (late.attempt, next_one.attempt) == (1, 2)

    settle_intent(next_one, now=AT + LEASE)
    with pytest.raises(FenceLost):
        settle_intent(late, now=AT + LEASE)
    with pytest.raises(FenceLost):
        excuse_intent(late, ValueError(), now=AT + LEASE)
    assert done() == ["work.done"]
    assert state(intent)[0] == IntentState.DONE


@pytest.mark.django_db
def test_settle__taken_over_and_still_running__late_worker_writes_nothing() -> None:
    register_intent("work", write, lease=LEASE)
    intent = opened()
    late = claimed(intent)
    claimed(intent, now=AT + LEASE)
    with pytest.raises(FenceLost):
        settle_intent(late, now=AT + LEASE)
    assert done() == []
    assert state(intent)[0] == IntentState.RUNNING


@pytest.mark.django_db(transaction=True)
def test_claim__eight_workers_at_once__exactly_one_gets_it() -> None:
    register_intent("work", write)
    intents = [opened() for _ in range(10)]
    start = Barrier(8)

    def claim_all() -> int:
        try:
            start.wait()
            return sum(claim_intent(intent.pk, now=AT) is not None for intent in intents)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        won = [future.result() for future in [pool.submit(claim_all) for _ in range(8)]]
    assert sum(won) == 10
    assert set(Intent.objects.values_list("attempt", flat=True)) == {1}


@pytest.mark.django_db
def test_work__handler_fails__rolled_back_paused_longer_each_time_then_given_up() -> None:
    given_up: list[str] = []

    def write_and_fail(task: Task, now: datetime) -> None:
        write(task, now)
        raise ValueError("the other side said no")

    def give_up(task: Task, now: datetime, error: str) -> None:
        given_up.append(error)
        record("work.given_up", object_type="test", object_id=task.subject, subjects=[], actor=SYSTEM, at=now)

    register_intent("work", write_and_fail, give_up=give_up, tries=3)
    intent = opened()
    now, pauses = AT, []
    for _ in range(3):
        task = claimed(intent, now=now)
        with pytest.raises(ValueError, match="said no"):
            settle_intent(task, now=now)
        excuse_intent(task, ValueError("the other side said no"), now=now)
        due = Intent.objects.get().not_before
        pauses.append((due - now).total_seconds())
        assert claim_intent(intent.pk, now=due - SECOND) is None
        now = due
    assert pauses[:2] == [5, 10]
    assert state(intent) == (IntentState.FAILED, 2, "ValueError: the other side said no")
    assert given_up == ["ValueError: the other side said no"]
    assert done() == ["work.given_up", "intent.failed"]
    failed = Event.objects.get(verb="intent.failed")
    assert (failed.subjects, failed.data["attempts"]) == ([str(intent.pk), "subject"], 3)


@pytest.mark.django_db
@pytest.mark.parametrize("running", ["waiting", "left by a dead worker"])
def test_claim__deadline_passed__given_up_whoever_asks(running: str) -> None:
    ended: list[str] = []
    register_intent("work", write, give_up=lambda _task, _now, error: ended.append(error), lease=LEASE)
    intent = opened(deadline=AT + 2 * LEASE, not_before=AT if running != "waiting" else AT + 3 * LEASE)
    if running != "waiting":
        claimed(intent)
    assert sweep_intents(now=AT + 2 * LEASE) == 1
    assert claim_intent(intent.pk, now=AT + 2 * LEASE) is None
    assert (ended, state(intent)[0], done()) == (["Its deadline passed."], IntentState.FAILED, ["intent.failed"])


@pytest.mark.django_db
def test_work__handler_wants_again__waits_and_comes_back_with_failures_forgotten() -> None:
    register_intent("work", lambda task, now: Again(now + timedelta(minutes=5)) if task.attempt < 3 else None)
    intent = opened()
    excuse_intent(claimed(intent), ValueError("once"), now=AT)
    now = AT + timedelta(seconds=5)
    settle_intent(claimed(intent, now=now), now=now)
    assert state(intent) == (IntentState.WAITING, 0, "")
    assert claim_intent(intent.pk, now=now) is None
    later = now + timedelta(minutes=5)
    settle_intent(claimed(intent, now=later), now=later)
    assert state(intent)[0] == IntentState.DONE


@pytest.mark.django_db
def test_claim__kind_unknown_here__left_for_a_worker_that_knows_it() -> None:
    intent = opened("from_a_newer_version")
    assert claim_intent(intent.pk, now=AT) is None
    assert state(intent)[0] == IntentState.WAITING


@pytest.mark.django_db
def test_open__same_key_while_open__one_row_and_a_new_one_after_it_closed() -> None:
    register_intent("work", write)
    first = opened(dedupe_key="release-1")
    assert opened(dedupe_key="release-1").pk == first.pk
    assert opened(dedupe_key="release-2").pk != first.pk
    assert opened("other", dedupe_key="release-1").pk != first.pk
    settle_intent(claimed(first), now=AT)
    assert opened(dedupe_key="release-1").pk != first.pk
    assert [intent.kind for intent in open_intents(subject="subject")] == ["work", "other", "work"]


@pytest.mark.django_db
def test_open__the_one_with_the_key_closes_in_between__a_new_one_is_written() -> None:
    register_intent("work", write)
    first = opened(dedupe_key="release-1")
    closing = [first]

    def close_before_the_look(execute: Any, sql: str, *more: Any) -> Any:
        if closing and sql.startswith("SELECT"):
            settle_intent(claimed(closing.pop()), now=AT)
        return execute(sql, *more)

    with connection.execute_wrapper(close_before_the_look):
        second = opened(dedupe_key="release-1")
    assert (state(first)[0], state(second)[0], first.pk != second.pk) == ("done", "waiting", True)


@pytest.mark.django_db(transaction=True)
def test_open__outside_a_transaction__refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        open_intent("work", "subject", at=AT)


@pytest.mark.django_db
def test_sweep__row_due__rung_once_and_again_only_after_a_while() -> None:
    register_intent("work", write, lease=LEASE)
    opened(not_before=AT + timedelta(days=40))
    intent = opened()
    assert sweep_intents(now=AT + SECOND) == 0, "its own doorbell rang when it was opened"
    assert sweep_intents(now=AT + 15 * SECOND) == 1
    assert sweep_intents(now=AT + 20 * SECOND) == 0
    claimed(intent, now=AT + 20 * SECOND)
    assert sweep_intents(now=AT + 20 * SECOND + LEASE - SECOND) == 0
    assert sweep_intents(now=AT + 20 * SECOND + LEASE) == 1
    assert sweep_intents(now=AT + timedelta(days=40)) == 2


@pytest.mark.django_db
def test_metric__oldest_unclaimed__counts_waiting_and_left_behind() -> None:
    register_intent("work", write, lease=LEASE)
    assert oldest_unclaimed_intent_seconds(now=AT) == 0
    opened(not_before=AT + timedelta(days=1))
    intent = opened()
    assert oldest_unclaimed_intent_seconds(now=AT + timedelta(seconds=42)) == 42
    claimed(intent, now=AT + timedelta(seconds=42))
    assert oldest_unclaimed_intent_seconds(now=AT + timedelta(seconds=50)) == 0
    assert oldest_unclaimed_intent_seconds(now=AT + timedelta(seconds=42) + LEASE + 7 * SECOND) == 7


@pytest.mark.django_db
def test_retry__failed_intent__works_again_and_no_other_state_can() -> None:
    register_intent("work", write, tries=1)
    intent = opened()
    with pytest.raises(MoveRefused):
        retry_intent(intent.pk, now=AT)
    excuse_intent(claimed(intent), ValueError("no"), now=AT)
    retry_intent(intent.pk, now=AT + SECOND)
    settle_intent(claimed(intent, now=AT + SECOND), now=AT + SECOND)
    assert state(intent) == (IntentState.DONE, 0, "")


@pytest.mark.django_db
@pytest.mark.parametrize("target", ["done", "failed", "waiting"])
def test_move_intent__past_the_table_by_sql__database_refuses(target: str) -> None:
    register_intent("work", write)
    intent = opened()
    settle_intent(claimed(intent), now=AT)
    if target == "done":
        with pytest.raises(DatabaseError), transaction.atomic():
            Intent.objects.create(kind="work", subject="s", created_at=AT, not_before=AT, state=IntentState.DONE)
        return
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Intent.objects.filter(pk=intent.pk).update(state=target)


@pytest.mark.django_db
def test_task__handler_raises__excused_with_the_request_id_of_the_promise(
    clock_at: Callable[[datetime], datetime],
) -> None:
    clock_at(AT)
    seen: list[str] = []

    def look(_task: Task, _now: datetime) -> None:
        seen.append(current_request_id())
        raise ValueError("no")

    register_intent("work", look)
    with request_id_bound("request-0001"):
        intent = opened()
    work_intent(intent.pk)
    work_intent(intent.pk)
    assert seen == ["request-0001"]
    assert state(intent) == (IntentState.WAITING, 1, "ValueError: no")


@pytest.mark.django_db
def test_task__taken_over_meanwhile__result_refused_without_a_trace(clock_at: Callable[[datetime], datetime]) -> None:
    clock_at(AT)
    register_intent("work", write, gather=lambda task, _now: claim_intent(task.id, now=AT + LEASE), lease=LEASE)
    intent = opened()
    work_intent(intent.pk)
    assert done() == []
    assert Intent.objects.get().attempt == 2


@pytest.mark.django_db
def test_tidy__finished_long_ago__gone_and_failed_ones_kept() -> None:
    register_intent("work", write, tries=1)
    canary, old, failed = opened(CANARY), opened(), opened()
    settle_intent(claimed(canary), now=AT)
    settle_intent(claimed(old), now=AT)
    excuse_intent(claimed(failed), ValueError(), now=AT)
    tidy_finished_work(now=AT + timedelta(days=2))
    assert set(Intent.objects.values_list("pk", flat=True)) == {old.pk, failed.pk}
    tidy_finished_work(now=AT + timedelta(days=31))
    assert set(Intent.objects.values_list("pk", flat=True)) == {failed.pk}
