"""Thirty minutes of watching a production deployment, by a real Prometheus that scrapes a service which gets sick (§5.3, §8.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from cybercube_portal import clock
from cybercube_portal.audit.models import Delivery, Event
from cybercube_portal.audit.registry import Task
from cybercube_portal.catalog.models import Service
from releases.actions.baseline import keep_baseline
from releases.actions.deadlines import WATCH
from releases.actions.deployments import finish_deployment
from releases.actions.verification import VERIFY
from releases.actions.watch import give_up_watch, take_sample
from releases.checks import CHECKS, Checked
from releases.models import Deployment, WatchSample
from releases.policy.readings import Answered
from releases.policy.verification import Finding, judge_health, judge_metric
from releases.reactions import ASK_ON_CALL, READ_BASELINE
from releases.states import CheckKind, DeploymentState, Verdict
from releases.tasks import look_at_watched, read_baseline
from tests.factories import changes as story
from tests.factories.deployments import deployed
from tests.releases.outside import Prometheus, SickService
from tests.releases.working import next_due, work

OLD, NEW = "v2.3.0", "v2.3.1"
ERRORS, LATENCY = "billing_service_error_rate_5m", "billing_service_latency_p99_5m"
HOUR, MINUTE, STEP = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=30)
At = Callable[[datetime], datetime]


def told(verb: str) -> list[Event]:
    return list(Event.objects.filter(verb=verb).order_by("pk"))


def state_of(deployment: Deployment) -> str:
    return str(Deployment.objects.get(pk=deployment.pk).state)


class Real:
    """A watch of v2.3.1 with everything real; its clock runs as this machine's does."""

    def __init__(self, service: SickService, prometheus: Prometheus) -> None:
        self.service, self.prometheus = service, prometheus
        now = clock.now()
        deployed(OLD, at=now - 24 * HOUR)
        running = deployed(NEW, at=now, state=DeploymentState.RUNNING)
        finish_deployment(reference=running.reference, status="succeeded", actor=story.actor("alice"), now=now)
        self.deployment = running

    def says(self, **figures: float) -> None:
        """The service is like this from now on, and Prometheus knows."""
        vars(self.service).update(figures)
        self.prometheus.until_it_says(ERRORS, self.service.error_rate)
        self.prometheus.until_it_says(LATENCY, self.service.latency_p99)

    def sample(self) -> WatchSample:
        """One look, as if it were due."""
        reference = self.deployment.reference
        task, now = Task(id=1, kind=WATCH, subject=reference), clock.now()
        take_sample(reference=reference, checked=look_at_watched(task, now), now=now)
        return WatchSample.objects.latest("id")


@pytest.fixture
def real(_shop: None, settings: Settings, tmp_path: Path) -> Iterator[Real]:
    with closing(SickService(version=NEW)) as service, closing(Prometheus(tmp_path, service.port)) as prometheus:
        settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"),)
        settings.PROMETHEUS_URL = prometheus.url
        settings.VERIFICATION_SETTLE = timedelta(0)
        Service.objects.update(urls={"prd": service.url}, allowed_hosts=["127.0.0.1"])
        prometheus.until_it_says(ERRORS, service.error_rate)
        prometheus.until_it_says(LATENCY, service.latency_p99)
        yield Real(service, prometheus)


def test_watch__service_gets_sick_while_prometheus_looks__alerts_then_rolls_back(real: Real) -> None:
    work(VERIFY)
    assert state_of(real.deployment) == "healthy"
    Deployment.objects.filter(pk=real.deployment.pk).update(baseline={"latency_p99": 120.0})

    assert real.sample().findings == []
    real.says(error_rate=0.03, latency_p99=300)
    assert real.sample().findings == ["errors_over_1", "latency_over_2x"]
    assert real.sample().findings == ["errors_over_1", "latency_over_2x"]
    (alert,) = told("deployment.alerted")
    assert alert.data["findings"] == ["errors_over_1", "latency_over_2x"]
    real.says(error_rate=0.0501)
    last = real.sample()

    assert last.findings == ["errors_over_5", "latency_over_2x"]
    assert (last.error_rate, last.latency_p99, last.is_healthy) == (0.0501, 300.0, True)
    assert state_of(real.deployment) == "rolling_back"
    back = Deployment.objects.get(rolls_back=real.deployment)
    assert (back.version, back.rollback.trigger, back.rollback.is_automatic) == (OLD, "error_rate", True)
    assert back.note == "The error rate is 5.01 %, above 5 %."
    assert real.sample() == last


