"""A period as it is measured: whole days that are kept (`models.ShippedDay`), and the deployments of the rest, looked up now.

Today is never kept, a day that the worker has not come to is not yet: both are counted from the deployments themselves, by the same
functions, so it costs time, never truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Max

from cybercube_portal.catalog import selectors as catalog
from releases.models import ShippedDay
from releases.policy.dora import DAY
from releases.policy.dora_days import Counted, Day, day_of
from releases.policy.quantiles import unpacked
from releases.selectors.dora_statement import WITHIN_SPANS

Span = tuple[datetime, datetime]
WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Period:
    """What is measured: half-open from `start` to `end`; `service` and `team` are slugs, empty for all.

    `owned` are its services: id -> (slug, team's slug); every day before `kept_until` is kept. `period_of` reads both.
    """

    start: datetime
    end: datetime
    service: str = ""
    team: str = ""
    owned: Mapping[int, tuple[str, str]]
    kept_until: datetime | None = None

    @property
    def days(self) -> float:
        """Its length."""
        return (self.end - self.start) / DAY

    @property
    def mondays(self) -> list[date]:
        """Of every week it touches, in order."""
        first = monday_of(self.start.date())
        last = (self.end - timedelta(microseconds=1)).date()
        return [first + WEEK * week for week in range((last - first).days // 7 + 1)]

    def within(self, monday: date) -> Span:
        """What of that week lies in it."""
        begins = midnight_of(monday)
        return max(begins, self.start), min(begins + WEEK, self.end)

    @property
    def services(self) -> list[int] | None:
        """The ids of its services; None for all."""
        return list(self.owned) if self.service or self.team else None

    @property
    def slugs(self) -> list[str] | None:
        """Their slugs; None for all."""
        return [slug for slug, _team in self.owned.values()] if self.service or self.team else None

    @cached_property
    def kept(self) -> Span:
        """Its whole days that are kept, half-open; both ends at its end where there are none."""
        start = _midnight(self.start)
        start = start if start == self.start else start + DAY
        end = min(_midnight(self.end), self.kept_until or start)
        return (start, end) if start < end else (self.end, self.end)

    @property
    def spans(self) -> dict[str, datetime]:
        """What is not kept, before and after that: as the statements take it."""
        start, end = self.kept
        return {"start": self.start, "until": start, "since": end, "end": self.end}

    @property
    def days_kept(self) -> tuple[date, date]:
        """The first and the last day that is kept; the last lies before the first where there is none."""
        start, end = self.kept
        return start.date(), (end - DAY).date()

    @cached_property
    def live(self) -> tuple[Counted, ...]:
        """The deployments that are not kept yet, in one statement, read once."""
        return counted(WITHIN_SPANS, {**self.spans, "services": self.services})

    def before(self) -> Period:
        """The period of the same length that ends where this one begins."""
        return Period(
            start=self.start - (self.end - self.start),
            end=self.start,
            service=self.service,
            team=self.team,
            owned=self.owned,
            kept_until=self.kept_until,
        )


def period_of(*, start: datetime, end: datetime, service: str = "", team: str = "") -> Period:
    """The period with its services, in two queries."""
    owned = catalog.owned(service=service, team=team)
    return Period(start=start, end=end, service=service, team=team, owned=owned, kept_until=kept_until())


def kept_until() -> datetime | None:
    """Midnight (UTC) after the last day that is kept; None while there is none."""
    last: date | None = ShippedDay.objects.filter(service__isnull=True).aggregate(last=Max("day"))["last"]
    return None if last is None else midnight_of(last) + DAY


def midnight_of(day: date) -> datetime:
    """Its beginning, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def monday_of(day: date) -> date:
    """With which its week begins."""
    return day - timedelta(days=day.weekday())


def counted(statement: str, given: Mapping[str, Any]) -> tuple[Counted, ...]:
    """The deployments that a statement of `dora_statement` finds."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        names = [column.name for column in cursor.description or ()]
        return tuple(Counted(**dict(zip(names, row, strict=True))) for row in cursor.fetchall())


def rows_of(statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


# The days of all services stand in rows of their own, those of some are added up; their seconds lie run behind run then.
OF_SERVICES = """
    CASE WHEN %(services)s::bigint[] IS NULL THEN service_id IS NULL ELSE service_id = ANY (%(services)s::bigint[]) END"""
DAYS = f"""
SELECT day, count(*), sum(deployments)::int, sum(verified)::int, sum(failing)::int, sum(rework)::int,
       string_agg(lead_times, ''::bytea), string_agg(recoveries, ''::bytea)
FROM releases_shippedday
WHERE day BETWEEN %(first)s AND %(last)s AND {OF_SERVICES}
GROUP BY day"""  # noqa: S608 - our own text


def days_of(period: Period) -> dict[date, Day]:
    """Its days on which something was deployed. One statement for what is kept, one for what is not."""
    first, last = period.days_kept
    given = {"services": period.services, "first": first, "last": last}
    kept = {
        day: Day(
            deployments=deployments,
            verified=verified,
            failing=failing,
            rework=rework,
            lead_times=unpacked(lead_times, is_sorted=rows == 1),
            recoveries=unpacked(recoveries, is_sorted=rows == 1),
        )
        for day, rows, deployments, verified, failing, rework, lead_times, recoveries in rows_of(DAYS, given)
    }
    return kept | {day: day_of(rows) for day, rows in by_day(period.live).items()}


def by_day(rows: Iterable[Counted]) -> dict[date, list[Counted]]:
    """They, by the day on which they began."""
    found = defaultdict(list)
    for row in rows:
        found[row.day].append(row)
    return found


def _midnight(moment: datetime) -> datetime:
    return midnight_of(moment.astimezone(UTC).date())
