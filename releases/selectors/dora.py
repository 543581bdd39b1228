"""DORA's sums of a period, by week, and for each service; and the deployments behind each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from cybercube_portal.catalog import selectors as catalog
from releases.models import Deployment
from releases.policy.dora import DAY, Cadence, Day, Figure, Sums, five_figures, sum_of, whole_weeks
from releases.selectors.dora_statement import CADENCE, DAYS, LEADS, list_statement

WEEK = 7 * DAY
NO_ID = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is measured: half-open from `start` to `end`; `service` and `team` are slugs, empty for all.

    `owned` are its services: id -> (slug, team's slug); `period_of` reads them.
    """

    start: datetime
    end: datetime
    service: str = ""
    team: str = ""
    owned: Mapping[int, tuple[str, str]]

    @property
    def days(self) -> float:
        """Its length."""
        return (self.end - self.start) / DAY

    @property
    def services(self) -> list[int] | None:
        """The ids of its services; None for all."""
        return list(self.owned) if self.service or self.team else None


def period_of(*, start: datetime, end: datetime, service: str = "", team: str = "") -> Period:
    """The period with its services, in one query."""
    owned = catalog.owned(service=service, team=team)
    return Period(start=start, end=end, service=service, team=team, owned=owned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`weeks` by their Monday, every week of the period in order, also those in which nothing happened."""

    figures: tuple[Figure, ...]
    total: Sums
    weeks: Mapping[date, Sums]


def measure(period: Period) -> Measured:
    """The five figures of a period and the sums of its weeks, in two statements."""
    given = given_of(period)
    days = {
        day: Day(deployments, verified, failing, rework, tuple(recoveries))
        for day, deployments, verified, failing, rework, recoveries in rows_of(DAYS, given)
    }
    total = sum_of(days.values())
    weeks = {
        monday: sum_of(day for date_, day in days.items() if monday <= date_ < monday + WEEK)
        for monday in _mondays(period)
    }
    for week, commits, quantiles in rows_of(LEADS, given):
        median, p90 = quantiles_of(quantiles)
        found = {"commits": commits, "lead_median": median, "lead_p90": p90}
        if week is None:
            total = replace(total, **found)
        else:
            weeks[week] = replace(weeks[week], **found)
    shipped = [date_ for date_, day in days.items() if day.verified]
    figures = five_figures(
        total,
        days=period.days,
        days_per_week=[sum(monday <= date_ < monday + WEEK for date_ in shipped) for monday in weeks],
        days_per_month=[sum(date_.replace(day=1) == month for date_ in shipped) for month in _months(period)],
    )
    return Measured(figures=figures, total=total, weeks=weeks)


def cadences(period: Period) -> tuple[tuple[Cadence, ...], tuple[Cadence, ...]]:
    """§0 for each service of the period and for each of their teams; those that shipped nothing included. One statement.

    A team keeps the week when all of its services do.
    """
    first, last = whole_weeks(period.start, period.end)
    weeks = (last - first) // WEEK
    given = {**given_of(period), "first_week": first, "last_week": last}
    shipped = {row[0]: row[1:] for row in rows_of(CADENCE, given)}
    services = tuple(
        Cadence(
            name=slug,
            team=team,
            weeks=weeks,
            weeks_with=shipped.get(pk, (0, 0, 0))[0],
            patches=shipped.get(pk, (0, 0, 0))[1],
            patches_in_time=shipped.get(pk, (0, 0, 0))[2],
        )
        for pk, (slug, team) in period.owned.items()
    )
    return services, tuple(_of_team(team, services) for team in sorted({row.team for row in services}))


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


def deployments_behind(
    name: str, period: Period, *, before: int = 0, most: int
) -> list[tuple[Deployment, timedelta | None]]:
    """The deployments that a figure counts, the newest first, each with the time until it was restored. Two statements.

    `before` is the id of the last one that was shown. Raises KeyError for a figure that does not exist.
    """
    given = {**given_of(period), "before": before or NO_ID, "most": most}
    found = dict(rows_of(list_statement(name), given))
    rows = Deployment.objects.select_related("service__team", "started_by").in_bulk(list(found))
    return [(rows[pk], recovery) for pk, recovery in found.items() if pk in rows]


def given_of(period: Period) -> dict[str, Any]:
    """What the statements are told of a period."""
    return {"start": period.start, "end": period.end, "services": period.services}


def rows_of(statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


def quantiles_of(quantiles: Sequence[float | None] | None) -> tuple[timedelta | None, timedelta | None]:
    """The median and the 90th percentile, from seconds."""
    median, p90 = (None if value is None else timedelta(seconds=float(value)) for value in quantiles or (None, None))
    return median, p90


def _mondays(period: Period) -> list[date]:
    first = period.start.date() - timedelta(days=period.start.weekday())
    last = (period.end - timedelta(microseconds=1)).date()
    return [first + timedelta(weeks=week) for week in range((last - first).days // 7 + 1)]


def _months(period: Period) -> list[date]:
    last = (period.end - timedelta(microseconds=1)).date()
    month, found = period.start.date().replace(day=1), []
    while month <= last:
        found.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found
