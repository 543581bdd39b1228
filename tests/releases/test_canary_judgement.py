"""A canary's step is judged by what Prometheus says while it lasts, and goes no further while it looks bad (§4.5, R13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from cybercube_portal.audit.models import Intent
from releases.actions.canary import JUDGE_STEP, promise_judgement
from releases.actions.deployments import advance_deployment
from releases.models import Deployment
from releases.policy import deployment as policy
from releases.policy.deployment import DEFAULT_STEPS
from releases.states import DeploymentState, Method
from tests.audit.listener import Listener
from tests.factories import changes as story
from tests.factories.deployments import deployed
from tests.releases.verifying import GOOD, VERSION, says, told
from tests.releases.working import work

At = Callable[[datetime], datetime]


@pytest.fixture
def canary(verifiable: None, held: datetime) -> Deployment:
    """At its first step, 5 % for five minutes, in staging."""
    steps: dict[str, Any] = {
        "method": Method.CANARY,
        "steps": [dict(step) for step in DEFAULT_STEPS],
        "stepped_at": held,
    }
    row = deployed(VERSION, at=held, state=DeploymentState.RUNNING, environment="stg", **steps)
    with transaction.atomic():
        promise_judgement(row, at=held)
    return row


def judged(deployment: Deployment) -> list[dict[str, Any]]:
    return list(Deployment.objects.get(pk=deployment.pk).step_judgements)


def look(metrics: Listener, now: datetime, errors: str) -> None:
    says(metrics, GOOD.replace("0.001", errors) % now.timestamp())
    work(JUDGE_STEP)


def test_step__looks_good__is_judged_every_half_minute_and_goes_on(
    canary: Deployment, metrics: Listener, held: datetime, clock_at: At
) -> None:
    look(metrics, held, "0.001")
    assert judged(canary) == []
    for seconds in (30, 60):
        look(metrics, clock_at(held + timedelta(seconds=seconds)), "0.001")
    (judgement,) = judged(canary)
    assert (judgement["step"], judgement["weight"], judgement["verdict"]) == (0, 5, "pass")
    assert judgement["at"] == (held + timedelta(seconds=60)).isoformat()

    now = clock_at(held + timedelta(minutes=5))
    advance_deployment(reference=canary.reference, actor=story.actor("alice"), now=now)
    promised = Intent.objects.filter(kind=JUDGE_STEP).latest("id")
    assert (promised.payload, promised.not_before) == ({"step": 1}, now + timedelta(seconds=30))


def test_step__looks_bad__holds_it_until_it_looks_good_and_on_call_is_told_once(
    canary: Deployment, metrics: Listener, held: datetime, clock_at: At
) -> None:
    for seconds in (30, 60):
        look(metrics, clock_at(held + timedelta(seconds=seconds)), "0.01")
    assert told("deployment.alerted") == 1
    blocked = policy.is_step_good(judged(canary), step=0)
    assert [reason.code for reason in blocked.blockers] == ["deployment.step_not_good"]
    assert "1 % is not below 1 %." in blocked.blockers[0].message

    look(metrics, clock_at(held + timedelta(seconds=90)), "0.001")
    assert policy.is_step_good(judged(canary), step=0).allowed


def test_step__metrics_cannot_be_read__holds_it(
    canary: Deployment, metrics: Listener, held: datetime, clock_at: At
) -> None:
    look(metrics, clock_at(held + timedelta(seconds=30)), "NaN")
    assert judged(canary)[0]["verdict"] == "inconclusive"
    assert not policy.is_step_good(judged(canary), step=0).allowed


def test_step__without_prometheus__is_not_judged(
    canary: Deployment, settings: Settings, held: datetime, clock_at: At
) -> None:
    settings.PROMETHEUS_URL = ""
    clock_at(held + timedelta(seconds=30))
    work(JUDGE_STEP)
    assert judged(canary) == []
    assert not Intent.objects.filter(kind=JUDGE_STEP, state="waiting").exists()
