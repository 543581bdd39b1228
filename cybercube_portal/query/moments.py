"""Moments and spans of time as somebody writes them in a query. Pure.

2026-02-01  2026-02  2026  2026-02-01T14:00     that day, month, year, minute, in the asker's zone
today  yesterday  tomorrow  now
7d  -7d  +7d  12h  2w                           as far from now; by itself the time between
<2026-02-01  <=…  >…  >=…                       before it begins, before it ends, once it ended, since it began
2026-01-01..2026-01-31  2026-01..  ..7d         from the first to the end of the last
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

RELATIVE = re.compile(r"([+-]?)(\d{1,4})([hdw])")
CALENDAR = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[Tt](\d{1,2}):(\d{2}))?)?)?")
COMPARED = re.compile(r"(<=|>=|<|>)(.*)", re.DOTALL)
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LAST_MONTH = 12


class Unreadable(ValueError):
    """Nobody can tell what time is meant."""


@dataclass(frozen=True, slots=True)
class Between:
    """The half-open time from `start` to `end`, aware and UTC; None: without that bound."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Clock:
    """Whose time is meant: `now` aware, `zone` the asker's; `ahead`: a bare `7d` looks forwards, else back."""

    now: datetime
    zone: tzinfo
    ahead: bool = False


def between(value: str, clock: Clock) -> Between:
    """The time that `value` speaks of. Raises Unreadable."""
    first, dots, last = value.partition("..")
    if dots:
        return _range(first, last, clock)
    compared = COMPARED.fullmatch(value)
    if compared:
        point = _point(compared[2].strip(), clock)
        start = {">=": point.start, ">": point.end}.get(compared[1])
        end = {"<": point.start, "<=": point.end}.get(compared[1])
        return Between(start, end)
    point = _point(value, clock)
    if point.start != point.end:
        return Between(point.start, point.end)
    # A distance by itself is the time from here to there.
    return Between(*sorted((point.start, clock.now)))


def _range(first: str, last: str, clock: Clock) -> Between:
    start = None if first in {"", "*"} else _point(first, clock).start
    end = None if last in {"", "*"} else _point(last, clock).end
    if start is None and end is None:
        raise Unreadable
    return Between(start, end)


@dataclass(frozen=True, slots=True)
class _Point:
    """A day, a month, … or with start and end alike a moment."""

    start: datetime
    end: datetime


def _point(text: str, clock: Clock) -> _Point:
    word = text.lower()
    here = clock.now.astimezone(clock.zone).date()
    if word in DAYS:
        return _days(here + DAYS[word] * DAY, here + (DAYS[word] + 1) * DAY, clock)
    if word == "now":
        return _Point(clock.now, clock.now)
    distance = RELATIVE.fullmatch(word)
    try:
        if distance:
            sign, count, unit = distance.groups()
            way = -1 if sign == "-" or not (sign or clock.ahead) else 1
            moment = clock.now + way * int(count) * UNITS[unit]
            return _Point(moment, moment)
        return _calendar(word, clock)
    except (ValueError, OverflowError) as error:
        raise Unreadable from error


def _calendar(text: str, clock: Clock) -> _Point:
    """Raises ValueError or OverflowError for what no calendar has."""
    found = CALENDAR.fullmatch(text)
    if found is None:
        raise Unreadable
    year, month, day, hour, minute = (int(part) if part else None for part in found.groups())
    if year is None or month is None:
        first = date(year or 0, 1, 1)
        return _days(first, date(first.year + 1, 1, 1), clock)
    if day is None:
        first = date(year, month, 1)
        return _days(first, date(year + 1, 1, 1) if month == LAST_MONTH else date(year, month + 1, 1), clock)
    if hour is None or minute is None:
        first = date(year, month, day)
        return _days(first, first + DAY, clock)
    moment = datetime(year, month, day, hour, minute, tzinfo=clock.zone).astimezone(UTC)
    return _Point(moment, moment + MINUTE)


def _days(first: date, last: date, clock: Clock) -> _Point:
    """From the midnight of `first` to that of `last`, in the asker's zone. Raises OverflowError at the end of all years."""
    start, end = (datetime(day.year, day.month, day.day, tzinfo=clock.zone).astimezone(UTC) for day in (first, last))
    return _Point(start, end)