def test_verify__exporter_falls_silent__is_inconclusive_by_a_real_prometheus(real: Real) -> None:
    real.service.exported = False
    real.prometheus.until_it_says(ERRORS, None)
    work(VERIFY)
    result = {row.kind: row.code for row in real.deployment.verifications.get().results.all()}
    assert (result["error_rate"], result["latency_p99"]) == ("metric.empty", "metric.empty")
    assert state_of(real.deployment) == "verifying"


def test_verify__scraping_stopped_minutes_ago__is_stale_by_a_real_prometheus(real: Real) -> None:
    """Prometheus dates an answer by the question and looks back five minutes: only the sample's own age tells."""
    real.prometheus.until_it_says(f"timestamp({ERRORS}) > bool 0", 1)
    at = clock.now()
    with clock.fixed_at(at + timedelta(seconds=150)):
        work(VERIFY)
    result = {row.kind: row.code for row in real.deployment.verifications.get().results.all()}
    assert (result["error_rate"], result["latency_p99"]) == ("metric.stale", "metric.stale")


def test_verify__queries_that_prometheus_refuses_or_that_give_many__are_inconclusive(real: Real) -> None:
    Service.objects.update(metrics={"error_rate": "rate(", "latency_p99": '{__name__=~"billing_.*"}'})
    work(VERIFY)
    result = {row.kind: row.code for row in real.deployment.verifications.get().results.all()}
    assert (result["error_rate"], result["latency_p99"]) == ("metric.query_refused", "metric.many")


def test_verify__expressions__are_read_as_their_one_value(real: Real) -> None:
    Service.objects.update(metrics={"error_rate": f"sum({ERRORS})", "latency_p99": f"scalar({LATENCY}) * 2"})
    work(VERIFY)
    values = {row.kind: row.value for row in real.deployment.verifications.get().results.all()}
    assert (values["error_rate"], values["latency_p99"]) == (0.001, 240.0)
    assert state_of(real.deployment) == "healthy"


def test_baseline__of_a_deployment__is_what_prometheus_knew_when_it_started(real: Real) -> None:
    started = deployed("v2.4.0", at=clock.now(), state=DeploymentState.RUNNING, environment="stg")
    keep_baseline(
        reference=started.reference,
        checked=read_baseline(Task(id=1, kind=READ_BASELINE, subject=started.reference), clock.now()),
        now=clock.now(),
    )
    kept = Deployment.objects.get(pk=started.pk).baseline
    assert (kept["error_rate"], kept["latency_p99"]) == (0.001, 120.0)


# The rest is about time: samples are made up, the clock is held.


@pytest.fixture
def watched(held: datetime) -> Deployment:
    """v2.3.1, healthy in production since now, v2.3.0 before it."""
    deployed(OLD, at=held - 24 * HOUR, watched_at=held - 23 * HOUR)
    return deployed(NEW, at=held, baseline={"latency_p99": 100.0})


def seen(*, errors: float | None = 0.001, p99: float | None = 100.0, health: str = "ok") -> tuple[Checked, ...]:
    """What the three checks find."""
    verdict = {"ok": Verdict.PASS, "bad": Verdict.FAIL, "?": Verdict.INCONCLUSIVE}[health]
    made = [Finding(kind=CheckKind.HEALTH, verdict=verdict, code="health.ok", message=f"Health is {health}.")]
    for kind, value in ((CheckKind.ERROR_RATE, errors), (CheckKind.LATENCY_P99, p99)):
        made.append(
            Finding(kind=kind, verdict=Verdict.INCONCLUSIVE, code="metric.empty", message="There is no such series.")
            if value is None
            else judge_metric(kind, value, threshold=1)
        )
    return tuple(Checked(finding, 0.01) for finding in made)


def look(deployment: Deployment, now: datetime, **what: float | str | None) -> datetime | None:
    return take_sample(reference=deployment.reference, checked=seen(**what), now=now)  # type: ignore[arg-type]


def findings() -> list[list[str]]:
    return [sample.findings for sample in WatchSample.objects.order_by("id")]


def test_watch__passes_in_production__is_promised_for_half_an_hour(watched: Deployment, held: datetime) -> None:
    assert watched.watch_until == held + 30 * MINUTE
    assert next_due(WATCH, watched.reference) == held


def test_watch__outside_production__is_not_made(held: datetime) -> None:
    staged = deployed(NEW, at=held, environment="stg")
    assert staged.watch_until is None
    assert look(staged, held) is None
    assert findings() == []


def test_watch__all_is_well__every_half_minute_until_it_ends(watched: Deployment, held: datetime) -> None:
    now: datetime | None = held
    looks, last = 0, held
    while now is not None:
        looks += 1
        last, now = now, look(watched, now)

    assert (looks, last) == (61, held + 30 * MINUTE)
    assert Deployment.objects.get(pk=watched.pk).watched_at == last
    assert len(told("deployment.watched")) == 1
    assert told("deployment.alerted") == []


