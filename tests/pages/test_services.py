from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cybercube_portal.catalog.models import Service
from releases.models import Observation
from releases.states import DeploymentState
from tests.factories import changes as stories
from tests.factories.deployed import deployed, incident
from tests.factories.people import Cast

MOST_QUERIES = 12
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def billing(cast: Cast, clock_at: Callable[[datetime], datetime], now: datetime) -> Service:
    """v1.0.0 was deployed to production yesterday, v1.1.0 is being deployed to staging, production answers v9.9.9."""
    clock_at(now)
    stories.service("ledger")
    row = stories.service(urls={"prd": "https://billing.example", "stg": "https://stg.example"})
    row.depends_on.add(Service.objects.get(slug="ledger"))
    good = deployed(row, "v1.0.0", at=now - DAY, watched_at=now)
    deployed(row, "v1.1.0", "stg", at=now, state=DeploymentState.RUNNING)
    incident(good, at=now)
    Observation.objects.create(
        service=row, environment="prd", version="v9.9.9", since=now, seen_at=now, looked_at=now, due_at=now
    )
    return row


def test_services__list__versions_side_by_side_with_drift_and_incidents(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    page = browser_session("alice").get("/services/")
    (_, cells, open_), (_, none, _) = page.context["lines"]
    assert [(cell.environment, cell.version, cell.word) for cell in cells] == [
        ("dev", "", "unknown"),
        ("stg", "", "unknown"),
        ("prd", "v9.9.9", "bypass"),
    ]
    assert open_ == 1
    assert {cell.version for cell in none} == {""}
    text = page.content.decode()
    assert "Without the gate" in text
    assert "1 open" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["billing-service", "ledger"]),
        ("?drift=1", ["billing-service"]),
        ("?team=search", []),
        ("?team=payments&tier=3", ["billing-service", "ledger"]),
        ("?tier=1", []),
        ("?tier=x&team=%00", ["billing-service", "ledger"]),
    ],
)
def test_services__filters__narrow_the_list(
    billing: Service, browser_session: Callable[[str], Client], query: str, names: list[str]
) -> None:
    page = browser_session("alice").get(f"/services/{query}")
    assert [row.slug for row, _, _ in page.context["lines"]] == names


def test_service__page__what_runs_history_parity_incidents_and_the_way_back(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    page = browser_session("alice").get("/services/billing-service/")
    text = page.content.decode()
    assert "which nobody let through the gate" in text
    assert "v1.1.0" in text
    assert "Payments fail" in text
    assert "external integrations" in text.lower()
    assert '/services/ledger/"' in text
    assert [past["row"].version for past in page.context["history"]] == ["v1.1.0", "v1.0.0"]
    assert len(page.context["parity"]) == 6
    # What stood where since when, and how it is judged, in words.
    assert [(box.stay.environment, box.stay.version) for box in page.context["lanes"].boxes] == [("prd", "v1.0.0")]
    assert "Below 1 % of the requests of five minutes." in text
    assert "Above 5 % the portal rolls back by itself." in text
    assert "billing_service_error_rate_5m" in text


def test_service__with_limits_and_queries_of_its_own__says_so(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    Service.objects.filter(pk=billing.pk).update(
        thresholds={"error_rate": 0.06},
        metrics={"error_rate": "sum(rate(errors[5m]))"},
        minimum_coverage=80,
        rollback_driver="webhook",
        allowed_hosts=["billing.example", "stg.example"],
    )
    text = browser_session("alice").get("/services/billing-service/").content.decode()
    assert "Below 6 % of the requests of five minutes." in text
    assert "Above 6 % the portal rolls back by itself." in text
    assert "on-call is told" in text, "of latency; of errors nobody is told below what rolls back"
    assert text.count("set for this service") == 3
    assert "At least 80 % of its code is run by its tests." in text
    assert "sum(rate(errors[5m]))" in text
    assert "2 hosts may be called" in text
    assert "signed request" in text


def test_service__unknown__not_found(cast: Cast, browser_session: Callable[[str], Client]) -> None:
    assert browser_session("alice").get("/services/nothing/").status_code == 404


@pytest.mark.parametrize("path", ["/services/", "/services/?drift=1", "/services/billing-service/", "/"])
def test_pages__of_services_and_home__stay_within_the_budget_of_queries(
    billing: Service, browser_session: Callable[[str], Client], path: str
) -> None:
    session = browser_session("alice")
    with CaptureQueriesContext(connection) as queries:
        assert session.get(path).status_code == 200
    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:150] for query in queries)


def test_home__production__incident_drift_and_what_goes_on(
    billing: Service, browser_session: Callable[[str], Client], now: datetime
) -> None:
    ledger = Service.objects.get(slug="ledger")
    deployed(ledger, "v2.9.0", at=now, watch_until=now + DAY)
    deployed(ledger, "v3.0.0", at=now, state=DeploymentState.VERIFYING)
    page = browser_session("alice").get("/")
    assert [(line.kind, line.service, line.words, line.other) for line in page.context["production"]] == [
        ("incident", "billing-service", "Payments fail", ""),
        ("drift", "billing-service", "v9.9.9", "v1.0.0"),
        ("under_way", "ledger", "v3.0.0", "deploy"),
        ("watched", "ledger", "v2.9.0", "deploy"),
    ]
    assert "Payments fail" in page.content.decode()
