"""What was checked of a deployment and seen of it after, as people meet it: with and without scripts."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from cybercube_portal import clock
from cybercube_portal.audit.actors import SYSTEM
from releases.actions.verification import conclude_verification, queue_verification
from releases.checks import Checked
from releases.models import Deployment, WatchSample
from releases.policy.readings import Answered, Doubt
from releases.policy.verification import judge_endpoint, judge_health, judge_metric
from releases.states import CheckKind, DeploymentState
from tests.factories.deployments import HOUR, deployed
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]
VERSION = "v2.3.1"
HEALTHY = b'{"status": "healthy", "version": "v2.3.1"}'


@pytest.fixture
def now(people: Cast) -> datetime:
    """The clock runs, as it does for a browser."""
    return clock.now()


def checked(*, p99: float | Doubt) -> tuple[Checked, ...]:
    """One round of checks."""
    findings = (
        judge_health(Answered(200, HEALTHY), expected=VERSION),
        judge_endpoint(Answered(204, b"")),
        judge_metric(CheckKind.ERROR_RATE, 0.0042, threshold=0.01, query="billing_service_error_rate_5m"),
        judge_metric(CheckKind.LATENCY_P99, p99, threshold=500, query="billing_service_latency_p99_5m"),
    )
    return tuple(Checked(finding, 0.03) for finding in findings)


def verified(*, now: datetime, p99: float | Doubt) -> Deployment:
    """A deployment whose checks were made."""
    row = deployed(VERSION, at=now, state=DeploymentState.VERIFYING, baseline={"latency_p99": 140.0})
    with transaction.atomic():
        queue_verification(row, actor=SYSTEM, now=now)
    conclude_verification(reference=row.reference, number=1, checked=checked(p99=p99), now=now)
    return Deployment.objects.get(pk=row.pk)


def sample(row: Deployment, number: int, at: datetime) -> None:
    WatchSample.objects.create(
        deployment=row,
        at=at + number * timedelta(seconds=30),
        is_healthy=number not in {21, 22},
        error_rate=None if number in {12, 13} else 0.004 + 0.003 * math.sin(number / 4) ** 2 + 0.009 * (number > 30),
        latency_p99=160 + 60 * math.sin(number / 5) + (180 if number > 33 else 0),
        message="The error rate is 1.3 %, above 1 %." if number > 30 else "",
    )


def test_watch__of_a_deployment__is_a_picture_with_a_table_behind_it(
    open_browser: OpenBrowser, look: Look, now: datetime
) -> None:
    deployed("v2.3.0", at=now - 24 * HOUR)
    row = verified(now=now - timedelta(minutes=20), p99=312.0)
    for number in range(40):
        sample(row, number, now - timedelta(minutes=20))
    page = open_browser("grace", scripts=False)
    page.goto(f"/deployments/{row.reference}/")

    expect(page.locator("#checks tbody tr")).to_have_count(4)
    expect(page.locator("#watch .watch-curve svg")).to_have_count(2)
    expect(page.locator("#watch")).to_contain_text("healthy at 38 looks of 40")
    page.locator("#watch summary").click()
    expect(page.locator("#watch tbody tr")).to_have_count(40)
    page.locator("#watch summary").click()


def test_watch__while_it_runs__comes_again_by_itself(
    open_browser: OpenBrowser, look: Look, now: datetime, settings: Settings
) -> None:
    settings.WATCH_INTERVAL = timedelta(seconds=1)
    deployed("v2.3.0", at=now - 24 * HOUR)
    row = verified(now=now - timedelta(minutes=20), p99=312.0)
    for number in range(39):
        sample(row, number, now - timedelta(minutes=20))
    page = open_browser("grace")
    page.goto(f"/deployments/{row.reference}/")
    expect(page.locator("#watch")).to_contain_text("looks of 39")

    sample(row, 39, now - timedelta(minutes=20))

    expect(page.locator("#watch")).to_contain_text("looks of 40")
    settings.WATCH_INTERVAL = timedelta(hours=1)
    page.reload()
    look(page, "deployment-watched")


def test_checks__that_left_a_doubt__on_call_verifies_again(
    open_browser: OpenBrowser, look: Look, now: datetime
) -> None:
    row = verified(now=now, p99=Doubt("metric.empty", "There is no such series."))
    page = open_browser("grace")
    page.goto(f"/deployments/{row.reference}/")
    expect(page.locator("#checks")).to_contain_text("There is no such series.")
    look(page, "deployment-uncertain")

    page.get_by_role("button", name="Verify again").click()

    expect(page.locator("#checks")).to_contain_text("Queued")
