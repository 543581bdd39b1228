"""DORA's five figures, waiting for signatures, cadence and freezes; and the deployments behind each number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from changes.policy.spans import Span
from changes.selectors.freezes import next_occurrence, published_between
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import NotFound
from cybercube_portal.pages.charts import Chart, bar_chart
from cybercube_portal.pages.links import change_path, deployment_path
from cybercube_portal.web import Chip, PageRequest, show
from releases.policy.dora import DAY, LONGEST_PERIOD, Cadence, Figure, Sums, hours, ratio
from releases.selectors.approvals import SeatWait, approval_waits
from releases.selectors.dora import Measured, Period, cadences, deployments_behind, measure, period_of
from releases.selectors.dora_statement import LISTS

if TYPE_CHECKING:
    from changes.models import Freeze

PERIODS = (30, 90, 180, 365)
USUAL = 90
PAGE = 50
# Figures of ten thousand deployments take their time; a minute old is new enough for them.
FRESH = 60
AHEAD = timedelta(days=60)

TITLES: dict[str, str | Promise] = {
    "deployment_frequency": gettext_lazy("Deployment frequency"),
    "lead_time_for_changes": gettext_lazy("Lead time for changes"),
    "change_fail_rate": gettext_lazy("Change fail rate"),
    "failed_deployment_recovery_time": gettext_lazy("Failed deployment recovery time"),
    "rework_rate": gettext_lazy("Rework rate"),
    "deployments": gettext_lazy("Deployments to production"),
}
MEANINGS: dict[str, str | Promise] = {
    "deployment_frequency": gettext_lazy("Deployments to production that were verified."),
    "lead_time_for_changes": gettext_lazy("From a commit to production, the median of all commits."),
    "change_fail_rate": gettext_lazy("Deployments that failed, were taken back or had an incident, of all."),
    "failed_deployment_recovery_time": gettext_lazy(
        "From the end of a failing roll-out until it was restored, the median."
    ),
    "rework_rate": gettext_lazy("Emergencies, hotfixes and what followed a failure, of all deployments."),
    "deployments": gettext_lazy("Healthy, failed or taken back; what was given up or still goes on counts nowhere."),
}
KEPT: dict[bool | None, str] = {True: "yes", False: "no", None: "none"}
WEEKLY: dict[str, Callable[[Sums], float | None]] = {
    "deployment_frequency": lambda sums: float(sums.verified),
    "lead_time_for_changes": lambda sums: hours(sums.lead_median),
    "change_fail_rate": lambda sums: ratio(sums.failing, sums.deployments),
    "failed_deployment_recovery_time": lambda sums: hours(sums.recovery_median),
    "rework_rate": lambda sums: ratio(sums.rework, sums.deployments),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure with its trend. `weeks` are (Monday, words) for the table behind the chart."""

    name: str
    title: str
    meaning: str
    value: str
    bucket: str
    details: str
    chart: Chart
    weeks: tuple[tuple[date, str], ...]
    url: str


@require_safe
def dashboards(request: PageRequest) -> HttpResponse:
    """All of it for one period."""
    filters = _filters(request.GET)
    period = _period(filters, now=request.now)
    measured, services, teams, waits = _remembered(period)
    context = {
        "period": period,
        "filters": filters,
        "periods": [_period_chip(filters, days) for days in PERIODS],
        "services": catalog.slugs(),
        "figures": [_shown(figure, measured, period) for figure in measured.figures],
        "total": measured.total,
        "list_url": list_url("deployments", period),
        "waits": waits,
        "wait_lines": [_wait_words(row) for row in waits],
        "fail_rate": words(ratio(measured.total.failing, measured.total.deployments), "ratio"),
        "cadence": [_cadence_line(row, period) for row in (*teams, *services)],
        "freezes": _coming_freezes(request.now),
    }
    return show(request, "pages/dashboards.html", context)


@require_safe
def dashboard_deployments(request: PageRequest) -> HttpResponse:
    """The deployments that a figure counts."""
    name = request.GET.get("figure", "deployments")
    if name not in LISTS:
        raise NotFound("There is no such figure.", code="metrics.figure_unknown")
    filters = _filters(request.GET)
    period = _period(filters, now=request.now)
    before = request.GET.get("before", "")
    given = int(before) if before.isdecimal() and len(before) < 19 else 0  # noqa: PLR2004 - digits of a bigint
    rows = deployments_behind(name, period, before=given, most=PAGE + 1)
    context = {
        "name": name,
        "title": TITLES[name],
        "meaning": MEANINGS[name],
        "period": period,
        "lines": [
            {
                "row": row,
                "restored": restored,
                "url": deployment_path(row.reference),
                "change_url": change_path(row.change),
            }
            for row, restored in rows[:PAGE]
        ],
        "next_url": f"{list_url(name, period)}&before={rows[PAGE - 1][0].pk}" if len(rows) > PAGE else "",
        "dashboard_url": f"{reverse('dashboards')}?{urlencode(_query(period))}",
        "others": [
            Chip(label=str(TITLES[other]), url=list_url(other, period), active=other == name) for other in TITLES
        ],
    }
    return show(request, "pages/dashboard_deployments.html", context)


def list_url(name: str, period: Period) -> str:
    """The page with the deployments behind a figure."""
    return f"{reverse('dashboard-deployments')}?{urlencode({'figure': name, **_query(period)})}"


