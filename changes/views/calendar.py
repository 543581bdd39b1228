"""The calendar: a month as a table of days, freezes as bands, changes as bars, and the same as an agenda."""

from __future__ import annotations

import re
from calendar import Calendar
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from changes.actions.feeds import issue_feed
from changes.models import ChangeRequest
from changes.policy.spans import Span
from changes.selectors.calendar import CalendarRange, Happening, calendar_between
from changes.selectors.feeds import live_feed_of
from cybercube_portal.web import PageRequest, Tab, show
from cybercube_portal.web.badges import badge_of

PAGE = "changes/calendar.html"
MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
# A cell says how many more there are; the agenda names them.
MOST_A_DAY = 4
MONDAY_FIRST = Calendar(firstweekday=0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A change on a day. `clashes` when another works there at the same time, `goes_on` when it began before."""

    change: ChangeRequest
    clashes: bool
    goes_on: bool

    @property
    def icon(self) -> str:
        """That of its state: colour alone says nothing."""
        return badge_of("change_state", self.change.state).icon


@dataclass(frozen=True, slots=True)
class Band:
    """A freeze on a day, and whether it begins or ends there."""

    happening: Happening
    first: bool
    last: bool


@dataclass(slots=True)
class Day:
    """One cell."""

    date: date
    in_month: bool
    is_today: bool
    bands: list[Band] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)

    @property
    def shown(self) -> list[Bar]:
        """As many as a cell holds."""
        return self.bars[:MOST_A_DAY]

    @property
    def more(self) -> int:
        """How many it does not."""
        return max(0, len(self.bars) - MOST_A_DAY)


@require_safe
def calendar(request: PageRequest) -> HttpResponse:
    """A month in the person's own zone."""
    return show(request, PAGE, _context(request))


@require_POST
def feed_issue(request: PageRequest) -> HttpResponse:
    """A secret address for calendar programs, shown once; one issued before stops working."""
    _feed, token = issue_feed(actor=request.actor, now=request.now)
    url = request.build_absolute_uri(reverse("calendar-feed", args=[token]))
    return show(request, PAGE, {**_context(request), "feed_url": url})


def _context(request: PageRequest) -> dict[str, Any]:
    today = timezone.localtime(request.now).date()
    first = _month_of(request.GET.get("month", ""), today)
    weeks = MONDAY_FIRST.monthdatescalendar(first.year, first.month)
    found = calendar_between(_midnight(weeks[0][0]), _midnight(weeks[-1][-1] + timedelta(days=1)))
    days = _days(found, [day for week in weeks for day in week], month=first.month, today=today)
    is_agenda = request.GET.get("view") == "agenda"
    return {
        "title": date_format(first, "F Y"),
        "weeks": [days[start : start + 7] for start in range(0, len(days), 7)],
        "weekdays": [date_format(day, "D") for day in weeks[0]],
        "agenda": [day for day in days if day.in_month and (day.bars or day.bands)],
        "is_agenda": is_agenda,
        "complete": found.complete,
        "conflicts": len(found.conflicts),
        "tabs": _tabs(first, is_agenda=is_agenda),
        "has_feed": live_feed_of(request.actor.id).exists(),
        **_around(first, today, is_agenda=is_agenda),
    }


def _days(found: CalendarRange, dates: Iterable[date], *, month: int, today: date) -> list[Day]:
    clashing = {number for one in found.conflicts for number in (one.number, one.conflict.number)}
    days = [Day(day, in_month=day.month == month, is_today=day == today) for day in dates]
    for day in days:
        span = Span(_midnight(day.date), _midnight(day.date + timedelta(days=1)))
        for one in found.freezes:
            if one.span.overlaps(span):
                begins, ends = one.span.start >= span.start, one.span.end <= span.end
                day.bands.append(Band(one, first=begins, last=ends))
        for change in found.changes:
            if _work(change).overlaps(span):
                goes_on = change.scheduled_time < span.start
                day.bars.append(Bar(change, clashes=change.number in clashing, goes_on=goes_on))
    return days


def _work(change: ChangeRequest) -> Span:
    """The planned time, without the hour of grace."""
    return Span(change.scheduled_time, change.scheduled_time + change.estimated_duration)


def _month_of(text: str, today: date) -> date:
    """The first day of `2026-11`; of this month for anything else."""
    found = MONTH.fullmatch(text)
    return date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _around(first: date, today: date, *, is_agenda: bool) -> dict[str, str]:
    before, after = first - timedelta(days=1), first + timedelta(days=32)
    return {
        "before_url": _address(before, is_agenda=is_agenda),
        "before": date_format(before, "F Y"),
        "after_url": _address(after, is_agenda=is_agenda),
        "after": date_format(after, "F Y"),
        "today_url": _address(today, is_agenda=is_agenda),
    }


def _tabs(first: date, *, is_agenda: bool) -> list[Tab]:
    return [
        Tab(label=_("Month"), url=_address(first, is_agenda=False), active=not is_agenda),
        Tab(label=_("Agenda"), url=_address(first, is_agenda=True), active=is_agenda),
    ]


def _address(day: date, *, is_agenda: bool) -> str:
    return f"{reverse('calendar')}?month={day:%Y-%m}{'&view=agenda' if is_agenda else ''}"
