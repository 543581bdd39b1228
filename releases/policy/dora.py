"""DORA's five figures and the cadence of §0, from sums of days (`dora_days`). Pure.

What counts is a deployment to production (not a rollback) that reached its end there: healthy, failed or taken back. Given-up ones,
and those that still go on, count nowhere.

- Deployment frequency: those that were verified, for each day of the period.
- Lead time for changes: from a commit to the moment production was verified to run it, for each commit once; what is not above 0 is left out.
- Change fail rate: those that failed, were taken back, or had at least one incident, of all.
- Failed deployment recovery time: from the end of a failing roll-out until its incidents are resolved; without an incident, until the next
  deployment or rollback there is verified.
- Rework rate: the unplanned ones of all: under an emergency or a hotfix, or the next one after one that failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from releases.policy.dora_days import Sums

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
USUAL_PERIOD = timedelta(days=90)
LONGEST_PERIOD = timedelta(days=400)


class Level(StrEnum):
    """How DORA's reports group companies by a figure."""

    ELITE = "elite"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Often(StrEnum):
    """How frequently something happens."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


E, H, M, L = Level
Band = tuple[str, Level | None]
NO_BAND: Band = ("", None)

# (what it is up to and including, bucket, level), after DORA's reports. Rework has no bands.
FREQUENCIES: dict[str, Level] = {Often.DAILY: E, Often.WEEKLY: H, Often.MONTHLY: M, Often.YEARLY: L}
LEAD_TIMES: tuple[tuple[timedelta, str, Level], ...] = (
    (HOUR, "less than an hour", E),
    (DAY, "less than a day", E),
    (7 * DAY, "less than a week", H),
    (30 * DAY, "less than a month", M),
    (182 * DAY, "less than six months", L),
    (timedelta.max, "more than six months", L),
)
RECOVERIES: tuple[tuple[timedelta, str, Level], ...] = (
    (HOUR, "less than an hour", E),
    (DAY, "less than a day", H),
    (7 * DAY, "less than a week", M),
    (timedelta.max, "more than a week", L),
)
FAIL_RATES: tuple[tuple[float, str, Level], ...] = (
    (0.15, "0-15 %", E),
    (0.30, "16-30 %", M),
    (0.45, "31-45 %", L),
    (1.0, "over 45 %", L),
)
OFTEN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`value` in `unit`, None where there is nothing to measure; `bucket` and `level` are DORA's words for it; `p90` in the same unit.

    A ratio or a rate is `numerator` of `denominator`; of a median `numerator` is None and `denominator` how many it was taken of.
    """

    name: str
    value: float | None
    unit: str
    bucket: str = ""
    level: Level | None = None
    p90: float | None = None
    numerator: int | None = None
    denominator: int = 0


def five_figures(
    sums: Sums, *, days: float, days_per_week: Sequence[int], days_per_month: Sequence[int]
) -> tuple[Figure, ...]:
    """All of them, in DORA's order.

    `days` is the length of the period; `days_per_week` and `days_per_month` say on how many days of each of its weeks and months
    production got something.
    """
    return (
        frequency(sums, days=days, days_per_week=days_per_week, days_per_month=days_per_month),
        lead_time(sums),
        fail_rate(sums),
        recovery_time(sums),
        rework_rate(sums),
    )


def frequency(sums: Sums, *, days: float, days_per_week: Sequence[int], days_per_month: Sequence[int]) -> Figure:
    """Deployments a day."""
    bucket = how_often(days_per_week, days_per_month) if sums.verified else ""
    return Figure(
        name="deployment_frequency",
        value=sums.verified / days if days else None,
        unit="per day",
        bucket=bucket,
        level=FREQUENCIES.get(bucket),
        numerator=sums.verified,
        denominator=round(days),
    )


def how_often(days_per_week: Sequence[int], days_per_month: Sequence[int]) -> str:
    """Daily: on at least three days of the median week; weekly: on one; monthly: in the median month; else yearly (fourkeys)."""
    if days_per_week and median(days_per_week) >= OFTEN:
        return Often.DAILY
    if days_per_week and median(days_per_week) >= 1:
        return Often.WEEKLY
    return Often.MONTHLY if days_per_month and median(days_per_month) >= 1 else Often.YEARLY


def lead_time(sums: Sums) -> Figure:
    """From commit to production, in hours."""
    bucket, level = _band(sums.lead_median, LEAD_TIMES)
    return Figure(
        name="lead_time_for_changes",
        value=hours(sums.lead_median),
        unit="hours",
        bucket=bucket,
        level=level,
        p90=hours(sums.lead_p90),
        denominator=sums.commits,
    )


def fail_rate(sums: Sums) -> Figure:
    """The share that failed."""
    rate = ratio(sums.failing, sums.deployments)
    bucket, level = NO_BAND if rate is None else next((word, level) for most, word, level in FAIL_RATES if rate <= most)
    return Figure(
        name="change_fail_rate",
        value=rate,
        unit="ratio",
        bucket=bucket,
        level=level,
        numerator=sums.failing,
        denominator=sums.deployments,
    )


def recovery_time(sums: Sums) -> Figure:
    """From failed to restored, in hours."""
    bucket, level = _band(sums.recovery_median, RECOVERIES)
    return Figure(
        name="failed_deployment_recovery_time",
        value=hours(sums.recovery_median),
        unit="hours",
        bucket=bucket,
        level=level,
        p90=hours(sums.recovery_p90),
        denominator=sums.recovered,
    )


def rework_rate(sums: Sums) -> Figure:
    """The share that was not planned. DORA names no buckets for it."""
    return Figure(
        name="rework_rate",
        value=ratio(sums.rework, sums.deployments),
        unit="ratio",
        numerator=sums.rework,
        denominator=sums.deployments,
    )


def ratio(part: int, whole: int) -> float | None:
    """None of nothing."""
    return part / whole if whole else None


def hours(span: timedelta | None) -> float | None:
    """In hours, to the second."""
    return None if span is None else round(span.total_seconds()) / 3600


def _band(span: timedelta | None, table: Sequence[tuple[timedelta, str, Level]]) -> Band:
    return NO_BAND if span is None else next((word, level) for most, word, level in table if span <= most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often a service or a team ships, against "weekly releases minimum; daily for patches" (§0).

    `weeks` are the whole weeks of the period, `weeks_with` those in which production got something. `patches` went out,
    `patches_in_time` of them within a day of being built.
    """

    name: str
    team: str
    weeks: int
    weeks_with: int
    patches: int
    patches_in_time: int

    @property
    def is_weekly(self) -> bool | None:
        """None while no whole week is over."""
        return None if not self.weeks else self.weeks_with == self.weeks

    @property
    def is_daily_for_patches(self) -> bool | None:
        """None where no patch went out."""
        return None if not self.patches else self.patches_in_time == self.patches


def whole_weeks(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The whole weeks from Monday 00:00 UTC inside `start` to `end`, half-open; equal when there is none."""
    first = _monday(start)
    if first < start:
        first += 7 * DAY
    last = _monday(end)
    return (first, last) if first < last else (first, first)


def _monday(moment: datetime) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - midnight.weekday() * DAY
