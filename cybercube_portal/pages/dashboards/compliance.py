"""Compliance by service: how many components of the standard's table are complete, and what became of it in the period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cybercube_portal.pages.charts import Chart, Point, bar_chart, meter
from cybercube_portal.pages.dashboards.files import File, table
from cybercube_portal.pages.dashboards.frame import Frame, frame_of
from cybercube_portal.pages.dashboards.words import words
from cybercube_portal.web import PageRequest, show
from releases.policy.dora import ratio
from releases.selectors.compliance_days import ServiceSoFar, services_so_far, share_by_day

MOST = 25
ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A service; `share` is the length of the bar beside its number, `gained` says what became complete in the period."""

    row: ServiceSoFar
    share: float | None
    gained: str
    url: str


@require_safe
def compliance(request: PageRequest) -> HttpResponse:
    """Services by how much is left to do."""
    frame = frame_of(request)
    first, last = _days(frame)
    rows = services_so_far(first, last, services=frame.period.services)
    by_day = share_by_day(first, last, services=frame.period.services)
    shown_all = bool(request.GET.get("all"))
    query = request.GET.copy()
    query["all"] = "1"
    complete, every = sum(row.complete for row in rows), sum(row.components for row in rows)
    context = {
        **frame.context("dashboard-compliance"),
        "lines": [_line(row) for row in (rows if shown_all else rows[:MOST])],
        "teams": list(_teams(rows, request.GET)),
        "count": len(rows),
        "finished": sum(row.complete == row.components for row in rows),
        "complete": complete,
        "every": every,
        "share": words(ratio(complete, every), "ratio"),
        "looked_at": max((row.day for row in rows), default=None),
        "chart": _chart(by_day),
        "days": [(day, words(share, "ratio")) for day, share in _weekly(by_day)],
        "more": 0 if shown_all else max(0, len(rows) - MOST),
        "all_url": f"?{query.urlencode()}",
        "csv_url": frame.csv_url("compliance"),
        "live_url": reverse("compliance"),
    }
    return show(request, "pages/dashboards/compliance.html", context)


@table("compliance")
def compliance_file(frame: Frame) -> File:
    """Service by service."""
    first, last = _days(frame)
    heads = ("service", "team", "looked_at", "complete", "partial", "pending", "complete_before", "before")
    return File(
        heads,
        (
            (row.service, row.team, row.day, row.complete, row.partial, row.pending, row.before, row.since)
            for row in services_so_far(first, last, services=frame.period.services)
        ),
    )


def _days(frame: Frame) -> tuple[date, date]:
    """Every day that the period touches, half-open."""
    return frame.period.start.date(), (frame.period.end - timedelta(microseconds=1)).date() + ONE


def _line(row: ServiceSoFar) -> Line:
    return Line(
        row=row,
        share=meter(row.complete, row.components) if row.components else None,
        gained=f"{row.complete - row.before:+d}".replace("+0", "±0").replace("-", "−"),  # noqa: RUF001 - a minus sign
        url=reverse("service-compliance", args=[row.service]),
    )


def _teams(rows: Iterable[ServiceSoFar], asked: QueryDict) -> Iterator[tuple[str, str, int, int, float | None]]:
    """Each team with its address, how many are complete of how many, and the length of the bar; furthest behind first."""
    found = defaultdict[str, list[ServiceSoFar]](list)
    for row in rows:
        found[row.team].append(row)
    counted = [
        (team, sum(row.complete for row in own), sum(row.components for row in own)) for team, own in found.items()
    ]
    for team, complete, every in sorted(counted, key=lambda line: (line[1] / line[2], line[0])):
        query = asked.copy()
        query["team"] = team
        yield team, f"?{query.urlencode()}", complete, every, meter(complete, every)


def _weekly(by_day: dict[date, float]) -> list[tuple[date, float]]:
    """The last look of each week."""
    last = {day - timedelta(days=day.weekday()): (day, share) for day, share in sorted(by_day.items())}
    return list(last.values())


def _chart(by_day: dict[date, float]) -> Chart:
    return bar_chart(
        [
            Point(
                label=date_format(day, "d M"),
                value=share,
                words=words(share, "ratio"),
                title=_("%(day)s: %(value)s") % {"day": date_format(day, "d M Y"), "value": words(share, "ratio")},
            )
            for day, share in _weekly(by_day)
        ]
    )
