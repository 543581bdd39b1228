from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from changes.actions.approvals import approve_change
from changes.actions.freezes import grant_exception
from cybercube_portal.catalog.models import Service
from cybercube_portal.pages.charts import HEIGHT, WIDTH, Point, bar_chart, meter
from cybercube_portal.pages.dashboards.words import length_words
from releases.actions.compliance import keep_compliance
from releases.actions.figures import close_days
from releases.models import GateDecision, GateEvaluation
from releases.states import DeploymentState
from tests.factories import changes as stories
from tests.factories.deployed import deployed, incident
from tests.factories.people import Cast

MOST_QUERIES = 12
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAGES = [
    "",
    "compare/",
    "compare/?team=payments",
    "approvals/",
    "cadence/",
    "freezes/",
    "compliance/",
    "deployments/",
    "signatures/",
]
TABLES = ["weeks", "compare", "approvals", "risks", "cadence", "freezes", "compliance", "deployments", "signatures"]
PERIOD = "from=2026-01-05&to=2026-01-19"


@pytest.fixture
def billing(cast: Cast, clock_at: Callable[[datetime], datetime]) -> Service:
    """Four deployments, one of which failed; the third under a change that bob signed after three hours."""
    clock_at(MONDAY + 9 * DAY)
    row = stories.service()
    change = stories.in_review(
        now=MONDAY, scheduled_time=MONDAY + 3 * DAY, answers={**stories.NO_RISK, "database_schema": True}
    )
    approve_change(number=change.number, actor=stories.actor("bob"), now=MONDAY + 3 * HOUR)
    for number in range(3):
        named = change.number if number == 2 else ""
        deployed(row, f"v1.0.{number}", at=MONDAY + number * DAY, lead_times=[7200.0], change=named)
    deployed(row, "v1.1.0", at=MONDAY + 8 * DAY, state=DeploymentState.FAILED)
    return row


@pytest.fixture
def frozen(billing: Service) -> dict[str, Any]:
    """Now: a freeze that holds one change back, lets another pass, and had the gate deny twice. Coming: another."""
    now = MONDAY + 9 * DAY
    stories.service("search-api", team="search")
    held = stories.in_review(now=now, scheduled_time=now + 30 * HOUR)
    passed = stories.in_review(now=now, scheduled_time=now + 40 * HOUR)
    peak = stories.freeze(now=now - DAY, title="Peak week", starts_at=now - DAY, ends_at=now + 4 * DAY)
    grant_exception(
        reference=peak.reference, change=passed.number, reason="By law", actor=stories.actor("ivan"), now=now
    )
    stories.freeze(now=now, title="Later", starts_at=now + 20 * DAY, ends_at=now + 21 * DAY, teams=("search",))
    for outcome in ("deny", "deny", "allow"):
        decision = GateDecision.objects.create(
            service="billing-service", version="v1", environment="prd", action="deploy", asked_by="ci", asked_at=now
        )
        failed = {"code": "freeze.covers_window", "outcome": "fail", "details": {"freeze": peak.reference}}
        GateEvaluation.objects.create(
            decision=decision,
            outcome=outcome,
            reasons=[{"code": "x", "outcome": "pass", "details": {}}, *([failed] if outcome == "deny" else [])],
            decided_at=now,
            valid_until=now,
            inputs="0" * 64,
        )
    return {"peak": peak, "held": held}