def words(value: float | None, unit: str) -> str:
    """A figure as people read it."""
    if value is None:
        return "—"
    if unit == "ratio":
        return _("%(share).1f %%") % {"share": value * 100}
    if unit == "hours":
        return _("%(days).1f days") % {"days": value / 24} if value >= 48 else _("%(hours).1f h") % {"hours": value}  # noqa: PLR2004 - two days
    return _("%(count).2f a day") % {"count": value}


def _shown(figure: Figure, measured: Measured, period: Period) -> Shown:
    weekly = WEEKLY[figure.name]
    unit = "count" if figure.unit == "per day" else figure.unit
    values = [(monday, weekly(sums)) for monday, sums in measured.weeks.items()]
    told = [(monday, _week_words(value, unit)) for monday, value in values]
    bars = [
        (f"{monday:%d %b}", value, _("Week of %(week)s: %(value)s") % {"week": f"{monday:%d %b %Y}", "value": text})
        for (monday, value), (_same, text) in zip(values, told, strict=True)
    ]
    return Shown(
        name=figure.name,
        title=str(TITLES[figure.name]),
        meaning=str(MEANINGS[figure.name]),
        value=words(figure.value, figure.unit),
        bucket=figure.bucket,
        details=_details(figure),
        chart=bar_chart(bars),
        weeks=tuple(told),
        url=list_url(figure.name, period),
    )


def _week_words(value: float | None, unit: str) -> str:
    return "—" if value is None else f"{value:.0f}" if unit == "count" else words(value, unit)


def _details(figure: Figure) -> str:
    if figure.name == "deployment_frequency":
        return _("%(part)s deployments in %(whole)s days") % {"part": figure.numerator, "whole": figure.denominator}
    if figure.numerator is not None:
        return _("%(part)s of %(whole)s deployments") % {"part": figure.numerator, "whole": figure.denominator}
    said = {"count": figure.denominator, "p90": words(figure.p90, figure.unit)}
    if figure.name == "lead_time_for_changes":
        return _("%(count)s commits; nine of ten within %(p90)s") % said
    return _("%(count)s recovered; nine of ten within %(p90)s") % said


def _coming_freezes(now: datetime) -> list[tuple[Freeze, Span]]:
    """Each with its next occurrence, the soonest first."""
    rows = [(row, next_occurrence(row, after=now)) for row in published_between(now, now + AHEAD)]
    found = [(row, span) for row, span in rows if span is not None and span.start < now + AHEAD]
    return sorted(found, key=lambda pair: pair[1].start)


def _wait_words(row: SeatWait) -> dict[str, Any]:
    return {
        "seat": row.seat,
        "signatures": row.signatures,
        "median": words(hours(row.median), "hours"),
        "p90": words(hours(row.p90), "hours"),
        "deployments": row.deployments,
        "fail_rate": words(row.fail_rate, "ratio"),
    }


def _cadence_line(row: Cadence, period: Period) -> tuple[Cadence, str, str, str]:
    """The row with the list of what it shipped, and the badge of each answer."""
    is_team = row.name == row.team
    narrowed = replace(period, service="" if is_team else row.name, team=row.team if is_team else "")
    return row, list_url("deployment_frequency", narrowed), KEPT[row.is_weekly], KEPT[row.is_daily_for_patches]


Found = tuple[Measured, tuple[Cadence, ...], tuple[Cadence, ...], tuple[SeatWait, ...]]


def _remembered(period: Period) -> Found:
    """Everything measured of a period, at most FRESH seconds old; without the cache it is measured anew."""
    key = f"dashboards:{period.start.isoformat()}:{period.end.isoformat()}:{period.service}:{period.team}"
    try:
        found: Found | None = cache.get(key)
    except RedisError:
        found = None
    if found is None:
        found = (measure(period), *cadences(period), approval_waits(period))
        try:
            cache.set(key, found, FRESH)
        except RedisError:
            return found
    return found


def _filters(sent: QueryDict) -> Mapping[str, str]:
    return {
        name: sent.get(name, "").replace("\x00", "").strip()[:64] for name in ("service", "team", "days", "from", "to")
    }


def _period(filters: Mapping[str, str], *, now: datetime) -> Period:
    """What the address asks for; what cannot be read is the last 90 days, today included."""
    end = _day(filters["to"]) or now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    days = int(filters["days"]) if filters["days"].isdecimal() and len(filters["days"]) <= 3 else USUAL  # noqa: PLR2004 - 999 days
    start = _day(filters["from"]) or end - min(timedelta(days=max(1, days)), LONGEST_PERIOD)
    if not start < end or end - start > LONGEST_PERIOD:
        start = end - USUAL * DAY
    return period_of(start=start, end=end, service=filters["service"], team=filters["team"])


def _day(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _query(period: Period) -> dict[str, str]:
    words_ = {"service": period.service, "team": period.team}
    named = {name: value for name, value in words_.items() if value}
    return {**named, "from": _moment(period.start), "to": _moment(period.end)}


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if moment.time() == datetime.min.time() else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _period_chip(filters: Mapping[str, str], days: int) -> Chip:
    query = {name: filters[name] for name in ("service", "team") if filters[name]}
    is_on = filters["days"] == str(days) or (not filters["days"] and not filters["from"] and days == USUAL)
    return Chip(
        label=_("%(days)s days") % {"days": days}, url=f"?{urlencode({**query, 'days': str(days)})}", active=is_on
    )
