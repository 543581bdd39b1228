"""What is kept of days that are over says the same as the deployments themselves, whatever came late."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.actions.approvals import approve_change
from changes.actions.changes import revise_change, submit_change
from releases.actions.figures import close_days
from releases.actions.incidents import Trouble, report_incident, resolve_incident
from releases.actions.rollback import start_rollback
from releases.models import ShippedDay, SignedDay
from releases.selectors.approvals import approval_waits
from releases.selectors.dora import Measured, cadences, measure
from releases.selectors.dora_lists import LISTS, Behind, deployments_behind
from releases.selectors.periods import period_of
from releases.states import DeploymentState, Trigger
from tests.factories import changes as story
from tests.factories.deployed import deployed, incident
from tests.factories.deployments import deployed as really_deployed
from tests.factories.people import Cast
from tests.releases.working import work

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEEP = "releases.keep_figures"
STATES = [
    *[DeploymentState.HEALTHY] * 8,
    DeploymentState.FAILED,
    DeploymentState.ROLLED_BACK,
    DeploymentState.ROLLBACK_FAILED,
    DeploymentState.ABORTED,
]
PERIODS: list[dict[str, Any]] = [
    {"start": MONDAY, "end": MONDAY + 21 * DAY},
    {"start": MONDAY + 3 * DAY + 5 * HOUR, "end": MONDAY + 17 * DAY + 13 * HOUR},
    {"start": MONDAY + 2 * DAY, "end": MONDAY + 20 * DAY, "team": "payments"},
    {"start": MONDAY, "end": MONDAY + 30 * DAY, "service": "search-api"},
    {"start": MONDAY + 4 * DAY + HOUR, "end": MONDAY + 4 * DAY + 9 * HOUR},
    {"start": MONDAY + 4 * DAY, "end": MONDAY + 5 * DAY, "team": "nobody"},
]


def told() -> list[Any]:
    """Everything the dashboards say of these periods."""
    found: list[Any] = []
    for given in PERIODS:
        period = period_of(**given)
        found += [measure(period), cadences(period), approval_waits(period)]
        for name in LISTS:
            for wanted in (Behind(figure=name), Behind(figure=name, seat="Engineer"), Behind(figure=name, risk="low")):
                rows = deployments_behind(wanted, period, most=500)
                found.append([(row.pk, restored) for row, restored in rows])
                found.append([row.pk for row, _ in deployments_behind(wanted, period, most=3)])
    return found


def forget() -> None:
    ShippedDay.objects.all().delete()
    SignedDay.objects.all().delete()


@pytest.fixture
def history(cast: Cast) -> None:
    """Three weeks of three services: what fails, has incidents, is rolled back, brings commits, is signed."""
    dice = random.Random(6)  # noqa: S311 - the same company every time
    services = [story.service(), story.service("ledger"), story.service("search-api", team="search")]
    at = MONDAY + HOUR
    while at < MONDAY + 22 * DAY:
        service = dice.choice(services)
        version = f"v1.{dice.randint(0, 3)}.{dice.randint(0, 4)}"
        fields: dict[str, Any] = {"lead_times": [dice.uniform(-60, 9e5) for _ in range(dice.randint(0, 3))]}
        if dice.random() < 0.2 and service.slug == "billing-service":
            change = story.in_review(now=at - DAY, scheduled_time=at + DAY)
            change = approve_change(number=change.number, actor=story.actor("bob"), now=at - DAY + 3 * HOUR)
            fields["change"] = change.number
        row = deployed(service, version, at=at, state=dice.choice(STATES), **fields)
        if dice.random() < 0.2:
            ended = at + dice.randint(1, 80) * HOUR if dice.random() < 0.8 else None
            incident(row, at=at + HOUR, resolved_at=ended)
        if row.state == DeploymentState.ROLLED_BACK:
            deployed(service, "v1.0.0", at=at + HOUR, action="rollback", rolls_back=row)
        at += timedelta(hours=dice.randint(2, 9))
    deployed(services[0], "v2.0.0", at=at, state=DeploymentState.VERIFYING)
    deployed(services[1], "v2.0.0", at=at, state=DeploymentState.ROLLING_BACK)
    story.artifact(services[0], "v1.1.1", at=MONDAY + 5 * DAY)


@pytest.mark.usefixtures("history")
def test_figures__of_kept_days__are_those_of_the_deployments_themselves() -> None:
    live = told()
    assert measure(period_of(**PERIODS[0])).total.failing > 10
    assert close_days(now=MONDAY + 18 * DAY + 7 * HOUR) == 18
    assert told() == live
    assert close_days(now=MONDAY + 18 * DAY + 8 * HOUR) == 0
    # Five more days, and the two weeks before them again.
    assert close_days(now=MONDAY + 23 * DAY) == 19
    assert told() == live


@pytest.mark.usefixtures("history")
def test_figures__of_kept_days__are_read_in_a_fixed_number_of_statements() -> None:
    close_days(now=MONDAY + 18 * DAY)
    with CaptureQueriesContext(connection) as queries:
        period = period_of(**PERIODS[0])
        measure(period)
        measure(period.before())
        cadences(period)
    # Services, the last kept day, its days, the rest live; days and rest of the period before; weeks of each service.
    assert len(queries) == 7


def test_close_days__nothing_ever_happened__keeps_nothing_so_that_a_history_may_still_come(cast: Cast) -> None:
    assert close_days(now=MONDAY) == 0
    deployed(story.service(), "v1.0.0", at=MONDAY - 9 * DAY)
    assert close_days(now=MONDAY + HOUR) == 9
    assert measure(period_of(start=MONDAY - 10 * DAY, end=MONDAY)).total.deployments == 1


def four_days() -> Measured:
    return measure(period_of(start=MONDAY, end=MONDAY + 4 * DAY))


def test_late_event__of_a_day_that_is_kept__counts_it_anew(
    cast: Cast, clock_at: Callable[[datetime], datetime]
) -> None:
    clock_at(MONDAY + HOUR)
    for number in range(3):
        really_deployed(f"v2.3.{number}", at=MONDAY + number * DAY + HOUR)
    close_days(now=MONDAY + 4 * DAY)
    assert four_days().total.failing == 0

    # On the fourth day somebody finds out what the second day's deployment broke: it failed, and the third was rework.
    clock_at(MONDAY + 4 * DAY)
    trouble = Trouble(service="billing-service", environment="prd", title="Wrong totals", detected_at=MONDAY + 2 * DAY)
    found = report_incident(trouble=trouble, actor=story.actor("grace"), now=MONDAY + 4 * DAY)
    work(KEEP)
    total = four_days().total
    assert (total.failing, total.rework, total.recovered) == (1, 1, 0)
    clock_at(MONDAY + 4 * DAY + HOUR)
    resolve_incident(reference=found.reference, actor=story.actor("grace"), now=MONDAY + 4 * DAY + HOUR)
    work(KEEP)
    assert four_days().total.recovered == 1

    # And the third is taken back on the fifth day.
    clock_at(MONDAY + 5 * DAY)
    last = deployments_behind(Behind(figure="deployments"), period_of(start=MONDAY, end=MONDAY + 4 * DAY), most=1)[0][0]
    start_rollback(
        reference=last.reference,
        trigger=Trigger.FUNCTIONALITY,
        reason="Broken",
        actor=story.actor("grace"),
        now=MONDAY + 5 * DAY,
    )
    work(KEEP)
    kept = four_days()
    assert kept.total.failing == 2
    forget()
    assert four_days() == kept


def test_signature__superseded_later__was_waited_for_all_the_same(cast: Cast) -> None:
    story.service()
    change = story.in_review(
        now=MONDAY, scheduled_time=MONDAY + 9 * DAY, answers={**story.NO_RISK, "database_schema": True}
    )
    approve_change(number=change.number, actor=story.actor("bob"), now=MONDAY + HOUR)
    revise_change(number=change.number, actor=story.actor("alice"), now=MONDAY + DAY)
    submit_change(number=change.number, actor=story.actor("alice"), now=MONDAY + DAY)
    approve_change(number=change.number, actor=story.actor("bob"), now=MONDAY + DAY + 3 * HOUR)
    period = period_of(start=MONDAY, end=MONDAY + 2 * DAY)
    for _ in range(2):
        waits = approval_waits(period)
        assert [(row.name, row.signatures, row.median) for row in waits.seats] == [("Tech lead", 2, 2 * HOUR)]
        assert [row.signatures for row in waits.risks] == [0, 0, 2, 0]
        close_days(now=MONDAY + 3 * DAY)
