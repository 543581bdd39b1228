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
    """One week of one figure: its Monday, the words, and the list behind it; `count` of how many it is, where that is told."""

    monday: date
    words: str
    url: str
    is_part: bool
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weeks:
    """All of them."""

    chart: Chart
    rows: tuple[Week, ...]


def by_week(
    values: Mapping[date, float | None],
    unit: str,
    period: Period,
    url_of: Callable[[datetime, datetime], str],
    *,
    counts: Mapping[date, int] | None = None,
    most: float = 0.0,
) -> Weeks:
    """`values` by Monday; `url_of` answers the list from a moment to another.

    `counts`: of how many each is the median. `most`: what a full bar stands for at least, so that charts beside each other compare.
    """
    rows, points = [], []
    for monday, value in values.items():
        start, end = period.within(monday)
        week = Week(
            monday=monday,
            words=week_words(value, unit),
            url=url_of(start, end),
            is_part=end - start < WEEK,
            count=counts[monday] if counts is not None else None,
        )
        rows.append(week)
        points.append(_point(week, value))
    top = week_words(most, unit) if most else ""
    return Weeks(chart=bar_chart(points, most=most, top=top), rows=tuple(rows))


def _point(week: Week, value: float | None) -> Point:
    said = {"week": date_format(week.monday, "d M Y"), "value": week.words, "count": week.count}
    return Point(
        label=date_format(week.monday, "d M"),
        value=value,
        words=week.words,
        title=(
            _("Week of %(week)s: %(value)s") if week.count is None else _("Week of %(week)s: %(value)s, n = %(count)s")
        )
        % said,
        is_part=week.is_part,
    )
