"""How long signatures are waited for, seat by seat, beside how often what they let through failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from releases.policy.dora import ratio
from releases.selectors.dora import Period, given_of, quantiles_of, rows_of
from releases.selectors.dora_statement import COUNTED

# Only a signature that filled a seat names one. One given before the last submission was for another content.
WAITS = f"""{COUNTED}, signed AS (
    SELECT signature.seat, change.number, extract(epoch FROM signature.signed_at - change.submitted_at) AS wait
    FROM changes_signature signature JOIN changes_changerequest change ON change.id = signature.change_id CROSS JOIN bounds
    WHERE signature.seat <> '' AND signature.signed_at >= bounds.starts_at AND signature.signed_at < bounds.ends_at
      AND signature.signed_at > change.submitted_at AND (%(slugs)s::text[] IS NULL OR change.services && %(slugs)s::varchar[])
), fates AS (
    SELECT change, count(*) AS deployments, count(*) FILTER (WHERE is_failing) AS failing
    FROM counted WHERE change <> '' GROUP BY change
), rates AS (
    SELECT seat, sum(deployments)::bigint AS deployments, sum(failing)::bigint AS failing
    FROM (SELECT DISTINCT seat, number FROM signed) AS seats JOIN fates ON fates.change = seats.number GROUP BY seat
)
SELECT waits.seat, waits.signatures, waits.quantiles, coalesce(rates.deployments, 0), coalesce(rates.failing, 0)
FROM (SELECT seat, count(*) AS signatures, percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY wait) AS quantiles
      FROM signed GROUP BY seat) AS waits
LEFT JOIN rates ON rates.seat = waits.seat
ORDER BY waits.seat"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatWait:
    """One seat: how long from submission to signature, and how the deployments of those changes ended in the same period."""

    seat: str
    signatures: int
    median: timedelta | None
    p90: timedelta | None
    deployments: int
    failing: int

    @property
    def fail_rate(self) -> float | None:
        """None where nothing was deployed."""
        return ratio(self.failing, self.deployments)


def approval_waits(period: Period) -> tuple[SeatWait, ...]:
    """Every seat that was filled in the period, in one statement."""
    slugs = None if period.services is None else [slug for slug, _ in period.owned.values()]
    found = []
    for seat, signatures, quantiles, deployments, failing in rows_of(WAITS, {**given_of(period), "slugs": slugs}):
        median, p90 = quantiles_of(quantiles)
        found.append(
            SeatWait(seat=seat, signatures=signatures, median=median, p90=p90, deployments=deployments, failing=failing)
        )
    return tuple(found)
