from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cybercube_portal.catalog.models import Service
from cybercube_portal.pages.charts import HEIGHT, WIDTH, bar_chart
from releases.states import DeploymentState
from tests.factories import changes as stories
from tests.factories.deployed import deployed
from tests.factories.people import Cast

MOST_QUERIES = 12
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def billing(cast: Cast, clock_at: Callable[[datetime], datetime]) -> Service:
    """Four deployments, one of which failed."""
    clock_at(MONDAY + 9 * DAY)
    row = stories.service()
    for number in range(3):
        deployed(row, f"v1.0.{number}", at=MONDAY + number * DAY, lead_times=[7200.0])
    deployed(row, "v1.1.0", at=MONDAY + 8 * DAY, state=DeploymentState.FAILED)
    return row


def test_dashboards__figures__with_their_parts_trend_and_lists(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    page = browser_session("alice").get("/dashboards/?from=2026-01-05&to=2026-01-19")
    found = {figure.name: figure for figure in page.context["figures"]}
    fails = found["change_fail_rate"]
    assert (fails.value, fails.bucket, fails.details) == ("25.0 %", "16-30 %", "1 of 4 deployments")
    assert found["lead_time_for_changes"].value == "2.0 h"
    assert [text for _, text in fails.weeks] == ["0.0 %", "100.0 %"]
    text = page.content.decode()
    assert "figure=change_fail_rate&amp;from=2026-01-05&amp;to=2026-01-19" in text
    assert "<svg" in text
    assert "Week of 12 Jan 2026: 100.0 %" in text


@pytest.mark.parametrize("path", ["/dashboards/", "/dashboards/?service=billing-service", "/dashboards/deployments/"])
def test_dashboards__any_of_its_pages__stays_within_the_budget_of_queries(
    billing: Service, browser_session: Callable[[str], Client], path: str
) -> None:
    session = browser_session("alice")
    with CaptureQueriesContext(connection) as queries:
        assert session.get(path).status_code == 200
    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:150] for query in queries)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("figure=change_fail_rate", 1),
        ("figure=deployment_frequency", 3),
        ("figure=deployments", 4),
        ("figure=deployments&service=nothing", 0),
        ("figure=deployments&before=x", 4),
        ("figure=deployments&from=2026-01-06&to=2026-01-08", 2),
        ("figure=deployments&from=nonsense&to=2026-13-45", 4),
    ],
)
def test_list__of_a_figure__its_deployments(
    billing: Service, browser_session: Callable[[str], Client], query: str, count: int
) -> None:
    page = browser_session("alice").get(f"/dashboards/deployments/?{query}")
    assert len(page.context["lines"]) == count


def test_list__figure_nobody_knows__not_found(cast: Cast, browser_session: Callable[[str], Client]) -> None:
    assert browser_session("alice").get("/dashboards/deployments/?figure=speed").status_code == 404


def test_dashboards__nothing_there__says_so(cast: Cast, browser_session: Callable[[str], Client]) -> None:
    page = browser_session("alice").get("/dashboards/")
    assert {figure.value for figure in page.context["figures"]} == {"0.00 a day", "—"}


def test_chart__values__bars_inside_the_picture_and_a_gap_where_nothing_was_measured() -> None:
    chart = bar_chart([("a", 2.0, "two"), ("b", None, ""), ("c", 4.0, "four"), ("d", 0.0, "none")])
    assert [bar.title for bar in chart.bars] == ["two", "four", "none"]
    assert chart.top == 4.0
    two, four, none = chart.bars
    assert (two.height, four.height, four.y) == (HEIGHT / 2, HEIGHT, 0)
    assert 0 < none.height < 2
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in chart.bars)
