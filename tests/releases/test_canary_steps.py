"""A canary goes on step by step: its pause, hard and soft freezes, and a deadline that nobody has to watch (§4.5, §6.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from celery import current_app
from django.db import connection

from changes.models import ChangeRequest, Freeze
from cybercube_portal.audit.actions.working import sweep_intents
from cybercube_portal.errors import MoveRefused
from releases.actions.deployments import advance_deployment, finish_deployment
from releases.models import Deployment
from releases.policy.deployment import DEFAULT_STEPS
from releases.states import DeploymentState, Method
from tests.audit.worker import Worker
from tests.factories import changes as story
from tests.factories import releases as lives

Hold = Callable[[datetime], datetime]
PAUSE = timedelta(seconds=300)


@pytest.fixture
def canary(approved: ChangeRequest, slot: datetime, clock_at: Hold) -> Deployment:
    """At 5 % since `slot`, where the clock is held."""
    clock_at(slot)
    return lives.started(at=slot, method=Method.CANARY)


def advance(deployment: Deployment, *, at: datetime) -> Deployment:
    return advance_deployment(reference=deployment.reference, actor=story.actor("ci-payments"), now=at)


def refused(deployment: Deployment, *, at: datetime) -> set[str]:
    """The codes that stand in the way of the next step."""
    with pytest.raises(MoveRefused) as error:
        advance(deployment, at=at)
    return {reason.code for reason in error.value.decision.blockers}


def test_steps__left_out__are_those_of_the_standard_and_end_at_the_last(canary: Deployment, slot: datetime) -> None:
    assert canary.steps == [dict(step) for step in DEFAULT_STEPS]
    assert refused(canary, at=slot + PAUSE - timedelta(seconds=1)) == {"deployment.step_pause"}

    moment = slot + PAUSE
    for weight in (25, 50, 100):
        with pytest.raises(MoveRefused):
            finish_deployment(
                reference=canary.reference, status="succeeded", actor=story.actor("ci-payments"), now=moment
            )
        moved = advance(canary, at=moment)
        assert moved.current_step is not None
        assert moved.current_step["weight"] == weight
        moment += timedelta(seconds=moved.current_step["pause_seconds"])
    assert refused(canary, at=moment) == {"deployment.no_step_left"}
    finished = finish_deployment(
        reference=canary.reference, status="succeeded", actor=story.actor("ci-payments"), now=moment
    )
    assert finished.state == DeploymentState.VERIFYING


def test_advance__a_hard_freeze_began__stops_and_a_soft_one_does_not(
    canary: Deployment, slot: datetime, freeze_from: Callable[..., Freeze]
) -> None:
    freeze_from(slot + PAUSE, hours=0.25, hard=True)
    assert refused(canary, at=slot + PAUSE) == {"freeze.covers_window"}
    after = slot + PAUSE + timedelta(minutes=15)
    freeze_from(after, hard=False)
    assert advance(canary, at=after).step == 1


@pytest.mark.parametrize(("verdict", "goes_on"), [("pass", True), ("fail", False), ("inconclusive", False)])
def test_advance__the_step_was_judged__goes_on_only_when_it_passed(
    canary: Deployment, slot: datetime, verdict: str, goes_on: bool
) -> None:
    judged = [{"step": 0, "verdict": verdict, "message": "2 % of requests fail."}]
    Deployment.objects.filter(pk=canary.pk).update(step_judgements=judged)
    if goes_on:
        assert advance(canary, at=slot + PAUSE).step == 1
    else:
        assert refused(canary, at=slot + PAUSE) == {"deployment.step_not_good"}


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker process that knows the portal's own work."""
    current_app.control.purge()
    process = Worker(include="cybercube_portal.audit.tasks")
    yield process
    process.kill()
    current_app.control.purge()


@pytest.mark.django_db(transaction=True)
def test_deadline__nobody_finished_it__a_worker_fails_it_and_the_place_is_free(
    worker: Worker, approved: ChangeRequest, held: datetime
) -> None:
    # Everything of this story lies in the past of the worker's own clock.
    running = lives.started("stg", at=held)
    worker.start()

    def is_over() -> bool:
        sweep_intents(now=story_now())
        return bool(Deployment.objects.get(pk=running.pk).state == DeploymentState.FAILED)

    worker.until(is_over)
    worker.stop()
    failed = Deployment.objects.get(pk=running.pk)
    assert failed.note == "Nobody finished it in time."
    assert lives.asked("stg", at=held + timedelta(days=1)).outcome == "allow"


def story_now() -> datetime:
    """The database's clock, which the worker reads too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]
