"""The cadence of §0, service by service and team by team: what is furthest behind stands first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cybercube_portal.pages.charts import meter
from cybercube_portal.pages.dashboards.files import File, table
from cybercube_portal.pages.dashboards.frame import Frame, frame_of
from cybercube_portal.pages.dashboards.links import list_url
from cybercube_portal.web import PageRequest, show
from releases.policy.dora import Cadence
from releases.selectors.dora import cadences
from releases.selectors.periods import Period

# A page names so many services; all of them are one link away.
MOST = 25
KEPT: dict[bool | None, str] = {True: "yes", False: "no", None: "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A service or a team; `share` of the weeks with a deployment is the length of the bar beside the number."""

    row: Cadence
    url: str
    patches_url: str
    share: float | None
    weekly: str
    daily: str


@require_safe
def cadence(request: PageRequest) -> HttpResponse:
    """Weekly at least, daily for patches."""
    frame = frame_of(request)
    services, teams = cadences(frame.period)
    shown_all = bool(request.GET.get("all"))
    rows = sorted(services, key=_behind)
    context = {
        **frame.context("dashboard-cadence"),
        "service_lines": _lines(rows if shown_all else rows[:MOST], frame.period, of="service"),
        "team_lines": _lines(sorted(teams, key=_behind), frame.period, of="team"),
        "weekly": sum(row.is_weekly is True for row in services),
        "daily": sum(row.is_daily_for_patches is True for row in services),
        "with_patches": sum(row.is_daily_for_patches is not None for row in services),
        "count": len(services),
        "weeks": services[0].weeks if services else 0,
        "more": 0 if shown_all else max(0, len(services) - MOST),
        "all_url": f"?{_with_all(request)}",
        "csv_url": frame.csv_url("cadence"),
    }
    return show(request, "pages/dashboards/cadence.html", context)


@table("cadence")
def cadence_file(frame: Frame) -> File:
    """Teams, then services."""
    services, teams = cadences(frame.period)
    heads = ("name", "team", "weeks", "weeks_with", "weekly", "patches", "patches_in_time", "daily_for_patches")
    rows = [*sorted(teams, key=_behind), *sorted(services, key=_behind)]
    return File(
        heads,
        (
            (
                row.name,
                row.team,
                row.weeks,
                row.weeks_with,
                row.is_weekly,
                row.patches,
                row.patches_in_time,
                row.is_daily_for_patches,
            )
            for row in rows
        ),
    )


def _behind(row: Cadence) -> tuple[float, int, str]:
    """The share of weeks with something comes first, then how many patches came late."""
    return (row.weeks_with / row.weeks if row.weeks else 1, row.patches_in_time - row.patches, row.name)


def _lines(rows: Iterable[Cadence], period: Period, *, of: str) -> list[Line]:
    return [
        Line(
            row=row,
            url=list_url("deployment_frequency", period, **{of: row.name}),  # type: ignore[arg-type]
            patches_url=list_url("patches", period, **{of: row.name}),  # type: ignore[arg-type]
            share=meter(row.weeks_with, row.weeks) if row.weeks else None,
            weekly=KEPT[row.is_weekly],
            daily=KEPT[row.is_daily_for_patches],
        )
        for row in rows
    ]


def _with_all(request: PageRequest) -> str:
    query = request.GET.copy()
    query["all"] = "1"
    return query.urlencode()
