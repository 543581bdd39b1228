"""A finished deployment is verified against real services: what passes and what fails (§4.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from cybercube_portal import clock
from cybercube_portal.audit.models import Event, Intent
from cybercube_portal.audit.registry import Task
from cybercube_portal.audit.tasks import work_intent
from cybercube_portal.catalog.models import Service
from releases.actions.baseline import keep_baseline
from releases.actions.verification import VERIFY, fail_unverified
from releases.models import CheckResult, Deployment, Verification
from releases.reactions import READ_BASELINE
from releases.states import DeploymentState
from releases.tasks import read_baseline
from tests.audit.listener import Listener
from tests.factories import changes as story
from tests.factories.deployments import deployed
from tests.releases.outside import SickService
from tests.releases.verifying import GOOD, VERSION, found, says, state_of, told
from tests.releases.working import next_due, work

At = Callable[[datetime], datetime]


def test_finish__of_a_deployment__queues_its_verification(finished: Deployment) -> None:
    assert Verification.objects.values_list("number", "state", "queued_by").get() == (1, "queued", "alice")
    assert told("verification.queued") == 1


def test_verify__everything_is_well__healthy_with_four_results(finished: Deployment, service: SickService) -> None:
    work(VERIFY)

    assert state_of(finished) == "healthy"
    assert found() == {
        "health": ("pass", "health.ok"),
        "endpoint": ("pass", "endpoint.ok"),
        "error_rate": ("pass", "error_rate.below"),
        "latency_p99": ("pass", "latency_p99.below"),
    }
    assert Deployment.objects.get().observed_version == VERSION
    assert set(service.asked) == {"/health", "/api/v1/health"}
    (ended,) = Event.objects.filter(verb="verification.ended")
    assert ended.data["verdict"] == "pass"
    assert Verification.objects.get().state == "passed"


def test_verify__asks_prometheus_for_the_moment_and_how_old_the_sample_is(
    finished: Deployment, metrics: Listener, held: datetime, settings: Settings
) -> None:
    settings.PROMETHEUS_TOKEN = "s3cret"
    work(VERIFY)

    asked = sorted(request.split(b" ")[1].decode() for request in metrics.requests)
    assert asked[0] == (f"/api/v1/query?query=billing_service_error_rate_5m&time={held.timestamp():.3f}&timeout=2s")
    assert "query=timestamp%28billing_service_latency_p99_5m%29" in asked[3]
    assert all(b"Authorization: Bearer s3cret\r\n" in request for request in metrics.requests)


def test_verify__with_a_services_own_queries_and_thresholds__uses_them(
    finished: Deployment, metrics: Listener, held: datetime
) -> None:
    own = {"error_rate": "sum(rate(errors[5m]))", "latency_p99": "1000 * p99"}
    Service.objects.filter(slug="billing-service").update(metrics=own, thresholds={"error_rate": 0.0005})
    work(VERIFY)

    assert state_of(finished) == "failed"
    result = CheckResult.objects.get(kind="error_rate")
    assert (result.value, result.threshold, result.seen) == (0.001, 0.0005, {"query": own["error_rate"]})
    assert sorted(b"timestamp" in request for request in metrics.requests) == [False, False]


@pytest.mark.parametrize(
    ("sick", "code"),
    [
        ("version=v2.3.0", "health.other_version"),
        ("status=degraded", "health.not_healthy"),
        ("code=503", "health.not_ok"),
    ],
)
def test_verify__service_is_not_well__tries_until_it_should_have_settled_and_fails(
    finished: Deployment, service: SickService, clock_at: At, sick: str, code: str
) -> None:
    held = clock.now()
    what, _, value = sick.partition("=")
    setattr(service, what, int(value) if value.isdigit() else value)
    work(VERIFY)
    assert (state_of(finished), Verification.objects.get().state, found()) == ("verifying", "running", {})
    assert next_due(VERIFY, finished.reference) == held + timedelta(seconds=3)

    clock_at(held + timedelta(seconds=30))
    work(VERIFY)

    assert state_of(finished) == "failed"
    assert found()["health"] == ("fail", code)
    assert told("deployment.failed") == told("verification.ended") == 1


def test_verify__version_before_still_answers_for_a_moment__passes_once_it_is_gone(
    finished: Deployment, service: SickService, held: datetime, clock_at: At
) -> None:
    service.version = "v2.3.0"
    work(VERIFY)
    service.version = VERSION
    clock_at(held + timedelta(seconds=3))
    work(VERIFY)

    assert state_of(finished) == "healthy"
    assert CheckResult.objects.count() == 4


def test_verify__key_endpoint_hangs__fails_by_the_timeout(
    finished: Deployment, service: SickService, held: datetime, clock_at: At, settings: Settings
) -> None:
    settings.VERIFICATION_TIMEOUT = timedelta(seconds=0.3)
    settings.VERIFICATION_SETTLE = timedelta(0)
    service.hang = 30
    work(VERIFY)

    assert state_of(finished) == "failed"
    assert found()["health"] == found()["endpoint"] == ("fail", "outbound.timeout")
    assert found()["error_rate"][0] == "pass"


def test_verify__error_rate_is_1_percent__fails_at_once(
    finished: Deployment, metrics: Listener, held: datetime
) -> None:
    says(metrics, GOOD.replace("0.001", "0.01") % held.timestamp())
    work(VERIFY)
    assert state_of(finished) == "failed"
    assert "1 % is not below 1 %." in Deployment.objects.get().note


def test_verify__error_rate_was_bad_before_already__waits_until_the_five_minutes_show_the_new_version(
    finished: Deployment, metrics: Listener, held: datetime, clock_at: At
) -> None:
    Deployment.objects.update(baseline={"error_rate": 0.2})
    says(metrics, GOOD.replace("0.001", "0.2") % held.timestamp())
    work(VERIFY)
    assert state_of(finished) == "verifying"

    now = clock_at(held + timedelta(seconds=60))
    says(metrics, GOOD % now.timestamp())
    work(VERIFY)
    assert state_of(finished) == "healthy"


def test_verify__deployment_ended_meanwhile__writes_no_result(
    finished: Deployment, service: SickService, held: datetime
) -> None:
    fail_unverified(reference=finished.reference, reason="No", actor=story.actor("grace"), now=held)
    work(VERIFY)
    assert Verification.objects.get().state == "inconclusive"
    assert (found(), service.asked, told("verification.ended")) == ({}, [], 0)


def test_verify__worked_twice__counts_once(finished: Deployment) -> None:
    intent = Intent.objects.get(kind=VERIFY)
    for _ in range(2):
        work_intent(intent.pk)
    assert told("deployment.verified") == 1
    assert CheckResult.objects.count() == 4


def test_baseline__read_for_the_moment_it_started__kept_once(
    verifiable: None, metrics: Listener, held: datetime
) -> None:
    running = deployed(VERSION, at=held, state=DeploymentState.RUNNING)
    checked = read_baseline(Task(id=1, kind=READ_BASELINE, subject=running.reference), held + timedelta(hours=1))
    keep_baseline(reference=running.reference, checked=checked, now=held)
    keep_baseline(reference=running.reference, checked=[], now=held)
    kept = Deployment.objects.get().baseline
    assert (kept["error_rate"], kept["latency_p99"]) == (0.001, 0.001)
    assert f"time={held.timestamp():.3f}".encode() in metrics.requests[0]
