"""How far services were, day by day: what is kept of the looks that were taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet, Sum

from releases.models import ComplianceDay
from releases.policy.dora import ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSoFar:
    """A service as it was last looked at in a span; `before` is how many components were complete at its first look there."""

    service: str
    team: str
    day: date
    complete: int
    partial: int
    pending: int
    before: int
    since: date

    @property
    def components(self) -> int:
        """All of them."""
        return self.complete + self.partial + self.pending


def services_so_far(start: date, end: date, *, services: Iterable[int] | None) -> list[ServiceSoFar]:
    """Every service of these (None: all) that was looked at in the half-open span, least complete first. Two queries."""
    rows = _rows(start, end, services).select_related("service__team")
    first = {row.service_id: row for row in rows.order_by("service_id", "day").distinct("service_id")}
    found = [
        ServiceSoFar(
            service=row.service.slug,
            team=row.service.team.slug,
            day=row.day,
            complete=row.complete,
            partial=row.partial,
            pending=row.pending,
            before=first[row.service_id].complete,
            since=first[row.service_id].day,
        )
        for row in rows.order_by("service_id", "-day").distinct("service_id")
    ]
    return sorted(found, key=lambda row: (row.complete - row.components, row.partial, row.service))


def share_by_day(start: date, end: date, *, services: Iterable[int] | None) -> dict[date, float]:
    """The share of all their components that was complete, by day. One query."""
    days = _rows(start, end, services).order_by("day").values("day")
    sums = days.annotate(done=Sum("complete"), every=Sum("complete") + Sum("partial") + Sum("pending"))
    return {row["day"]: ratio(row["done"], row["every"]) or 0.0 for row in sums}


def _rows(start: date, end: date, services: Iterable[int] | None) -> QuerySet[ComplianceDay]:
    rows = ComplianceDay.objects.filter(day__gte=start, day__lt=end)
    return rows if services is None else rows.filter(service__in=list(services))
