"""Teams, or services, beside each other: the five figures of each and what it shipped week by week, in one statement over kept days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from releases.policy.dora import Figure, five_figures
from releases.policy.dora_days import Counted, Sums, day_of
from releases.policy.quantiles import Run, quantile, unpacked
from releases.selectors.dora import months_of
from releases.selectors.periods import Period, by_day, monday_of, rows_of

# One row for each name and week; its seconds lie run behind run.
BY_WEEK = """
SELECT owned.name, date_trunc('week', day)::date, sum(deployments)::int, sum(verified)::int, sum(failing)::int, sum(rework)::int,
       string_agg(lead_times, ''::bytea), string_agg(recoveries, ''::bytea), array_agg(DISTINCT day) FILTER (WHERE verified > 0)
FROM releases_shippedday
JOIN unnest(%(ids)s::bigint[], %(names)s::text[]) AS owned (service_id, name) USING (service_id)
WHERE day BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A team or a service: its sums without the 90th percentiles, its five figures, and what was verified in each week by its Monday."""

    name: str
    sums: Sums
    figures: tuple[Figure, ...]
    weeks: Mapping[date, int]


@dataclass(slots=True)
class _Tally:
    """What was found of one of them so far."""

    deployments: int = 0
    verified: int = 0
    failing: int = 0
    rework: int = 0
    lead_times: list[Run] = field(default_factory=list)
    recoveries: list[Run] = field(default_factory=list)
    shipped: set[date] = field(default_factory=set)
    weeks: dict[date, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, other: _Tally) -> None:
        """Put the other's in."""
        self.deployments += other.deployments
        self.verified += other.verified
        self.failing += other.failing
        self.rework += other.rework
        self.lead_times += other.lead_times
        self.recoveries += other.recoveries
        self.shipped |= other.shipped
        for monday, verified in other.weeks.items():
            self.weeks[monday] += verified


def compare(period: Period, *, by_team: bool) -> tuple[tuple[Compared, ...], Compared]:
    """Each team (or each service) of the period by its name, those without a deployment included; and all of them together.

    Two statements: the days that are kept, and the deployments of the others.
    """
    name_of = {pk: team if by_team else slug for pk, (slug, team) in period.owned.items()}
    tallies = {name: _Tally() for name in sorted(set(name_of.values()))}
    for name, tally in (*_kept(period, name_of), *_live(period, name_of)):
        tallies[name].add(tally)
    whole = _Tally()
    for tally in tallies.values():
        whole.add(tally)
    return tuple(_compared(name, tally, period) for name, tally in tallies.items()), _compared("", whole, period)


def _kept(period: Period, name_of: Mapping[int, str]) -> Iterable[tuple[str, _Tally]]:
    first, last = period.days_kept
    given = {"ids": list(name_of), "names": list(name_of.values()), "first": first, "last": last}
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for name, *row in rows_of(BY_WEEK, given):
        found[name].append(tuple(row))
    for name, rows in found.items():
        mondays, deployments, verified, failing, rework, leads, recoveries, shipped = zip(*rows, strict=True)
        yield (
            name,
            _Tally(
                sum(deployments),
                sum(verified),
                sum(failing),
                sum(rework),
                # One run of all weeks: a median of one is quicker than of fifty.
                [unpacked(b"".join(leads), is_sorted=False)],
                [unpacked(b"".join(recoveries), is_sorted=False)],
                {day for days in shipped for day in days or ()},
                dict(zip(mondays, verified, strict=True)),
            ),
        )


def _live(period: Period, name_of: Mapping[int, str]) -> Iterable[tuple[str, _Tally]]:
    named: dict[str, list[Counted]] = defaultdict(list)
    for row in period.live:
        if row.service in name_of:
            named[name_of[row.service]].append(row)
    for name, found in named.items():
        for date_, rows in by_day(found).items():
            day = day_of(rows)
            yield (
                name,
                _Tally(
                    day.deployments,
                    day.verified,
                    day.failing,
                    day.rework,
                    [day.lead_times],
                    [day.recoveries],
                    {date_} if day.verified else set(),
                    {monday_of(date_): day.verified},
                ),
            )


def _compared(name: str, tally: _Tally, period: Period) -> Compared:
    sums = Sums(
        deployments=tally.deployments,
        verified=tally.verified,
        failing=tally.failing,
        rework=tally.rework,
        commits=sum(map(len, tally.lead_times)),
        lead_median=quantile(tally.lead_times, 0.5),
        recovered=sum(map(len, tally.recoveries)),
        recovery_median=quantile(tally.recoveries, 0.5),
    )
    per_week, per_month = Counter(map(monday_of, tally.shipped)), Counter(day.replace(day=1) for day in tally.shipped)
    figures = five_figures(
        sums,
        days=period.days,
        days_per_week=[per_week[monday] for monday in period.mondays],
        days_per_month=[per_month[month] for month in months_of(period)],
    )
    weeks = {monday: tally.weeks.get(monday, 0) for monday in period.mondays}
    return Compared(name=name, sums=sums, figures=figures, weeks=weeks)
