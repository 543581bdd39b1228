"""Days of production as DORA counts them: deployments folded into days, days added up. Pure.

A day is what is kept for the dashboards (`releases.actions.figures`): it can be added to others without losing a median, for it
keeps every duration as whole seconds, in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from releases.policy.quantiles import Run, quantile, run_of

# (seat, risk): a seat that signed what was deployed; "" for the deployment itself, whoever signed.
Fate = tuple[str, str]
NOBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One deployment to production that reached its end.

    `lead_times` are the seconds from each of its commits; `restored_at` is when a failing one was over, `rolled_out_at` the end of its
    roll-out. `risk` is its change's ("" without one), `seats` those that signed the change before it began.
    """

    id: int
    service: int
    day: date
    created_at: datetime
    rolled_out_at: datetime
    is_verified: bool
    is_failing: bool
    is_rework: bool
    is_patch: bool
    is_patch_in_time: bool
    lead_times: Sequence[float]
    restored_at: datetime | None
    risk: str
    seats: Sequence[str]

    @property
    def recovery(self) -> timedelta | None:
        """How long a failing one was not restored; None for the others, while it is not, and for an end before its beginning."""
        if self.restored_at is None or self.restored_at <= self.rolled_out_at:
            return None
        return self.restored_at - self.rolled_out_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What began on one day. `lead_times` and `recoveries` are seconds in ascending order; `fates` {(seat, risk): (deployments, failing)}."""

    deployments: int = 0
    verified: int = 0
    failing: int = 0
    rework: int = 0
    patches: int = 0
    patches_in_time: int = 0
    lead_times: Run = ()
    recoveries: Run = ()
    fates: Mapping[Fate, tuple[int, int]] = field(default_factory=dict)


def day_of(rows: Iterable[Counted]) -> Day:
    """These deployments as one day. Patches count once they were verified; a commit from the future counts nowhere."""
    found = tuple(rows)
    verified = [row for row in found if row.is_verified]
    counts = Counter[Fate]((seat, row.risk) for row in found for seat in (NOBODY, *row.seats))
    failing = Counter[Fate]((seat, row.risk) for row in found if row.is_failing for seat in (NOBODY, *row.seats))
    return Day(
        deployments=len(found),
        verified=len(verified),
        failing=sum(row.is_failing for row in found),
        rework=sum(row.is_rework for row in found),
        patches=sum(row.is_patch for row in verified),
        patches_in_time=sum(row.is_patch_in_time for row in verified),
        lead_times=run_of(lead for row in found for lead in row.lead_times if lead > 0),
        recoveries=run_of(row.recovery.total_seconds() for row in found if row.recovery is not None),
        fates={fate: (count, failing[fate]) for fate, count in sorted(counts.items())},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Of one span: counts, and medians and 90th percentiles where there is anything to take them of."""

    deployments: int = 0
    verified: int = 0
    failing: int = 0
    rework: int = 0
    commits: int = 0
    lead_median: timedelta | None = None
    lead_p90: timedelta | None = None
    recovered: int = 0
    recovery_median: timedelta | None = None
    recovery_p90: timedelta | None = None


def sum_of(days: Iterable[Day]) -> Sums:
    """Of some days."""
    found = tuple(days)
    leads, recoveries = [day.lead_times for day in found], [day.recoveries for day in found]
    return Sums(
        deployments=sum(day.deployments for day in found),
        verified=sum(day.verified for day in found),
        failing=sum(day.failing for day in found),
        rework=sum(day.rework for day in found),
        commits=sum(map(len, leads)),
        lead_median=quantile(leads, 0.5),
        lead_p90=quantile(leads, 0.9),
        recovered=sum(map(len, recoveries)),
        recovery_median=quantile(recoveries, 0.5),
        recovery_p90=quantile(recoveries, 0.9),
    )
