"""DORA's sums over rows that a person can count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from cybercube_portal.catalog.models import Service
from releases.models import Deployment
from releases.policy.dora import Figure
from releases.selectors.dora import cadences, measure
from releases.selectors.dora_lists import Behind, deployments_behind
from releases.selectors.lead_times import lead_times_of
from releases.selectors.periods import Period, period_of
from releases.states import DeploymentState
from tests.factories import changes as story
from tests.factories.deployed import deployed, incident
from tests.factories.people import Cast

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def billing(cast: Cast) -> Service:
    return story.service()


@pytest.fixture
def fortnight(billing: Service) -> dict[str, Deployment]:
    """Ten deployments: 6 good, 1 with incidents, 1 failed and fixed, 1 rolled back, 1 that nobody mended; and what counts nowhere."""
    at = MONDAY + 9 * HOUR
    rows: dict[str, Deployment] = {}
    for number in range(4):
        rows[f"good {number}"] = deployed(
            billing, f"v1.0.{number}", at=at + number * DAY, lead_times=[3600.0 * (number + 1)]
        )
    rows["harmed"] = deployed(billing, "v1.1.0", at=at + 7 * DAY, lead_times=[36000.0, -5.0])
    incident(rows["harmed"], at=at + 8 * DAY, resolved_at=at + 7 * DAY + 3 * HOUR)
    incident(rows["harmed"], at=at + 8 * DAY, resolved_at=at + 7 * DAY + 5 * HOUR)
    rows["after"] = deployed(billing, "v1.1.1", at=at + 8 * DAY)
    rows["failed"] = deployed(billing, "v1.2.0", at=at + 9 * DAY, state=DeploymentState.FAILED)
    rows["mended"] = deployed(billing, "v1.2.1", at=at + 9 * DAY + 2 * HOUR)
    rows["taken back"] = deployed(billing, "v1.3.0", at=at + 10 * DAY, state=DeploymentState.ROLLED_BACK)
    deployed(billing, "v1.2.1", at=at + 10 * DAY + HOUR, action="rollback", rolls_back=rows["taken back"])
    rows["open"] = deployed(billing, "v1.4.0", at=at + 11 * DAY)
    incident(rows["open"], at=at + 11 * DAY)
    deployed(billing, "v1.5.0", at=at + 12 * DAY, state=DeploymentState.RUNNING)
    deployed(billing, "v1.5.0", "stg", at=at + 12 * DAY)
    deployed(billing, "v1.6.0", at=at + 13 * DAY, state=DeploymentState.ABORTED)
    deployed(billing, "v1.7.0", at=at + 15 * DAY)
    return rows


def fortnight_of() -> Period:
    return period_of(start=MONDAY, end=MONDAY + 14 * DAY)


def figures(period: Period | None = None) -> dict[str, Figure]:
    return {figure.name: figure for figure in measure(period or fortnight_of()).figures}


def test_measure__fortnight__the_five_figures_as_counted_by_hand(fortnight: dict[str, Deployment]) -> None:
    found = figures()
    often = found["deployment_frequency"]
    # 4 good, harmed, after, mended, taken back (it was verified first), open.
    assert (often.numerator, often.denominator, often.value) == (9, 14, 9 / 14)
    assert often.bucket == "daily", "4 and 5 days of two weeks"
    lead = found["lead_time_for_changes"]
    # 1, 2, 3, 4 and 10 hours; -5 s counts nowhere.
    assert (lead.value, lead.denominator, lead.bucket) == (3.0, 5, "less than a day")
    assert lead.p90 == pytest.approx(7.6)
    fails = found["change_fail_rate"]
    assert (fails.numerator, fails.denominator) == (4, 10)
    # harmed: 5 h - 10 min; failed: 2 h (verified 10 min after its start, rolled out 10 min after its own); taken back: 1 h.
    recovery = found["failed_deployment_recovery_time"]
    assert (recovery.value, recovery.denominator) == (2.0, 3)
    # Those after harmed, failed, taken back.
    rework = found["rework_rate"]
    assert (rework.numerator, rework.denominator) == (3, 10)


def test_measure__weeks__every_one_even_without_anything(fortnight: dict[str, Deployment]) -> None:
    period = period_of(start=MONDAY - 7 * DAY, end=MONDAY + 14 * DAY)
    weeks = measure(period).weeks
    assert {monday: sums.deployments for monday, sums in weeks.items()} == {
        date(2025, 12, 29): 0,
        date(2026, 1, 5): 4,
        date(2026, 1, 12): 6,
    }
    assert weeks[date(2026, 1, 5)].lead_median == timedelta(hours=2.5)


def test_measure__half_open__begins_with_its_start_and_ends_before_its_end(billing: Service) -> None:
    for at in (MONDAY - timedelta(seconds=1), MONDAY, MONDAY + 14 * DAY):
        deployed(billing, "v1.0.0", at=at)
    assert figures()["deployment_frequency"].numerator == 1


def test_measure__emergency_and_hotfix__are_rework(billing: Service) -> None:
    emergency = story.emergency(now=MONDAY)
    hotfix = story.draft(now=MONDAY, release_type="hotfix")
    normal = story.draft(now=MONDAY)
    for number, change in enumerate((emergency, hotfix, normal)):
        deployed(billing, f"v1.0.{number}", at=MONDAY + number * DAY, change=change.number)
    assert (figures()["rework_rate"].numerator, figures()["rework_rate"].denominator) == (2, 3)


def test_measure__predecessor_failed_before_the_period__its_fix_is_rework(billing: Service) -> None:
    deployed(billing, "v1.0.0", at=MONDAY - HOUR, state=DeploymentState.FAILED)
    deployed(billing, "v1.0.1", at=MONDAY + HOUR)
    assert (figures()["rework_rate"].numerator, figures()["change_fail_rate"].denominator) == (1, 1)


def test_measure__of_a_service_or_a_team__only_theirs(billing: Service) -> None:
    search = story.service("search-api", team="search")
    deployed(billing, "v1.0.0", at=MONDAY)
    for number in range(2):
        deployed(search, f"v2.0.{number}", at=MONDAY)
    for period, count in (
        (fortnight_of(), 3),
        (period_of(start=MONDAY, end=MONDAY + 14 * DAY, service="billing-service"), 1),
        (period_of(start=MONDAY, end=MONDAY + 14 * DAY, team="search"), 2),
        (period_of(start=MONDAY, end=MONDAY + 14 * DAY, service="search-api", team="payments"), 0),
    ):
        assert figures(period)["deployment_frequency"].numerator == count


def test_cadence__weeks_and_patches__of_services_and_their_teams(billing: Service) -> None:
    story.service("ledger")
    for number, at in ((1, MONDAY), (2, MONDAY + 8 * DAY)):
        story.artifact(billing, f"v1.0.{number}", at=MONDAY - 2 * HOUR)
        deployed(billing, f"v1.0.{number}", at=at)
    services, teams = cadences(fortnight_of())
    by_name = {row.name: row for row in services}
    assert (by_name["billing-service"].weeks, by_name["billing-service"].weeks_with) == (2, 2)
    assert (by_name["billing-service"].patches, by_name["billing-service"].patches_in_time) == (2, 1)
    assert (by_name["ledger"].weeks_with, by_name["ledger"].is_weekly) == (0, False)
    assert [(row.name, row.weeks, row.weeks_with) for row in teams] == [("payments", 4, 2)]


@pytest.mark.parametrize(
    "name", ["deployment_frequency", "change_fail_rate", "rework_rate", "failed_deployment_recovery_time"]
)
def test_list__behind_a_figure__as_many_as_its_numerator(fortnight: dict[str, Deployment], name: str) -> None:
    rows = deployments_behind(Behind(figure=name), fortnight_of(), most=50)
    figure = figures()[name]
    recovered = [row for row, restored in rows if restored is not None]
    assert len(recovered if figure.numerator is None else rows) == (figure.numerator or figure.denominator)
    assert [row.pk for row, _ in rows] == sorted((row.pk for row, _ in rows), reverse=True)


def test_list__next_page__goes_on_after_the_last_row(fortnight: dict[str, Deployment]) -> None:
    every = Behind(figure="deployments")
    whole = [row.pk for row, _ in deployments_behind(every, fortnight_of(), most=50)]
    first = [row for row, _ in deployments_behind(every, fortnight_of(), most=4)]
    last = first[-1]
    after = replace(every, before=(last.created_at.date(), last.pk))
    rest = [row.pk for row, _ in deployments_behind(after, fortnight_of(), most=50)]
    assert [row.pk for row in first] + rest == whole
    assert len(whole) == 10


def test_lead_times__first_to_production__each_commit_once(billing: Service) -> None:
    commits = [{"sha": "a" * 7, "message": "fix: x", "committed_at": (MONDAY - 2 * HOUR).isoformat()}]
    story.artifact(billing, "v1.0.0", at=MONDAY, commits=commits)
    first = deployed(billing, "v1.0.0", at=MONDAY)
    assert lead_times_of(first, now=MONDAY) == [7200.0]
    assert lead_times_of(first, now=MONDAY - 3 * HOUR) == [], "a commit from the future has no lead time"
    assert lead_times_of(deployed(billing, "v1.0.0", at=MONDAY + HOUR), now=MONDAY) == []
    assert lead_times_of(deployed(billing, "v1.0.0", "stg", at=MONDAY), now=MONDAY) == []


def test_rest__dora__each_figure_with_its_parts_and_its_list(
    fortnight: dict[str, Deployment], api: Callable[..., APIClient], clock_at: Callable[[datetime], datetime]
) -> None:
    clock_at(MONDAY + 14 * DAY)
    body = api("alice").get("/api/v1/metrics/dora/?from=2026-01-05&to=2026-01-19&service=billing-service").json()
    fails = body["change_fail_rate"]
    assert (fails["value"], fails["unit"], fails["numerator"], fails["denominator"]) == (0.4, "ratio", 4, 10)
    assert "/dashboards/deployments/?figure=change_fail_rate&service=billing-service&from=2026-01-05T00" in fails["url"]
    assert body["deployment_frequency"]["bucket"] == "daily"
    assert body["cadence"]["teams"][0]["name"] == "payments"
    assert (body["from"], body["to"]) == ("2026-01-05T00:00:00Z", "2026-01-19T00:00:00Z")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=2026-01-05&to=2026-01-05", 422),
        ("from=2024-01-05&to=2026-01-05", 422),
        ("service=nothing", 404),
        ("team=nothing", 404),
        ("form=2026-01-05", 400),
        ("from=yesterday", 400),
        ("", 200),
    ],
)
def test_rest__dora__period_or_name_that_means_nothing__refused(
    billing: Service, api: Callable[..., APIClient], query: str, status: int
) -> None:
    assert api("alice").get(f"/api/v1/metrics/dora/?{query}").status_code == status


def test_rest__approvals__wait_of_each_seat_beside_the_fail_rate(
    billing: Service, api: Callable[..., APIClient]
) -> None:
    for number, waited in enumerate((1, 3, 8)):
        submitted = MONDAY + number * DAY
        change = story.in_review(now=submitted, scheduled_time=submitted + 48 * HOUR)
        approve_change(number=change.number, actor=story.actor("bob"), now=submitted + waited * HOUR)
        state = DeploymentState.FAILED if number == 0 else DeploymentState.HEALTHY
        deployed(billing, f"v1.0.{number}", at=submitted + DAY, change=change.number, state=state)
    body = api("alice").get("/api/v1/metrics/approvals/?from=2026-01-05&to=2026-01-19").json()
    (seat,) = body["seats"]
    assert {row["risk"]: row["signatures"] for row in body["risks"]} == {
        "low": 3,
        "medium": 0,
        "high": 0,
        "critical": 0,
    }
    assert (seat["seat"], seat["signatures"], seat["median_hours"]) == ("Engineer", 3, 3.0)
    assert seat["p90_hours"] == pytest.approx(7.0)
    assert (seat["failing"], seat["deployments"]) == (1, 3)
    assert body["change_fail_rate"]["value"] == pytest.approx(1 / 3)