def test_delivery__figures__with_level_parts_trend_and_lists(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    page = browser_session("alice").get(f"/dashboards/?{PERIOD}")
    found = {figure.name: figure for figure in page.context["figures"]}
    fails = found["change_fail_rate"]
    assert (fails.value, fails.bucket, fails.level, fails.details) == (
        "25.0 %",
        "16-30 %",
        "medium",
        "1 of 4 deployments",
    )
    assert found["lead_time_for_changes"].value == "2.0 h"
    assert [week.words for week in fails.weeks.rows] == ["0.0 %", "100.0 %"]
    assert fails.turn is None, "nothing was deployed in the two weeks before"
    text = page.content.decode()
    assert "figure=change_fail_rate&amp;from=2026-01-05&amp;to=2026-01-19" in text
    assert "figure=change_fail_rate&amp;from=2026-01-12&amp;to=2026-01-19" in text, "each week opens its list"
    assert "<svg" in text
    assert "Week of 12 Jan 2026: 100.0 %" in text


def test_delivery__of_a_second_period__says_whether_it_went_better(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    page = browser_session("alice").get("/dashboards/?from=2026-01-12&to=2026-01-19")
    found = {figure.name: figure for figure in page.context["figures"]}
    assert found["deployment_frequency"].turn.words == "worse than 0.43 a day before"
    assert (found["change_fail_rate"].turn.tone, found["lead_time_for_changes"].turn) == ("bad", None)
    assert length_words(47.6, beside=52.8) == "2.0 days", "a length is compared in the unit of what it is compared with"


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("path", [*PAGES, "?service=billing-service", "approvals/?team=payments&days=365"])
def test_dashboards__any_of_its_pages__stays_within_the_budget_of_queries_also_when_days_are_kept(
    browser_session: Callable[[str], Client], path: str
) -> None:
    keep_compliance(now=MONDAY + 9 * DAY)
    close_days(now=MONDAY + 9 * DAY)
    session = browser_session("alice")
    with CaptureQueriesContext(connection) as queries:
        assert session.get(f"/dashboards/{path}").status_code == 200
    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:150] for query in queries)


@pytest.mark.parametrize("is_kept", [False, True])
def test_compare__teams_then_services__figures_as_on_their_own_dashboard_in_any_order(
    billing: Service, browser_session: Callable[[str], Client], *, is_kept: bool
) -> None:
    search = stories.service("search-api", team="search")
    stories.service("idle-api", team="search")
    deployed(search, "v1.0.0", at=MONDAY + DAY, lead_times=[3600.0, 10800.0])
    if is_kept:
        close_days(now=MONDAY + 9 * DAY)
    session = browser_session("alice")

    def compared(query: str) -> dict[str, list[str]]:
        page = session.get(f"/dashboards/compare/?{PERIOD}&{query}")
        return {
            line.name: [cell.value for cell in line.cells] for line in [*page.context["lines"], page.context["whole"]]
        }

    teams = compared("")
    assert list(teams)[:2] == ["payments", "search"]
    for name, narrow in (("payments", "&team=payments"), ("search", "&team=search"), ("", "")):
        own = session.get(f"/dashboards/?{PERIOD}{narrow}").context["figures"]
        assert teams[name] == [figure.value for figure in own]
    assert list(compared("sort=lead_time_for_changes"))[:2] == ["payments", "search"]
    fails = [name for name in compared("sort=-change_fail_rate") if name]
    assert (fails[0], fails[-1] != "payments") == ("payments", True), (
        "the worst first, what has nothing to measure last"
    )
    assert list(compared("sort=-name"))[:2] == list(compared("sort=name"))[1::-1]
    assert list(compared("sort=nonsense")) == list(teams)
    services = compared("team=search&sort=name")
    assert services["idle-api"] == ["0.00 a day", "—", "—", "—", "—"]
    page = session.get(f"/dashboards/compare/?{PERIOD}")
    (line,) = (line for line in page.context["lines"] if line.name == "payments")
    assert len(session.get(line.deployments_url).context["lines"]) == line.deployments == 4
    assert "/dashboards/compare/?team=payments" in line.url
    (chart,) = (small for small in page.context["charts"] if small.name == "search")
    assert [week.words for week in chart.weeks.rows] == ["1", "0"]


