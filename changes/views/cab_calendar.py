"""The weeks around an agenda's slots: its changes as bars, freezes as bands, what else is planned as thin lines, clashes marked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from changes.models import CabMeeting, ChangeRequest
from changes.policy.spans import Span
from changes.selectors.calendar import CalendarRange
from changes.views.calendar_days import ONE, Bar, Day, Week, days_of, midnight, week_of, work_of
from changes.views.calendar_frame import AGENDA

# More weeks are a calendar, which is one link away.
MOST_WEEKS = 3
# A day draws so many thin lines; the words beside them count all.
MOST_LINES = 6
SEVEN = timedelta(days=7)
# Where a change stands in the agenda (0: it left it), and its page.
Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Item:
    """A change of the agenda on a day: its place there (0: it left the agenda), and the page of the meeting about it."""

    bar: Bar
    position: int
    url: str


@dataclass(frozen=True, slots=True)
class StripDay:
    """One day: the agenda's changes, the others, and where the calendar tells more. `is_own`: of the change that is looked at."""

    day: Day
    items: tuple[Item, ...]
    others: tuple[Bar, ...]
    url: str
    is_own: bool = False

    @property
    def lines(self) -> tuple[Bar, ...]:
        """As many of the others as are drawn."""
        return self.others[:MOST_LINES]

    @property
    def is_told(self) -> bool:
        """Whether anything happens on it."""
        return bool(self.items or self.others or self.day.frozen)


@dataclass(frozen=True, slots=True)
class StripWeek:
    """Seven days, with the lanes of freezes above them."""

    week: Week
    days: tuple[StripDay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The weeks in their order; `told` are the days as a table tells them, `left` how many of the agenda's changes are not in them."""

    weeks: tuple[StripWeek, ...]
    weekdays: tuple[str, ...]
    told: tuple[StripDay, ...]
    left: int
    calendar_url: str


def weeks_around(changes: Iterable[ChangeRequest], *, now: datetime) -> list[Span]:
    """The weeks (local, from Monday) of their slots: those to come first, then the latest that are over; in the order of time."""
    today = timezone.localtime(now).date()
    found = {day - timedelta(days=day.weekday()) for change in changes for day in _dates(change)[:1]}
    coming = sorted(monday for monday in found if monday + SEVEN > today)
    over = sorted(found.difference(coming), reverse=True)
    mondays = sorted([*coming, *over][:MOST_WEEKS])
    return [Span(midnight(monday), midnight(monday + SEVEN)) for monday in mondays]


def places_of(meeting: CabMeeting, numbers: Iterable[str]) -> dict[str, Place]:
    """Where each change of the agenda stands in it, and the page of the meeting about it."""
    urls = ((number, reverse("cab-item", args=[meeting.reference, number])) for number in numbers)
    return {number: (at, url) for at, (number, url) in enumerate(urls, start=1)}


def strip_of(
    found: CalendarRange,
    weeks: Sequence[Span],
    places: Mapping[str, Place],
    around: Sequence[ChangeRequest],
    *,
    now: datetime,
    is_one: bool = False,
) -> Strip:
    """These weeks (not none), as they are drawn. `is_one`: a single change is looked at, and only its own days are told."""
    today = timezone.localtime(now).date()
    own = {day for change in around for day in _dates(change)} if is_one else set[date]()
    known = {change.number: (0, reverse("change", args=[change.number])) for change in around} | dict(places)
    mondays = [timezone.localtime(week.start).date() for week in weeks]
    drawn = tuple(_week(found, monday, today=today, places=known, own=own) for monday in mondays)
    days = [day for week in drawn for day in week.days]
    there = {item.bar.change.number for day in days for item in day.items}
    return Strip(
        weeks=drawn,
        weekdays=tuple(date_format(day.day.date, "D") for day in drawn[0].days),
        told=tuple(day for day in days if day.is_told and (day.is_own or not is_one)),
        left=0 if is_one else sum(change.number not in there for change in around),
        calendar_url=_calendar_url(mondays[0]),
    )


def _dates(change: ChangeRequest) -> list[date]:
    """The local days that its work touches, a week of them at most."""
    work = work_of(change)
    first = timezone.localtime(work.start).date()
    last = timezone.localtime(work.end - timedelta(microseconds=1)).date()
    return [first + ONE * number for number in range(min((last - first).days, 6) + 1)]


def _week(
    found: CalendarRange,
    monday: date,
    *,
    today: date,
    places: Mapping[str, Place],
    own: Collection[date],
) -> StripWeek:
    days = days_of(found, [monday + ONE * number for number in range(7)], today=today)
    drawn = tuple(
        StripDay(
            day=day,
            items=tuple(Item(bar, *places[bar.change.number]) for bar in day.bars if bar.change.number in places),
            others=tuple(bar for bar in day.bars if bar.change.number not in places),
            url=f"{_calendar_url(day.date)}#day-{day.date:%Y-%m-%d}",
            is_own=day.date in own,
        )
        for day in days
    )
    return StripWeek(week_of(days, found.freezes), drawn)


def _calendar_url(day: date) -> str:
    return f"{reverse('calendar')}?{urlencode({'view': AGENDA, 'date': f'{day:%Y-%m-%d}'})}"
