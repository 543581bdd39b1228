"""DORA's buckets and rates, computed by hand; the sums they are made of are tested with the database (tests/releases/test_dora.py)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from releases.policy.dora import (
    Cadence,
    Day,
    Sums,
    fail_rate,
    five_figures,
    frequency,
    how_often,
    lead_time,
    quantile,
    recovery_time,
    rework_rate,
    sum_of,
    whole_weeks,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# integrations.md "DORA maths": days with a deployment of each week, of each month -> bucket
HOW_OFTEN = [
    ((5, 5, 5, 5), (20,), "daily"),
    ((3, 3, 3, 0), (9,), "daily"),
    ((3, 2, 3, 2), (10,), "weekly"),  # the median is 2.5
    ((1, 1, 1, 0), (3,), "weekly"),
    ((1, 0, 1, 0, 1), (2, 1), "weekly"),
    ((1, 0, 0, 0, 1), (1, 1), "monthly"),
    ((0, 0, 0, 0), (1, 0, 1), "monthly"),
    ((0, 0, 0, 0), (1, 0, 0), "yearly"),
    ((), (), "yearly"),
]


@pytest.mark.parametrize(("weeks", "months", "bucket"), HOW_OFTEN)
def test_frequency__median_week_then_median_month__bucket(
    weeks: tuple[int, ...], months: tuple[int, ...], bucket: str
) -> None:
    assert how_often(weeks, months) == bucket


def test_frequency__thirty_verified_in_ninety_days__a_third_a_day() -> None:
    figure = frequency(Sums(deployments=33, verified=30), days=90, days_per_week=(3,) * 13, days_per_month=(9, 9, 9))
    assert (figure.value, figure.unit, figure.bucket) == (30 / 90, "per day", "daily")
    assert (figure.numerator, figure.denominator) == (30, 90)


LEAD = [
    (HOUR, "less than an hour"),
    (HOUR + timedelta(seconds=1), "less than a day"),
    (DAY, "less than a day"),
    (7 * DAY, "less than a week"),
    (30 * DAY, "less than a month"),
    (100 * DAY, "less than six months"),
    (200 * DAY, "more than six months"),
    (None, ""),
]


@pytest.mark.parametrize(("median", "bucket"), LEAD)
def test_lead_time__median__bucket(median: timedelta | None, bucket: str) -> None:
    assert lead_time(Sums(lead_median=median)).bucket == bucket


def test_lead_time__in_hours_with_p90_and_how_many_commits() -> None:
    figure = lead_time(Sums(commits=7, lead_median=36 * HOUR, lead_p90=3 * DAY))
    assert (figure.value, figure.p90, figure.unit, figure.denominator) == (36.0, 72.0, "hours", 7)


FAIL = [
    (0, 20, "0-15 %"),
    (3, 20, "0-15 %"),
    (4, 20, "16-30 %"),
    (6, 20, "16-30 %"),
    (9, 20, "31-45 %"),
    (10, 20, "over 45 %"),
]


@pytest.mark.parametrize(("failing", "deployments", "bucket"), FAIL)
def test_fail_rate__failing_of_all__bucket(failing: int, deployments: int, bucket: str) -> None:
    figure = fail_rate(Sums(failing=failing, deployments=deployments))
    assert (figure.value, figure.bucket) == (failing / deployments, bucket)


RECOVERY = [
    (59 * timedelta(minutes=1), "less than an hour"),
    (5 * HOUR, "less than a day"),
    (2 * DAY, "less than a week"),
    (8 * DAY, "more than a week"),
]


@pytest.mark.parametrize(("median", "bucket"), RECOVERY)
def test_recovery__median__bucket(median: timedelta, bucket: str) -> None:
    assert recovery_time(Sums(recovered=1, recovery_median=median)).bucket == bucket


def test_rework__unplanned_of_all__share() -> None:
    figure = rework_rate(Sums(rework=3, deployments=12))
    assert (figure.value, figure.numerator, figure.denominator, figure.unit) == (0.25, 3, 12, "ratio")


def test_sums__of_days__counts_added_and_recoveries_in_one_row() -> None:
    sums = sum_of([Day(3, 2, 1, 0, (7200.0,)), Day(2, 2, 1, 1, (3600.0, 36000.0))])
    assert (sums.deployments, sums.verified, sums.failing, sums.rework) == (5, 4, 2, 1)
    # 1 h, 2 h, 10 h: the 90th percentile lies eight tenths of the way from the second to the third.
    assert (sums.recovered, sums.recovery_median, sums.recovery_p90) == (3, 2 * HOUR, 8.4 * HOUR)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [((), 0.5, None), ((4.0,), 0.9, 4.0), ((1.0, 3.0), 0.5, 2.0), ((0.0, 10.0), 0.9, 9.0)],
)
def test_quantile__between_neighbours(values: tuple[float, ...], share: float, expected: float | None) -> None:
    found = quantile(values, share)
    assert (None if found is None else found.total_seconds()) == expected


def test_figures__nothing_deployed__nothing_is_claimed() -> None:
    figures = five_figures(Sums(), days=90, days_per_week=(0,) * 13, days_per_month=(0,) * 3)
    assert [figure.name for figure in figures] == [
        "deployment_frequency",
        "lead_time_for_changes",
        "change_fail_rate",
        "failed_deployment_recovery_time",
        "rework_rate",
    ]
    assert [figure.value for figure in figures] == [0, None, None, None, None]
    assert {figure.bucket for figure in figures} == {""}


# §0 "Weekly releases minimum; daily for patches": weeks, with, patches, in time -> weekly, daily
CADENCE = [
    (12, 12, 5, 5, True, True),
    (12, 11, 5, 4, False, False),
    (12, 0, 0, 0, False, None),
    (0, 0, 0, 0, None, None),
]


@pytest.mark.parametrize("row", CADENCE)
def test_cadence__weeks_and_patches__kept_or_not(row: tuple[int, int, int, int, bool | None, bool | None]) -> None:
    weeks, with_, patches, in_time, weekly, daily = row
    cadence = Cadence(name="x", team="t", weeks=weeks, weeks_with=with_, patches=patches, patches_in_time=in_time)
    assert (cadence.is_weekly, cadence.is_daily_for_patches) == (weekly, daily)


def day(number: int, hour: int = 0) -> datetime:
    """January 2026 begins on a Thursday: Mondays are the 5th, 12th, 19th, 26th."""
    return datetime(2026, 1, number, hour, tzinfo=UTC)


WEEKS = [
    (day(5), day(19), day(5), day(19)),
    (day(5, 1), day(19), day(12), day(19)),
    (day(6), day(20), day(12), day(19)),
    (day(6), day(11), day(12), day(12)),
]


@pytest.mark.parametrize(("start", "end", "first", "last"), WEEKS)
def test_weeks__of_a_period__only_whole_ones(start: datetime, end: datetime, first: datetime, last: datetime) -> None:
    assert whole_weeks(start, end) == (first, last)
