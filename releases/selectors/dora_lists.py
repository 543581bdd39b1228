"""The deployments behind each figure: the days that have any are kept, only those are looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from releases.models import Deployment
from releases.policy.dora_days import NOBODY, Counted
from releases.selectors.dora_statement import IN_PLACES
from releases.selectors.periods import Period, counted, midnight_of, rows_of


@dataclass(frozen=True, slots=True)
class Listed:
    """What stands behind one figure: `kept` is how many of a kept day at most, 0 where there is none, `is_one` tells each of them."""

    kept: str
    is_one: Callable[[Counted], bool]


LISTS: dict[str, Listed] = {
    "deployment_frequency": Listed("verified", lambda row: row.is_verified),
    "lead_time_for_changes": Listed(
        "CASE WHEN length(lead_times) > 0 THEN deployments ELSE 0 END",
        lambda row: any(lead > 0 for lead in row.lead_times),
    ),
    "change_fail_rate": Listed("failing", lambda row: row.is_failing),
    "failed_deployment_recovery_time": Listed("failing", lambda row: row.is_failing),
    "rework_rate": Listed("rework", lambda row: row.is_rework),
    "patches": Listed("patches", lambda row: row.is_patch and row.is_verified),
    "deployments": Listed("deployments", lambda _row: True),
}
# Of a kept day's fates one of that seat and risk, and of those that failed. Of all services first: most days are settled by that.
FATE = """'strict $[*] ? (@[0] == $seat && ($risk == "" || @[1] == $risk) && @[3] >= $failing)'"""
# The newest days that hold as many as are wanted, each with the services that have any. {kept}: `Listed.kept`, {fate}: FATE.
PLACES = """
WITH wanted AS (
    SELECT day, sum({kept}) AS matches, array_agg(service_id) AS services FROM releases_shippedday
    WHERE service_id IS NOT NULL AND (%(services)s::bigint[] IS NULL OR service_id = ANY (%(services)s::bigint[]))
      AND day BETWEEN %(first)s AND %(last)s AND {kept} > 0
      AND (%(fate)s::jsonb IS NULL
           OR day IN (SELECT day FROM releases_shippedday
                      WHERE service_id IS NULL AND jsonb_path_exists(fates, {fate}, %(fate)s::jsonb))
              AND jsonb_path_exists(fates, {fate}, %(fate)s::jsonb))
    GROUP BY day
), ranked AS (
    SELECT day, services, sum(matches) OVER (ORDER BY day DESC) - matches AS newer FROM wanted
)
SELECT day, services FROM ranked WHERE newer < %(most)s ORDER BY day DESC"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Which list: a figure of LISTS, perhaps only what a seat signed, or what is of a risk. `before` (day, id): the last one shown."""

    figure: str
    seat: str = ""
    risk: str = ""
    before: tuple[date, int] | None = None

    def holds(self, row: Counted) -> bool:
        """Whether this deployment stands in it."""
        return (
            LISTS[self.figure].is_one(row)
            and (not self.seat or self.seat in row.seats)
            and (not self.risk or row.risk == self.risk)
            and (self.before is None or (row.day, row.id) < self.before)
        )

    @property
    def fate(self) -> str | None:
        """What FATE asks for, as JSON; None when any will do."""
        asked = {"seat": self.seat or NOBODY, "risk": self.risk, "failing": int(LISTS[self.figure].kept == "failing")}
        return json.dumps(asked) if self.seat or self.risk else None


def deployments_behind(wanted: Behind, period: Period, *, most: int) -> list[tuple[Deployment, timedelta | None]]:
    """The deployments that a figure counts, the newest first, each with the time until it was restored.

    Raises KeyError for a figure that does not exist.
    """
    rows = [row for row in period.live if wanted.holds(row)]
    rows += islice(_kept(wanted, period, most=most), most)
    rows.sort(key=lambda row: (row.day, row.id), reverse=True)
    found = {row.id: row.recovery for row in rows[:most]}
    deployments = Deployment.objects.select_related("service__team", "started_by").in_bulk(list(found))
    return [(deployments[pk], recovery) for pk, recovery in found.items() if pk in deployments]


def _kept(wanted: Behind, period: Period, *, most: int) -> Iterator[Counted]:
    """Those of kept days, the newest day first; each round looks at twice as much as the one before."""
    first, last = period.days_kept
    last = min(last, wanted.before[0]) if wanted.before else last
    statement = PLACES.format(kept=LISTS[wanted.figure].kept, fate=FATE)
    while first <= last:
        given = {"services": period.services, "first": first, "last": last, "fate": wanted.fate, "most": most}
        days = rows_of(statement, given)
        if not days:
            return
        yield from sorted(_of_days(days, wanted, period), key=lambda row: (row.day, row.id), reverse=True)
        last, most = days[-1][0] - timedelta(days=1), most * 2


def _of_days(days: list[tuple[Any, ...]], wanted: Behind, period: Period) -> list[Counted]:
    places = [(service, midnight_of(day)) for day, services in days for service in services]
    given = {
        "places": [service for service, _day in places],
        "days": [day for _service, day in places],
        "start": period.start,
        "end": period.end,
        "services": None,
    }
    return [row for row in counted(IN_PLACES, given) if wanted.holds(row)]