def test_approvals__by_seat_and_by_risk__beside_the_fail_rate_with_their_lists(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    session = browser_session("alice")
    page = session.get(f"/dashboards/approvals/?{PERIOD}")
    (seat,), (risk,) = page.context["seats"], page.context["risks"]
    assert (seat.name, seat.row.signatures, seat.median, seat.row.deployments) == ("Tech lead", 1, "3.0 h", 1)
    assert (risk.name, risk.row.signatures, risk.row.deployments, risk.fail_rate) == ("high", 1, 1, "0.0 %")
    assert page.context["fail_rate"] == "25.0 %"
    assert [(week.words, week.count) for week in page.context["weeks"].rows] == [("3.0 h", 1), ("—", 0)]
    assert page.context["weeks"].chart.bars[0].title == "Week of 05 Jan 2026: 3.0 h, n = 1"
    assert len(session.get(page.context["weeks"].rows[0].url).context["page"].rows) == 1
    assert len(session.get(seat.deployments_url).context["lines"]) == 1
    assert [row.waited for row in session.get(seat.signatures_url).context["page"].rows] == [3 * HOUR]
    assert session.get(f"/dashboards/signatures/?{PERIOD}&risk=medium").context["page"].rows == ()


def test_cadence__of_many_services__the_furthest_behind_first_and_all_on_demand(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    for number in range(30):
        stories.service(f"quiet-{number:02}", team="search")
    session = browser_session("alice")
    page = session.get(f"/dashboards/cadence/?{PERIOD}")
    assert [line.row.name for line in page.context["team_lines"]] == ["search", "payments"]
    assert (len(page.context["service_lines"]), page.context["more"], page.context["count"]) == (25, 6, 31)
    everything = session.get(page.context["all_url"] and f"/dashboards/cadence/{page.context['all_url']}")
    assert [line.row.name for line in everything.context["service_lines"]][-1] == "billing-service"
    assert everything.context["more"] == 0


def test_freezes__now_and_coming__exceptions_denials_and_what_waits(
    frozen: dict[str, Any], browser_session: Callable[[str], Client]
) -> None:
    page = browser_session("alice").get("/dashboards/freezes/")
    assert page.context["counts"] == {"now": 1, "coming": 1, "granted": 1, "denied": 2, "held": 1}
    now, coming, over = (lines for _title, _icon, lines, _more, _phase in page.context["groups"])
    assert [(line.freeze.title, line.denied, line.granted) for line in now] == [("Peak week", 2, 1)]
    assert [change.number for change in now[0].held] == [frozen["held"].number]
    assert [line.freeze.title for line in coming] == ["Later"]
    assert over == []
    listed = browser_session("alice").get(now[0].denied_url)
    assert [row.outcome for row in listed.context["page"].rows] == ["deny", "deny"], now[0].denied_url
    narrowed = browser_session("alice").get("/dashboards/freezes/?team=search").context["counts"]
    assert (narrowed["now"], narrowed["coming"], narrowed["denied"]) == (1, 1, 0)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_freezes__read_in_another_zone__a_number_opens_a_list_of_so_many(
    frozen: dict[str, Any], browser_session: Callable[[str], Client], zone: str
) -> None:
    session = browser_session("alice")
    session.post("/profile/timezone/", {"timezone": zone})
    # They were denied as this day began in UTC: for Los Angeles on the day before.
    page = session.get("/dashboards/freezes/?from=2026-01-14&to=2026-01-15")
    [line] = page.context["groups"][0][2]
    listed = session.get(line.denied_url).context["page"].rows
    assert (line.denied, len(listed)) == (2, 2), line.denied_url


def test_compliance__by_service__the_last_look_and_what_became_of_it(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    session = browser_session("alice")
    assert session.get("/dashboards/compliance/").context["count"] == 0
    keep_compliance(now=MONDAY)
    keep_compliance(now=MONDAY + 9 * DAY)
    page = session.get("/dashboards/compliance/")
    (line,) = page.context["lines"]
    assert (line.row.service, line.row.day, line.row.since) == (
        "billing-service",
        (MONDAY + 9 * DAY).date(),
        MONDAY.date(),
    )
    assert line.row.components == line.row.complete + line.row.partial + line.row.pending > 0
    assert [day for day, _ in page.context["days"]] == [MONDAY.date(), (MONDAY + 9 * DAY).date()]


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("table", TABLES)
def test_file__of_each_table__has_what_the_page_shows(browser_session: Callable[[str], Client], table: str) -> None:
    keep_compliance(now=MONDAY + 9 * DAY)
    answer = browser_session("alice").get(f"/dashboards/{table}.csv?days=30&team=payments")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    heads, *rows = csv.reader(io.StringIO(answer.getvalue().decode()))
    assert rows
    assert {len(row) for row in rows} == {len(heads)}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("figure=change_fail_rate", 1),
        ("figure=deployment_frequency", 3),
        ("figure=deployments", 4),
        ("figure=patches", 0),
        ("figure=deployments&service=nothing", 0),
        ("figure=deployments&seat=Tech lead", 1),
        ("figure=deployments&risk=high", 1),
        ("figure=deployments&risk=low", 0),
        ("figure=deployments&before=x", 4),
        ("figure=deployments&before=2026-13-45.7", 4),
        ("figure=deployments&from=2026-01-06&to=2026-01-08", 2),
        ("figure=deployments&from=nonsense&to=2026-13-45", 4),
        ("figure=deployments&to=9999-12-31T23:59:59Z", 4),
    ],
)
def test_list__of_a_figure__its_deployments(
    billing: Service, browser_session: Callable[[str], Client], query: str, count: int
) -> None:
    page = browser_session("alice").get(f"/dashboards/deployments/?{query}")
    assert len(page.context["lines"]) == count


@pytest.mark.parametrize("path", ["deployments/?figure=speed", "nothing.csv"])
def test_dashboards__what_nobody_knows__not_found(
    cast: Cast, browser_session: Callable[[str], Client], path: str
) -> None:
    assert browser_session("alice").get(f"/dashboards/{path}").status_code == 404


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "An admin registers the first service"),
        ("compare/", "An admin registers the first service"),
        ("approvals/", "Nothing was signed in this period."),
        ("cadence/", "No service is registered yet."),
        ("freezes/", "No freeze touches this period"),
        ("compliance/", "Nothing was looked at in this period."),
        ("?service=nothing", "Nothing of these services reached production"),
        ("deployments/", "No deployment of this period counts here."),
        ("signatures/", "No signature of this period counts here."),
    ],
)
def test_dashboards__company_without_anything__say_what_belongs_there(
    cast: Cast, browser_session: Callable[[str], Client], path: str, words: str
) -> None:
    assert words in browser_session("alice").get(f"/dashboards/{path}").content.decode()


