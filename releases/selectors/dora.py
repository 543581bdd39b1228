"""DORA's figures of a period, by week, and the cadence of each service, from days that are kept and what is not yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from releases.policy.dora import Cadence, Figure, five_figures, whole_weeks
from releases.policy.dora_days import Counted, Sums, sum_of
from releases.selectors.periods import WEEK, Period, days_of, rows_of

# Any Monday: weeks are numbered from it.
MONDAY = date(2001, 1, 1)

# One row for each service that shipped: the whole weeks with something in production, and patches.
CADENCE = """
SELECT service_id, array_agg(DISTINCT (day - %(monday)s::date) / 7) FILTER (WHERE verified > 0),
       sum(patches)::int, sum(patches_in_time)::int
FROM releases_shippedday
WHERE day BETWEEN %(first)s AND %(last)s AND service_id IS NOT NULL
  AND (%(services)s::bigint[] IS NULL OR service_id = ANY (%(services)s::bigint[]))
GROUP BY service_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`weeks` by their Monday, every week of the period in order, also those in which nothing happened."""

    figures: tuple[Figure, ...]
    total: Sums
    weeks: Mapping[date, Sums]


def measure(period: Period) -> Measured:
    """The five figures of a period and the sums of its weeks, in two statements."""
    days = days_of(period)
    total = sum_of(days.values())
    mondays = period.mondays
    weeks = {
        monday: sum_of(day for date_, day in days.items() if monday <= date_ < monday + WEEK) for monday in mondays
    }
    shipped = [date_ for date_, day in days.items() if day.verified]
    figures = five_figures(
        total,
        days=period.days,
        days_per_week=[sum(monday <= date_ < monday + WEEK for date_ in shipped) for monday in mondays],
        days_per_month=[sum(date_.replace(day=1) == month for date_ in shipped) for month in months_of(period)],
    )
    return Measured(figures=figures, total=total, weeks=weeks)


def cadences(period: Period) -> tuple[tuple[Cadence, ...], tuple[Cadence, ...]]:
    """§0 for each service of the period and for each of their teams; those that shipped nothing included. Two statements.

    A team keeps the week when all of its services do.
    """
    first_day, last_day = period.days_kept
    given = {"services": period.services, "first": first_day, "last": last_day, "monday": MONDAY}
    kept = {service: (weeks, patches, in_time) for service, weeks, patches, in_time in rows_of(CADENCE, given)}
    live: dict[int, list[Counted]] = defaultdict(list)
    for row in period.live:
        if row.is_verified:
            live[row.service].append(row)
    first, last = whole_weeks(period.start, period.end)
    whole = range(_week(first.date()), _week(last.date()))
    services = []
    for pk, (slug, team) in period.owned.items():
        weeks, patches, in_time = kept.get(pk, ((), 0, 0))
        with_ = {*(weeks or ()), *(_week(row.day) for row in live[pk])}
        services.append(
            Cadence(
                name=slug,
                team=team,
                weeks=len(whole),
                weeks_with=len(with_.intersection(whole)),
                patches=patches + sum(row.is_patch for row in live[pk]),
                patches_in_time=in_time + sum(row.is_patch_in_time for row in live[pk]),
            )
        )
    return tuple(services), tuple(_of_team(team, services) for team in sorted({row.team for row in services}))


def _week(day: date) -> int:
    return (day - MONDAY).days // 7


def _of_team(team: str, services: Sequence[Cadence]) -> Cadence:
    own = [row for row in services if row.team == team]
    return Cadence(
        name=team,
        team=team,
        weeks=sum(row.weeks for row in own),
        weeks_with=sum(row.weeks_with for row in own),
        patches=sum(row.patches for row in own),
        patches_in_time=sum(row.patches_in_time for row in own),
    )


def months_of(period: Period) -> list[date]:
    """The first day of every month it touches, in order."""
    last = (period.end - timedelta(microseconds=1)).date()
    month, found = period.start.date().replace(day=1), []
    while month <= last:
        found.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found
