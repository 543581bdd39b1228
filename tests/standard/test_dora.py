"""DORA's buckets and rates, computed by hand; the sums they are made of are tested with the database (tests/releases/test_dora.py)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.policy.dora import (
    Cadence,
    fail_rate,
    five_figures,
    frequency,
    how_often,
    lead_time,
    recovery_time,
    rework_rate,
    whole_weeks,
)
from releases.policy.dora_days import Day, Sums, sum_of
from releases.policy.quantiles import Run, packed, quantile, run_of, unpacked

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
    assert (figure.value, figure.unit, figure.bucket, figure.level) == (30 / 90, "per day", "daily", "elite")
    assert (figure.numerator, figure.denominator) == (30, 90)


LEAD = [
    (HOUR, "less than an hour", "elite"),
    (HOUR + timedelta(seconds=1), "less than a day", "elite"),
    (DAY, "less than a day", "elite"),
    (7 * DAY, "less than a week", "high"),
    (30 * DAY, "less than a month", "medium"),
    (100 * DAY, "less than six months", "low"),
    (200 * DAY, "more than six months", "low"),
    (None, "", None),
]


@pytest.mark.parametrize(("median", "bucket", "level"), LEAD)
def test_lead_time__median__bucket_and_level(median: timedelta | None, bucket: str, level: str | None) -> None:
    found = lead_time(Sums(lead_median=median))
    assert (found.bucket, found.level) == (bucket, level)


def test_lead_time__in_hours_with_p90_and_how_many_commits() -> None:
    figure = lead_time(Sums(commits=7, lead_median=36 * HOUR, lead_p90=3 * DAY))
    assert (figure.value, figure.p90, figure.unit, figure.denominator) == (36.0, 72.0, "hours", 7)


FAIL = [
    (0, 20, "0-15 %", "elite"),
    (3, 20, "0-15 %", "elite"),
    (4, 20, "16-30 %", "medium"),
    (6, 20, "16-30 %", "medium"),
    (9, 20, "31-45 %", "low"),
    (10, 20, "over 45 %", "low"),
    (20, 20, "over 45 %", "low"),
]


@pytest.mark.parametrize(("failing", "deployments", "bucket", "level"), FAIL)
def test_fail_rate__failing_of_all__bucket_and_level(failing: int, deployments: int, bucket: str, level: str) -> None:
    figure = fail_rate(Sums(failing=failing, deployments=deployments))
    assert (figure.value, figure.bucket, figure.level) == (failing / deployments, bucket, level)


RECOVERY = [
    (59 * timedelta(minutes=1), "less than an hour", "elite"),
    (5 * HOUR, "less than a day", "high"),
    (2 * DAY, "less than a week", "medium"),
    (8 * DAY, "more than a week", "low"),
]


@pytest.mark.parametrize(("median", "bucket", "level"), RECOVERY)
def test_recovery__median__bucket_and_level(median: timedelta, bucket: str, level: str) -> None:
    found = recovery_time(Sums(recovered=1, recovery_median=median))
    assert (found.bucket, found.level) == (bucket, level)


def test_rework__unplanned_of_all__share() -> None:
    figure = rework_rate(Sums(rework=3, deployments=12))
    assert (figure.value, figure.numerator, figure.denominator, figure.unit) == (0.25, 3, 12, "ratio")


def test_sums__of_days__counts_added_and_recoveries_in_one_row() -> None:
    first = Day(deployments=3, verified=2, failing=1, recoveries=run_of([7200]))
    second = Day(deployments=2, verified=2, failing=1, rework=1, recoveries=run_of([36000, 3600]))
    sums = sum_of([first, second])
    assert (sums.deployments, sums.verified, sums.failing, sums.rework) == (5, 4, 2, 1)
    # 1 h, 2 h, 10 h: the 90th percentile lies eight tenths of the way from the second to the third.
    assert (sums.recovered, sums.recovery_median, sums.recovery_p90) == (3, 2 * HOUR, 8.4 * HOUR)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [((), 0.5, None), ((4,), 0.9, 4), ((1, 3), 0.5, 2), ((0, 10), 0.9, 9), ((5, 5, 9), 0.5, 5), ((5, 5, 9), 0.75, 7)],
)
def test_quantile__between_neighbours(values: tuple[int, ...], share: float, expected: float | None) -> None:
    for runs in ([values], [(value,) for value in values], [values[:1], (), values[1:]]):
        found = quantile(runs, share)
        assert (None if found is None else found.total_seconds()) == expected


@given(
    runs=st.lists(st.lists(st.floats(0.001, 10**8), max_size=20).map(run_of), max_size=8),
    share=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
)
def test_quantile__of_any_runs__as_of_one_sorted_row(runs: list[Run], share: float) -> None:
    every = sorted(second for run in runs for second in run)
    found = quantile(runs, share)
    if not every:
        assert found is None
        return
    place = share * (len(every) - 1)
    low, high = every[int(place)], every[min(int(place) + 1, len(every) - 1)]
    assert found is not None
    assert found.total_seconds() == pytest.approx(low + (high - low) * (place - int(place)), abs=1e-5)
    behind = unpacked(b"".join(map(packed, runs)), is_sorted=False)
    assert list(behind) == every


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
