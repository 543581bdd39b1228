"""Teams beside each other, and the services of one: DORA's five figures of each, in any order, and what each shipped week by week."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cybercube_portal.pages.charts import meter
from cybercube_portal.pages.dashboards.delivery import TITLES
from cybercube_portal.pages.dashboards.files import File, table
from cybercube_portal.pages.dashboards.frame import Frame, frame_of
from cybercube_portal.pages.dashboards.links import list_url
from cybercube_portal.pages.dashboards.weeks import Weeks, by_week
from cybercube_portal.pages.dashboards.words import words
from cybercube_portal.web import PageRequest, show
from releases.policy.dora import Figure, Level
from releases.selectors.comparison import Compared, compare
from releases.selectors.periods import Period

PAGE = "dashboard-compare"
# In a column of numbers there is room for two words.
SHORT: dict[str, str | Promise] = {
    "deployment_frequency": gettext_lazy("Frequency"),
    "lead_time_for_changes": gettext_lazy("Lead time"),
    "change_fail_rate": gettext_lazy("Fail rate"),
    "failed_deployment_recovery_time": gettext_lazy("Recovery"),
    "rework_rate": gettext_lazy("Rework"),
}
FIVE = tuple(SHORT)
NAME, COUNT = "name", "deployments"
MORE_IS_BETTER = ("deployment_frequency", COUNT)
USUAL_ORDER = "-deployment_frequency"
MOST, MOST_CHARTS = 25, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A column: its words, in full, and the link that puts rows into its order (`way`: the order they are in)."""

    label: str
    title: str
    url: str
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure of one row: `length` of its bar against the column's longest, `tone` ok for the best and bad for the worst."""

    title: str
    value: str
    level: Level | None
    url: str
    length: float | None
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A team or a service; `url` leads one step further in."""

    name: str
    url: str
    deployments: int
    deployments_url: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """One of the charts beside each other."""

    name: str
    weeks: Weeks


@require_safe
def comparison(request: PageRequest) -> HttpResponse:
    """Everybody's figures in one table."""
    frame = frame_of(request)
    period, by_team = frame.period, _is_by_team(frame)
    rows, whole = compare(period, by_team=by_team)
    order = _order(request.GET.get("sort", ""))
    found = _sorted(rows, order)
    shown = found if request.GET.get("all") else found[:MOST]
    charts = [row for row in found if row.sums.verified][:MOST_CHARTS]
    most = max((count for row in charts for count in row.weeks.values()), default=0)
    context = {
        **frame.context(PAGE),
        "by_team": by_team,
        "heads": [_head(name, order, frame) for name in (NAME, COUNT, *FIVE)],
        "lines": [_line(row, rows, frame, by_team=by_team) for row in shown],
        "whole": _line(whole, (), frame, by_team=by_team),
        "charts": [_small(row, period, by_team=by_team, most=most) for row in charts],
        "count": len(rows),
        "total": whole.sums,
        "more": len(found) - len(shown),
        "all_url": frame.url(PAGE, sort=order, all="1"),
        "csv_url": frame.csv_url("compare"),
        "teams_url": frame.url(PAGE, team="", service=""),
        "has_services": bool(frame.everything),
        "gate_url": reverse("gate"),
    }
    return show(request, "pages/dashboards/compare.html", context)


@table("compare")
def compare_file(frame: Frame) -> File:
    """Row by row: the numbers of each figure with its level."""
    rows, _whole = compare(frame.period, by_team=_is_by_team(frame))
    units = {"per day": "per_day", "hours": "hours", "ratio": "ratio"}
    known = rows[0].figures if rows else ()
    heads = ("name", "deployments", *(f"{one.name}_{word}" for one in known for word in (units[one.unit], "level")))
    return File(heads, ((row.name, row.sums.deployments, *_numbers(row.figures)) for row in rows))


def _numbers(figures: Iterable[Figure]) -> list[object]:
    return [
        part
        for figure in figures
        for part in (None if figure.value is None else round(figure.value, 4), figure.level or "")
    ]


def _is_by_team(frame: Frame) -> bool:
    """Until a team or a service is chosen."""
    return not (frame.filters["team"] or frame.filters["service"])


def _order(sent: str) -> str:
    return sent if sent.removeprefix("-") in {NAME, COUNT, *FIVE} else USUAL_ORDER


def _value(row: Compared, name: str) -> float | None:
    if name == COUNT:
        return row.sums.deployments
    return next(figure.value for figure in row.figures if figure.name == name)


def _sorted(rows: Iterable[Compared], order: str) -> list[Compared]:
    """In that order; what has nothing to measure stands last in either."""
    name, is_down = order.removeprefix("-"), order.startswith("-")
    if name == NAME:
        return sorted(rows, key=lambda row: row.name, reverse=is_down)
    known = [(value, row) for row in rows if (value := _value(row, name)) is not None]
    known.sort(key=lambda pair: pair[0], reverse=is_down)
    return [row for _value_, row in known] + [row for row in rows if _value(row, name) is None]


def _head(name: str, order: str, frame: Frame) -> Head:
    """The first click puts the best first, the second the worst."""
    best = f"-{name}" if name in MORE_IS_BETTER else name
    turned = name if best.startswith("-") else f"-{name}"
    label = {NAME: _("Team") if _is_by_team(frame) else _("Service"), COUNT: _("Deployments"), **SHORT}[name]
    is_on = order.removeprefix("-") == name
    return Head(
        label=str(label),
        title=str(TITLES.get(name, label)),
        url=frame.url(PAGE, sort=turned if order == best else best),
        way=("descending" if order.startswith("-") else "ascending") if is_on else "",
    )


def _line(row: Compared, beside: Sequence[Compared], frame: Frame, *, by_team: bool) -> Line:
    period, of = frame.period, _narrowed(row.name, by_team=by_team)
    further = frame.url(PAGE, **of) if by_team else reverse("service", args=[row.name or "-"])
    return Line(
        name=row.name,
        url=further if row.name else "",
        deployments=row.sums.deployments,
        deployments_url=list_url("deployments", period, **of),
        cells=tuple(_cell(figure, beside, list_url(figure.name, period, **of)) for figure in row.figures),
    )


def _cell(figure: Figure, beside: Iterable[Compared], url: str) -> Cell:
    values = [value for row in beside if (value := _value(row, figure.name)) is not None]
    least, most = min(values, default=0), max(values, default=0)
    tone = "accent"
    if figure.value is not None and least < most and figure.value in {least, most}:
        tone = "ok" if (figure.value == most) == (figure.name in MORE_IS_BETTER) else "bad"
    return Cell(
        title=str(SHORT[figure.name]),
        value=words(figure.value, figure.unit),
        level=figure.level,
        url=url if figure.value is not None else "",
        length=meter(figure.value, most) if values else None,
        tone=tone,
    )


def _small(row: Compared, period: Period, *, by_team: bool, most: float) -> Small:
    of = _narrowed(row.name, by_team=by_team)
    weeks = by_week(
        {monday: float(count) for monday, count in row.weeks.items()},
        "per day",
        period,
        lambda start, end: list_url("deployment_frequency", period, start=start, end=end, **of),
        most=most,
    )
    return Small(name=row.name, weeks=weeks)


def _narrowed(name: str, *, by_team: bool) -> dict[str, Any]:
    if not name:
        return {}
    return {"team": name} if by_team else {"service": name}
