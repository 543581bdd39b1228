"""DORA's five figures of a period: each with its level, its weeks, and how it differs from the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cybercube_portal.pages.dashboards.files import File, table
from cybercube_portal.pages.dashboards.frame import Frame, frame_of
from cybercube_portal.pages.dashboards.links import list_url
from cybercube_portal.pages.dashboards.weeks import Weeks, by_week
from cybercube_portal.pages.dashboards.words import Turn, in_hours, turn_of, words
from cybercube_portal.web import PageRequest, show
from releases.policy.dora import Figure, Level, hours, ratio
from releases.policy.dora_days import Sums
from releases.selectors.dora import Measured, measure
from releases.selectors.periods import Period

Text = str | Promise
TITLES: dict[str, Text] = {
    "deployment_frequency": gettext_lazy("Deployment frequency"),
    "lead_time_for_changes": gettext_lazy("Lead time for changes"),
    "change_fail_rate": gettext_lazy("Change fail rate"),
    "failed_deployment_recovery_time": gettext_lazy("Failed deployment recovery time"),
    "rework_rate": gettext_lazy("Rework rate"),
    "patches": gettext_lazy("Patches"),
    "deployments": gettext_lazy("Deployments to production"),
}
MEANINGS: dict[str, Text] = {
    "deployment_frequency": gettext_lazy("Deployments to production that were verified."),
    "lead_time_for_changes": gettext_lazy("From a commit to production, the median of all commits."),
    "change_fail_rate": gettext_lazy("Deployments that failed, were taken back or had an incident, of all."),
    "failed_deployment_recovery_time": gettext_lazy(
        "From the end of a failing roll-out until it was restored, the median."
    ),
    "rework_rate": gettext_lazy("Emergencies, hotfixes and what followed a failure, of all deployments."),
    "patches": gettext_lazy("Versions above .0 that were verified in production; §0 wants each there within a day."),
    "deployments": gettext_lazy("Healthy, failed or taken back; what was given up or still goes on counts nowhere."),
}
WEEKLY: dict[str, Callable[[Sums], float | None]] = {
    "deployment_frequency": lambda sums: float(sums.verified),
    "lead_time_for_changes": lambda sums: hours(sums.lead_median),
    "change_fail_rate": lambda sums: ratio(sums.failing, sums.deployments),
    "failed_deployment_recovery_time": lambda sums: hours(sums.recovery_median),
    "rework_rate": lambda sums: ratio(sums.rework, sums.deployments),
}
WEEKS_HEAD = (
    "week_of",
    "deployments",
    "verified",
    "failing",
    "rework",
    "commits",
    "lead_time_median_hours",
    "lead_time_p90_hours",
    "recovered",
    "recovery_median_hours",
    "recovery_p90_hours",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure with its trend, and the table behind its chart."""

    name: str
    title: str
    meaning: str
    value: str
    bucket: str
    level: Level | None
    turn: Turn | None
    details: str
    weeks: Weeks
    url: str


@require_safe
def dashboards(request: PageRequest) -> HttpResponse:
    """The five figures."""
    frame = frame_of(request)
    period = frame.period
    measured, before = measure(period), measure(period.before())
    context = {
        **frame.context("dashboards"),
        "figures": [
            _shown(figure, past if before.total.deployments else None, measured, period)
            for figure, past in zip(measured.figures, before.figures, strict=True)
        ],
        "total": measured.total,
        "list_url": list_url("deployments", period),
        "csv_url": frame.csv_url("weeks"),
        "has_services": bool(frame.everything),
        "gate_url": reverse("gate"),
    }
    return show(request, "pages/dashboards/delivery.html", context)


@table("weeks")
def weeks_file(frame: Frame) -> File:
    """What stands behind the five charts, week by week."""
    rows = (
        (
            monday,
            sums.deployments,
            sums.verified,
            sums.failing,
            sums.rework,
            sums.commits,
            in_hours(sums.lead_median),
            in_hours(sums.lead_p90),
            sums.recovered,
            in_hours(sums.recovery_median),
            in_hours(sums.recovery_p90),
        )
        for monday, sums in measure(frame.period).weeks.items()
    )
    return File(WEEKS_HEAD, rows)


def _shown(figure: Figure, before: Figure | None, measured: Measured, period: Period) -> Shown:
    values = {monday: WEEKLY[figure.name](sums) for monday, sums in measured.weeks.items()}
    return Shown(
        name=figure.name,
        title=str(TITLES[figure.name]),
        meaning=str(MEANINGS[figure.name]),
        value=words(figure.value, figure.unit),
        bucket=figure.bucket,
        level=figure.level,
        turn=_turn(figure, before) if before is not None and measured.total.deployments else None,
        details=_details(figure),
        weeks=by_week(
            values, figure.unit, period, lambda start, end: list_url(figure.name, period, start=start, end=end)
        ),
        url=list_url(figure.name, period),
    )


def _turn(figure: Figure, before: Figure) -> Turn | None:
    is_rate = figure.name == "deployment_frequency"
    return turn_of(figure.value, before.value, figure.unit, more_is_better=is_rate)


def _details(figure: Figure) -> str:
    if figure.name == "deployment_frequency":
        return _("%(part)s deployments in %(whole)s days") % {"part": figure.numerator, "whole": figure.denominator}
    if figure.numerator is not None:
        return _("%(part)s of %(whole)s deployments") % {"part": figure.numerator, "whole": figure.denominator}
    said = {"count": figure.denominator, "p90": words(figure.p90, figure.unit)}
    if figure.name == "lead_time_for_changes":
        return _("%(count)s commits; nine of ten within %(p90)s") % said
    return _("%(count)s recovered; nine of ten within %(p90)s") % said