def test_watch__worker_came_an_hour_late__ends_with_one_more_sample(watched: Deployment, held: datetime) -> None:
    assert look(watched, held + HOUR) is None
    assert len(findings()) == 1
    assert Deployment.objects.get(pk=watched.pk).watched_at == held + HOUR


def test_watch__5_percent_exactly__alerts_and_never_rolls_back(watched: Deployment, held: datetime) -> None:
    look(watched, held, errors=0.05)
    assert state_of(watched) == "healthy"
    assert findings() == [["errors_over_1"]]


def test_watch__each_row_of_the_matrix__is_told_once(watched: Deployment, held: datetime, clock_at: At) -> None:
    for number, what in enumerate(
        ({"errors": 0.02}, {"errors": 0.02, "p99": 250.0}, {}, {"errors": 0.03, "p99": 250.0})
    ):
        look(watched, held + number * STEP, **what)

    assert [event.data["findings"] for event in told("deployment.alerted")] == [["errors_over_1"], ["latency_over_2x"]]
    assert Deployment.objects.get(pk=watched.pk).alerted_at == held
    clock_at(held + HOUR)
    work(ASK_ON_CALL)
    mails = Delivery.objects.filter(about=watched.reference)
    assert sorted(mails.values_list("target", flat=True)) == sorted(["grace@example.com", "heidi@example.com"] * 2)
    assert "needs you" in mails[0].subject


def test_watch__health_fails_three_times_in_a_row__rolls_back(watched: Deployment, held: datetime) -> None:
    for number, health in enumerate(("bad", "bad", "ok", "bad", "?", "bad")):
        look(watched, held + number * STEP, health=health)
        assert state_of(watched) == "healthy"
    look(watched, held + 6 * STEP, health="bad")

    assert state_of(watched) == "rolling_back"
    assert Deployment.objects.get(rolls_back=watched).rollback.trigger == "health"


def test_watch__nothing_can_be_read__on_call_is_told_after_three_and_nothing_is_rolled_back(
    watched: Deployment, held: datetime
) -> None:
    for number in range(4):
        look(watched, held + number * STEP, errors=None, p99=None, health="?")
    assert findings() == [[], [], ["unreadable"], ["unreadable"]]
    assert (len(told("deployment.alerted")), state_of(watched)) == (1, "healthy")


def test_watch__nothing_to_go_back_to__on_call_is_told_instead(held: datetime) -> None:
    first = deployed(NEW, at=held)
    assert look(first, held, errors=0.2) == held + STEP
    assert state_of(first) == "healthy"
    (alert,) = told("deployment.alerted")
    assert alert.data["findings"] == ["errors_over_5"]


def test_watch__of_a_rollback__never_goes_back_by_itself(watched: Deployment, held: datetime) -> None:
    Deployment.objects.filter(pk=watched.pk).update(action="rollback")
    look(watched, held, errors=0.2)
    assert state_of(watched) == "healthy"
    assert len(told("deployment.alerted")) == 1


def test_watch__a_newer_deployment_is_under_way__nothing_is_judged(watched: Deployment, held: datetime) -> None:
    newer = deployed("v2.3.2", at=held, state=DeploymentState.RUNNING)
    assert look(watched, held, errors=0.2) == held + STEP
    sample = WatchSample.objects.get()
    assert sample.findings == []
    assert newer.reference in sample.message
    assert state_of(watched) == "healthy"


def test_watch__a_newer_deployment_is_healthy__ends(watched: Deployment, held: datetime) -> None:
    deployed("v2.3.2", at=held)
    assert look(watched, held + STEP) is None
    assert Deployment.objects.get(pk=watched.pk).watched_at == held + STEP
    assert findings() == []


def test_watch__another_version_answers__is_no_failing_health_check(watched: Deployment, held: datetime) -> None:
    health = judge_health(Answered(200, b'{"status": "ok", "version": "v9.9.9"}'), expected=NEW)
    checked = (Checked(health, 0.01), *seen()[1:])
    take_sample(reference=watched.reference, checked=checked, now=held)
    sample = WatchSample.objects.get()
    assert (sample.is_healthy, sample.observed_version) == (True, "v9.9.9")
    assert "v9.9.9 answers instead of v2.3.1." in sample.message


def test_watch__cannot_be_kept__on_call_is_told_and_it_ends(watched: Deployment, held: datetime) -> None:
    give_up_watch(reference=watched.reference, error="No thread left", now=held)
    give_up_watch(reference=watched.reference, error="No thread left", now=held)
    assert len(told("deployment.alerted")) == len(told("deployment.watched")) == 1


def test_checks__every_kind__has_one_file() -> None:
    assert set(CHECKS) == set(CheckKind)
