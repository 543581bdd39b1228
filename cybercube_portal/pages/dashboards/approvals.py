"""How long signatures are waited for, seat by seat and risk by risk, beside how often what they let through failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cybercube_portal.pages.charts import meter
from cybercube_portal.pages.dashboards.files import File, table
from cybercube_portal.pages.dashboards.frame import Frame, frame_of
from cybercube_portal.pages.dashboards.links import dashboard_url, list_url, signatures_url
from cybercube_portal.pages.dashboards.weeks import by_week
from cybercube_portal.pages.dashboards.words import in_hours, words
from cybercube_portal.web import PageRequest, show
from releases.policy.dora import hours, ratio
from releases.selectors.approvals import Wait, approval_waits
from releases.selectors.periods import Period

HEAD = ("signatures", "median_hours", "p90_hours", "deployments", "failing", "change_fail_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A seat or a risk. `wait` and `fails` are the lengths of the bars beside the numbers, on one scale for all lines."""

    name: str
    row: Wait
    median: str
    p90: str
    fail_rate: str
    wait: float | None
    fails: float | None
    signatures_url: str
    deployments_url: str
    failing_url: str


@require_safe
def approvals(request: PageRequest) -> HttpResponse:
    """Waiting for signatures."""
    frame = frame_of(request)
    period = frame.period
    waits = approval_waits(period)
    total = waits.total
    context = {
        **frame.context("dashboard-approvals"),
        "seats": _lines(waits.seats, period, of="seat"),
        "risks": _lines([row for row in waits.risks if row.signatures or row.deployments], period, of="risk"),
        "total": total,
        "weeks": by_week(
            {monday: hours(median) for monday, median in waits.weeks.items()},
            "hours",
            period,
            lambda start, end: signatures_url(period, start=start, end=end),
            counts=waits.signed,
        ),
        "median": words(hours(total.median), "hours"),
        "p90": words(hours(total.p90), "hours"),
        "fail_rate": words(total.fail_rate, "ratio"),
        "all_url": signatures_url(period),
        "failing_url": list_url("change_fail_rate", period),
        "delivery_url": dashboard_url("dashboards", period),
        "csv_url": frame.csv_url("approvals"),
        "risks_csv_url": frame.csv_url("risks"),
    }
    return show(request, "pages/dashboards/approvals.html", context)


@table("approvals")
def seats_file(frame: Frame) -> File:
    """Seat by seat."""
    return File(("seat", *HEAD), map(_cells, approval_waits(frame.period).seats))


@table("risks")
def risks_file(frame: Frame) -> File:
    """Risk by risk."""
    return File(("risk", *HEAD), map(_cells, approval_waits(frame.period).risks))


def _cells(row: Wait) -> tuple[object, ...]:
    rate = ratio(row.failing, row.deployments)
    return (
        row.name,
        row.signatures,
        in_hours(row.median),
        in_hours(row.p90),
        row.deployments,
        row.failing,
        None if rate is None else round(rate, 4),
    )


def _lines(rows: Iterable[Wait], period: Period, *, of: str) -> list[Line]:
    known = list(rows)
    longest = max((hours(row.median) or 0 for row in known), default=0)
    worst = max((row.fail_rate or 0 for row in known), default=0)
    return [
        Line(
            name=row.name,
            row=row,
            median=words(hours(row.median), "hours"),
            p90=words(hours(row.p90), "hours"),
            fail_rate=words(row.fail_rate, "ratio"),
            wait=meter(hours(row.median), longest),
            fails=meter(row.fail_rate, worst),
            signatures_url=signatures_url(period, **{of: row.name}),  # type: ignore[arg-type]
            deployments_url=list_url("deployments", period, **{of: row.name}),  # type: ignore[arg-type]
            failing_url=list_url("change_fail_rate", period, **{of: row.name}),  # type: ignore[arg-type]
        )
        for row in known
    ]