def test_dashboards__services_to_choose_from__are_those_of_the_team(
    billing: Service, browser_session: Callable[[str], Client]
) -> None:
    stories.service("search-api", team="search")
    incident(deployed(billing, "v2.0.0", at=MONDAY), at=MONDAY)
    page = browser_session("alice").get("/dashboards/?team=search&service=gone")
    assert [(choice.value, choice.chosen) for choice in page.context["services"]] == [
        ("gone", True),
        ("search-api", False),
    ]
    assert [(choice.value, choice.chosen) for choice in page.context["teams"]] == [
        ("payments", False),
        ("search", True),
    ]


def point(label: str, value: float | None, words: str) -> Point:
    return Point(label=label, value=value, words=words, title=words)


def test_chart__values__bars_inside_the_picture_and_a_gap_where_nothing_was_measured() -> None:
    values = [("a", 2.0, "two"), ("b", None, ""), ("c", 4.0, "four"), ("d", 0.0, "none")]
    chart = bar_chart([point(*value) for value in values])
    assert [bar.title for bar in chart.bars] == ["two", "four", "none"]
    assert chart.top == "four"
    two, four, none = chart.bars
    assert (two.height, four.height, four.y) == (HEIGHT / 2, HEIGHT, 0)
    assert 0 < none.height < 2
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in chart.bars)
    assert bar_chart([point("a", None, "")]).top is None


def test_meter__beside_a_number__is_as_long_as_its_share() -> None:
    assert (meter(1, 4), meter(0, 0), meter(None, 3)) == (25.0, 0.0, None)
