from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page

from cybercube_portal import clock
from releases.actions.incidents import Trouble, report_incident
from releases.actions.notices import send_notice
from releases.actions.outcomes import fail_deployment
from releases.models import Deployment
from releases.states import DeploymentState
from tests.factories.changes import actor
from tests.factories.deployments import HOUR, SERVICE, deployed
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


@pytest.fixture
def now(people: Cast) -> datetime:
    """The clock runs, as it does for a browser."""
    return clock.now()


@pytest.fixture
def bad(now: datetime) -> Deployment:
    """v2.3.1 failed in production, v2.3.0 ran there before."""
    deployed("v2.3.0", at=now - 24 * HOUR)
    return deployed("v2.3.1", at=now - HOUR, state=DeploymentState.FAILED)


def test_rollback_pages__every_look(bad: Deployment, now: datetime, open_browser: OpenBrowser, look: Look) -> None:
    page = open_browser("heidi")
    page.goto(f"/deployments/{bad.reference}/roll_back/")
    look(page, "rollback-prepared")
    page.goto(f"/deployments/{bad.reference}/roll_back/?trigger=data_corruption")
    look(page, "rollback-corruption")
    page.goto(f"/deployments/{bad.reference}/roll_back/")
    page.get_by_role("button", name="Roll back to v2.3.0").click()
    rollback = Deployment.objects.get(action="rollback")
    fail_deployment(reference=rollback.reference, reason="Still sick", now=now)
    send_notice(reference=bad.reference, now=now)
    page.goto(f"/deployments/{bad.reference}/roll_back/")
    look(page, "rollback-over")


def test_incidents_pages__every_look(bad: Deployment, now: datetime, open_browser: OpenBrowser, look: Look) -> None:
    for title, severity in (("Checkout fails for customers who pay by invoice from abroad", "SEV-2"), ("Slow", "")):
        trouble = Trouble(
            service=SERVICE, environment="prd", title=title, severity=severity, url="https://example.com/1"
        )
        report_incident(trouble=trouble, actor=actor("grace"), now=now - timedelta(minutes=5))
    page = open_browser("grace")
    page.goto("/incidents/")
    look(page, "incidents")
