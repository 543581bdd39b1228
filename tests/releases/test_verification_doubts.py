"""What cannot be read never passes: it stays verifying, on-call is told and decides (§4.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Delivery
from cybercube_portal.catalog.models import Service
from cybercube_portal.errors import MoveRefused
from releases.actions.verification import VERIFY, fail_unverified, verify_deployment
from releases.models import Deployment, Verification
from tests.audit.listener import Listener
from tests.factories import changes as story
from tests.releases.outside import SickService, free_port
from tests.releases.verifying import GOOD, found, says, state_of, told
from tests.releases.working import work

At = Callable[[datetime], datetime]


BODIES = [
    ("NaN", "200 OK", GOOD.replace("0.001", "NaN")),
    ("-Inf", "200 OK", GOOD.replace("0.001", "-Inf")),
    ("empty", "200 OK", '{"status":"success","data":{"resultType":"vector","result":[]}}'),
    ("422", "422 Unprocessable Entity", '{"status":"error","errorType":"execution","error":"many-to-many"}'),
    ("HTML", "200 OK", "<html>Log in</html>"),
    ("500", "500 Internal Server Error", "oops"),
]


@pytest.mark.parametrize(("status", "body"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_verify__metrics_cannot_be_read__stays_verifying_and_on_call_is_told(
    finished: Deployment, metrics: Listener, held: datetime, status: str, body: str
) -> None:
    says(metrics, body % held.timestamp() if "%s" in body else body, status)
    work()

    assert state_of(finished) == "verifying"
    assert Verification.objects.get().state == "inconclusive"
    assert {verdict for verdict, _ in found().values()} == {"pass", "inconclusive"}
    assert told("deployment.doubted") == 1
    mailed = Delivery.objects.filter(about=finished.reference)
    assert set(mailed.values_list("target", flat=True)) == {"grace@example.com", "heidi@example.com"}


def test_verify__prometheus_is_down__inconclusive(finished: Deployment, settings: Settings) -> None:
    settings.PROMETHEUS_URL = f"http://127.0.0.1:{free_port()}"
    work(VERIFY)
    assert state_of(finished) == "verifying"
    assert found()["error_rate"] == ("inconclusive", "metric.unreachable")


def test_verify__nothing_is_set_up__inconclusive_and_says_what_to_set(finished: Deployment, settings: Settings) -> None:
    settings.PROMETHEUS_URL = ""
    Service.objects.update(urls={})
    work(VERIFY)

    assert state_of(finished) == "verifying"
    assert {verdict for verdict, _ in found().values()} == {"inconclusive"}
    message = Verification.objects.get().message
    assert "CYBERCUBE_PROMETHEUS_URL" in message
    assert "urls.prd" in message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}",
        "http://169.254.169.254",
        "http://[::ffff:127.0.0.1]:{port}",
        "http://2130706433:{port}",
        "http://[fd00:ec2::254]",
    ],
)
def test_verify__address_that_is_not_allowed__nothing_is_sent_and_nothing_passes(
    finished: Deployment, service: SickService, settings: Settings, url: str
) -> None:
    settings.OUTBOUND_NETWORKS = ()
    address = url.format(port=service.port)
    Service.objects.update(
        urls={"prd": address},
        allowed_hosts=["127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "2130706433", "fd00:ec2::254"],
    )
    work(VERIFY)

    assert state_of(finished) == "verifying"
    assert found()["health"] == ("inconclusive", "outbound.address_refused")
    assert service.asked == []


def test_verify__host_nobody_registered__nothing_is_sent(finished: Deployment, service: SickService) -> None:
    Service.objects.update(allowed_hosts=["billing.example.com"])
    work(VERIFY)
    assert found()["endpoint"] == ("inconclusive", "outbound.host_not_registered")
    assert service.asked == []


def test_verify_again__after_a_doubt__counts_and_the_first_stays(
    finished: Deployment, metrics: Listener, held: datetime, api: Callable[..., APIClient]
) -> None:
    says(metrics, "<html>")
    work(VERIFY)
    says(metrics, GOOD % held.timestamp())
    pipeline = api("ci-payments", scopes=["deployments"])
    url = f"/api/v1/deployments/{finished.reference}/"

    answer = pipeline.post(f"{url}verify/")
    assert answer.status_code == 200, answer.content
    assert answer.json()["verification"]["verdict"] is None
    again = pipeline.post(f"{url}verify/")
    assert (again.status_code, again.json()["code"]) == (409, "deployment.being_verified")
    work(VERIFY)

    body = pipeline.get(url).json()
    assert (body["state"], body["verification"]["verdict"], body["verification"]["number"]) == ("healthy", "pass", 2)
    assert [check["section"] for check in body["verification"]["checks"]] == ["§4.7"] * 4
    assert list(Verification.objects.order_by("number").values_list("state", flat=True)) == ["inconclusive", "passed"]


def test_fail__after_a_doubt__by_whoever_does_not_trust_it(
    finished: Deployment, metrics: Listener, held: datetime
) -> None:
    says(metrics, "<html>")
    work(VERIFY)
    fail_unverified(reference=finished.reference, reason="Customers call", actor=story.actor("grace"), now=held)
    assert (state_of(finished), Deployment.objects.get().note) == ("failed", "Customers call")
    with pytest.raises(MoveRefused):
        verify_deployment(reference=finished.reference, actor=story.actor("grace"), now=held)


def test_verify__nobody_decides_in_time__fails_by_the_deadline(
    finished: Deployment, metrics: Listener, held: datetime, clock_at: At
) -> None:
    says(metrics, "<html>")
    work()
    clock_at(held + timedelta(minutes=15, seconds=1))
    work()
    assert state_of(finished) == "failed"
    assert told("deployment.timed_out") == 1


def test_verify__checks_cannot_be_made_at_all__uncertain_and_on_call_is_told(
    finished: Deployment, held: datetime, clock_at: At
) -> None:
    Service.objects.update(thresholds={"error_rate": "little"})
    Deployment.objects.update(deadline_at=held + timedelta(days=1))
    for hours in range(10):
        clock_at(held + timedelta(hours=hours))
        work(VERIFY)
    assert "The checks could not be made: ValueError" in Verification.objects.get().message
    assert (state_of(finished), told("deployment.doubted")) == ("verifying", 1)
