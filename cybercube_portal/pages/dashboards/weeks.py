"""A figure week by week: its chart, and the table behind it, each week with the list it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cybercube_portal.pages.charts import Chart, Point, bar_chart
from cybercube_portal.pages.dashboards.words import week_words
from releases.selectors.periods import WEEK, Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week of one figure: its Monday, the words, and the list behind it."""

    monday: date
    words: str
    url: str
    is_part: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Weeks:
    """All of them."""

    chart: Chart
    rows: tuple[Week, ...]


def by_week(
    values: Mapping[date, float | None], unit: str, period: Period, url_of: Callable[[datetime, datetime], str]
) -> Weeks:
    """`values` by Monday; `url_of` answers the list from a moment to another."""
    rows, points = [], []
    for monday, value in values.items():
        start, end = period.within(monday)
        week = Week(monday=monday, words=week_words(value, unit), url=url_of(start, end), is_part=end - start < WEEK)
        rows.append(week)
        points.append(_point(week, value))
    return Weeks(chart=bar_chart(points), rows=tuple(rows))


def _point(week: Week, value: float | None) -> Point:
    said = {"week": date_format(week.monday, "d M Y"), "value": week.words}
    return Point(
        label=date_format(week.monday, "d M"),
        value=value,
        words=week.words,
        title=_("Week of %(week)s: %(value)s") % said,
        is_part=week.is_part,
    )
