from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from cybercube_portal import clock
from cybercube_portal.catalog.models import Service
from releases.models import Deployment, Observation
from releases.states import DeploymentState
from tests.factories import changes as stories
from tests.factories.deployed import deployed, incident
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]
DAY = timedelta(days=1)
LONG = "a-service-whose-name-is-as-long-as-the-catalogue-lets-a-name-be"


@pytest.fixture
def now(people: Cast) -> datetime:
    """The clock runs, as it does for a browser."""
    return clock.now()


@pytest.fixture
def company(now: datetime) -> Service:
    """A quarter of deployments, one incident, a deployment under way, and production that answers what nobody let through."""
    billing = stories.service(urls={"prd": "https://billing.example", "stg": "https://billing.stg.example"})
    deployed(stories.service(LONG, name=LONG), "v10.20.30-rc.1.with-a-long-tail", "stg", at=now - DAY)
    rows = [_deployed(billing, week, at=now - (84 - 7 * week) * DAY) for week in range(12)]
    incident(rows[-1], at=now - timedelta(hours=1), severity="SEV-2")
    deployed(billing, "v1.12.0", "stg", at=now, state=DeploymentState.RUNNING)
    for environment, names in (("stg", ["DB_HOST", "NEW_FLAG"]), ("prd", ["DB_HOST"])):
        Observation.objects.create(
            service=billing,
            environment=environment,
            version="v9.9.9",
            git_sha="a1b2c3d4e5f6",
            status="degraded",
            config_keys=names,
            dependencies={"node": "20.10.0"},
            since=now,
            seen_at=now,
            looked_at=now,
            due_at=now + DAY,
        )
    return billing


def _deployed(service: Service, week: int, *, at: datetime) -> Deployment:
    """Every fifth was taken back."""
    state = DeploymentState.ROLLED_BACK if week % 5 == 4 else DeploymentState.HEALTHY
    leads = [90_000.0 * (week % 4 + 1)]
    return deployed(service, f"v1.{week}.0", at=at, state=state, watched_at=at, lead_times=leads)


def test_overview__pages__read_well_in_both_themes_and_on_a_phone(
    company: Service, open_browser: OpenBrowser, look: Look
) -> None:
    page = open_browser("alice")
    for path in ("/services/", "/services/billing-service/", "/dashboards/", "/"):
        page.goto(path)
        look(page, f"overview {path}")


def test_overview__without_scripts__from_the_list_to_the_figures(company: Service, open_browser: OpenBrowser) -> None:
    page = open_browser("alice", scripts=False)
    page.goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Services").click()
    page.get_by_role("link", name="Billing Service").click()
    expect(page.get_by_text("which nobody let through the gate")).to_be_visible()
    page.get_by_role("link", name="Figures").click()
    page.get_by_role("button", name="More").click()
    page.get_by_role("navigation", name="More").get_by_role("link", name="Dashboards").click()
    page.locator("#change_fail_rate .figure-value a").click()
    expect(page.get_by_role("heading", name="Change fail rate")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(3)
