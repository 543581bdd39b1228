"""How long signatures are waited for, seat by seat and risk by risk, beside how often what they let through failed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from changes.states import Risk
from releases.policy.dora import ratio
from releases.policy.dora_days import NOBODY, Fate
from releases.policy.quantiles import Run, quantile, run_of, unpacked
from releases.selectors.dora_statement import SIGNED
from releases.selectors.periods import OF_SERVICES, Period, monday_of, rows_of

Key = TypeVar("Key")

OF_SLUGS = """
    CASE WHEN %(slugs)s::text[] IS NULL THEN services IS NULL ELSE services && %(slugs)s::varchar[] END"""
WAITS = f"""
SELECT seat, risk, string_agg(waits, ''::bytea) FROM releases_signedday
WHERE day BETWEEN %(first)s AND %(last)s AND {OF_SLUGS}
GROUP BY seat, risk"""  # noqa: S608 - our own text
WEEKS = f"""
SELECT date_trunc('week', day)::date, string_agg(waits, ''::bytea) FROM releases_signedday
WHERE day BETWEEN %(first)s AND %(last)s AND {OF_SLUGS}
GROUP BY 1"""  # noqa: S608 - our own text
FATES = f"""
SELECT fate->>0, fate->>1, sum((fate->>2)::int)::int, sum((fate->>3)::int)::int
FROM releases_shippedday, jsonb_array_elements(fates) AS fate
WHERE day BETWEEN %(first)s AND %(last)s AND {OF_SERVICES}
GROUP BY 1, 2"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Of one seat or one risk: how long from submission to signature, and how deployments of the same period ended.

    Those of a seat are the ones whose change it had signed before they began, those of a risk the ones whose change has it.
    """

    name: str
    signatures: int
    median: timedelta | None
    p90: timedelta | None
    deployments: int
    failing: int

    @property
    def fail_rate(self) -> float | None:
        """None where nothing was deployed."""
        return ratio(self.failing, self.deployments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Every seat that signed in the period, every risk, and all together.

    `weeks`: the median of each, by its Monday; None where nobody signed. `signed` says how many did.
    """

    seats: tuple[Wait, ...]
    risks: tuple[Wait, ...]
    total: Wait
    weeks: Mapping[date, timedelta | None]
    signed: Mapping[date, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """One signature: who waited `seconds` for a `seat`."""

    id: int
    day: date
    seat: str
    risk: str
    seconds: float
    services: tuple[str, ...]


def approval_waits(period: Period) -> Waits:
    """By seat, by risk, of all and by week, in five statements."""
    fresh = signed({**period.spans, "slugs": period.slugs})
    waits, fates, weeks = _waits(period, fresh), _fates(period), _weeks(period, fresh)

    def of(name: str, *, seat: str | None = None, risk: str | None = None, signed_by: str = NOBODY) -> Wait:
        """Signatures of that seat and risk, and deployments that `signed_by` let through."""
        runs = [run for key, found in waits.items() if _fits(key, seat, risk) for run in found]
        counts = [count for key, count in fates.items() if _fits(key, signed_by, risk)]
        return Wait(
            name=name,
            signatures=sum(map(len, runs)),
            median=quantile(runs, 0.5),
            p90=quantile(runs, 0.9),
            deployments=sum(count for count, _failing in counts),
            failing=sum(failing for _count, failing in counts),
        )

    return Waits(
        seats=tuple(of(seat, seat=seat, signed_by=seat) for seat in sorted({seat for seat, _risk in waits})),
        risks=tuple(of(risk, risk=risk) for risk in Risk),
        total=of(""),
        weeks={monday: quantile(weeks[monday], 0.5) for monday in period.mondays},
        signed={monday: sum(map(len, weeks[monday])) for monday in period.mondays},
    )


def _fits(key: Fate, seat: str | None, risk: str | None) -> bool:
    return (seat is None or key[0] == seat) and (risk is None or key[1] == risk)


def signed(given: Mapping[str, Any]) -> list[Waited]:
    """The signatures of `Period.spans` on changes of `slugs` (None: of all)."""
    return [
        Waited(id=pk, day=day, seat=seat, risk=risk, seconds=seconds, services=tuple(sorted(services)))
        for pk, day, seat, risk, seconds, services in rows_of(SIGNED, given)
    ]


def _waits(period: Period, fresh: Iterable[Waited]) -> dict[Fate, list[Run]]:
    """By seat and risk, runs of the seconds that were waited."""
    kept = (((seat, risk), waits) for seat, risk, waits in rows_of(WAITS, _kept(period)))
    return _runs(kept, fresh, lambda row: (row.seat, row.risk))


def _weeks(period: Period, fresh: Iterable[Waited]) -> dict[date, list[Run]]:
    """The same by the Monday of the week they were signed in."""
    return _runs(rows_of(WEEKS, _kept(period)), fresh, lambda row: monday_of(row.day))


def _kept(period: Period) -> dict[str, object]:
    first, last = period.days_kept
    return {"first": first, "last": last, "slugs": period.slugs}


def _runs(
    kept: Iterable[tuple[Key, bytes]], fresh: Iterable[Waited], key_of: Callable[[Waited], Key]
) -> dict[Key, list[Run]]:
    found: dict[Key, list[Run]] = defaultdict(list)
    for key, waits in kept:
        found[key].append(unpacked(waits, is_sorted=False))
    live: dict[Key, list[float]] = defaultdict(list)
    for row in fresh:
        live[key_of(row)].append(row.seconds)
    for key, seconds in live.items():
        found[key].append(run_of(seconds))
    return found


def _fates(period: Period) -> dict[Fate, tuple[int, int]]:
    """By seat and risk, how many deployments, and how many of them failed."""
    first, last = period.days_kept
    deployments, failing = Counter[Fate](), Counter[Fate]()
    for seat, risk, count, failed in rows_of(FATES, {"first": first, "last": last, "services": period.services}):
        deployments[seat, risk] += count
        failing[seat, risk] += failed
    for row in period.live:
        for seat in (NOBODY, *row.seats):
            deployments[seat, row.risk] += 1
            failing[seat, row.risk] += row.is_failing
    return {fate: (count, failing[fate]) for fate, count in deployments.items()}
