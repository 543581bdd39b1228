"""The calendar: a month, a week or an agenda of what is frozen, open and planned."""

from __future__ import annotations

from calendar import Calendar
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from changes.selectors.calendar import CalendarRange, calendar_between
from changes.views.calendar_days import ONE, Day, days_of, midnight, week_of
from changes.views.calendar_frame import AGENDA, MONTH, WEEK, Asked, asked_of
from changes.views.calendar_week import grid_of
from cybercube_portal.web import PageRequest, show

PAGE = "changes/calendar.html"
MONDAY_FIRST = Calendar(firstweekday=0)
NINE = "T09:00"


@require_safe
def calendar(request: PageRequest) -> HttpResponse:
    """In the person's own zone."""
    asked = asked_of(request)
    dates = _dates(asked)
    narrow = asked.narrow((request.actor.id, request.actor.username))
    found = calendar_between(midnight(dates[0]), midnight(dates[-1] + ONE), narrow)
    month = asked.first.month if asked.view == MONTH else None
    days = days_of(found, dates, today=asked.today, month=month)
    for day in days:
        day.agenda_url, day.week_url = (asked.url(view=view, day=day.date) for view in (AGENDA, WEEK))
        day.new_url = "" if day.is_past else asked.new_change_url(f"{day.date:%Y-%m-%d}{NINE}")
    context = {
        **asked.context(),
        "complete": found.complete,
        "clashes": found.conflicts,
        "agenda": [day for day in days if day.in_month and (day.bars or day.frozen)],
        "new_url": asked.new_change_url(""),
        **_drawn(asked, found, days, request),
    }
    return show(request, PAGE, context)


def _dates(asked: Asked) -> list[date]:
    """The days that are drawn: whole weeks of a month, a week, or a month as it is."""
    if asked.view == WEEK:
        return [asked.first + timedelta(days=number) for number in range(7)]
    weeks = MONDAY_FIRST.monthdatescalendar(asked.first.year, asked.first.month)
    dates = [day for week in weeks for day in week]
    return dates if asked.view == MONTH else [day for day in dates if day.month == asked.first.month]


def _drawn(asked: Asked, found: CalendarRange, days: list[Day], request: PageRequest) -> dict[str, Any]:
    """What only one of the views shows."""
    if asked.view == AGENDA:
        return {}
    if asked.view == WEEK:
        grid = grid_of(found, days, now=request.now, new_url=asked.new_change_url)
        return {"week": week_of(days, found.freezes), "grid": grid}
    return {
        "weeks": [week_of(days[start : start + 7], found.freezes) for start in range(0, len(days), 7)],
        "weekdays": [date_format(day.date, "D") for day in days[:7]],
    }
