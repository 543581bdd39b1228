"""Events of an iCalendar as calendar programs read them (RFC 5545, RFC 7986): text to the letter, rules in their own zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from icalendar import Event, vRecur, vText

from changes.policy.recurrence import Recurrence, occurrences, zone_named
from changes.policy.rrule import parse_rule
from changes.policy.spans import Span

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f]")
DAY = timedelta(days=1)


class Text(vText):
    r"""RFC 5545 section 3.3.11 to the letter: the library takes a typed `\N` for a line break."""

    def to_ical(self) -> bytes:
        """Escaped, without a break."""
        return self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an event says of itself, whenever it happens. `first` and `last` are its first and last edit."""

    uid: str
    title: str
    lines: tuple[str, ...]
    category: str
    first: datetime
    last: datetime
    url: str
    status: str = "CONFIRMED"


def clean(text: str) -> str:
    """Without what no line of a calendar may hold."""
    return CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def single(told: Told, span: Span) -> Event:
    """It happens once, told in UTC."""
    event = _event(told)
    event.add("dtstart", span.start)
    event.add("dtend", span.end)
    return event


def recurring(
    told: Told, recurrence: Recurrence, *, ended_at: datetime | None, now: datetime, ahead: timedelta
) -> Iterator[Event]:
    """It happens by its rule, told in the wall time of its zone; `ended_at` cut it short for ever.

    An occurrence that a reader of RFC 5545 would make longer or shorter than it is (the clocks change in it, or it was cut short) is told
    by itself, for as far ahead as anybody looks.
    """
    rule = parse_rule(recurrence.rule or "")
    zone = zone_named(recurrence.zone)
    length = _wall_length(recurrence)
    event = _event(told)
    event.add("dtstart", recurrence.first.start.astimezone(zone))
    event.add("duration", length)
    parts = vRecur.from_ical(recurrence.rule or "")
    until = rule.until_at
    if rule.until_day is not None:
        until = datetime.combine(rule.until_day, time(23, 59, 59), zone).astimezone(UTC)
    if ended_at is not None:
        until = min(until or ended_at, ended_at)
        parts.pop("COUNT", None)
    if until is not None:
        parts["UNTIL"] = [until]
    event.add("rrule", parts)
    start = recurrence.first.start.astimezone(zone).time()
    for day in sorted(recurrence.excluded):
        event.add("exdate", datetime.combine(day, start, zone))
    yield event
    for span in occurrences(recurrence, now - ahead, now + ahead):
        end = span.end if ended_at is None else min(span.end, ended_at)
        if span.start < end and end != _told_end(span.start.astimezone(zone), length):
            other = _event(told)
            other.add("recurrence-id", span.start.astimezone(zone))
            other.add("dtstart", span.start.astimezone(zone))
            other.add("dtend", end.astimezone(zone))
            yield other


def years_of(events: Iterable[Event], *, now: datetime) -> tuple[date, date]:
    """From when to when the zones of a calendar are told: whole years, so that the same rows give the same bytes."""
    oldest = min((event.decoded("dtstart").year for event in events), default=now.year)
    return date(min(oldest, now.year) - 1, 1, 1), date(now.year + 4, 1, 1)


def _wall_length(recurrence: Recurrence) -> timedelta:
    """By the clock on the wall: whole days stay whole days when the clocks change."""
    zone = zone_named(recurrence.zone)
    start, end = (
        moment.astimezone(zone).replace(tzinfo=None) for moment in (recurrence.first.start, recurrence.first.end)
    )
    return end - start


def _told_end(start: datetime, length: timedelta) -> datetime:
    """Where a reader of RFC 5545 ends it: days count by the wall, hours by the second (section 3.3.6)."""
    days, rest = divmod(length, DAY)
    return (start + days * DAY).astimezone(UTC) + rest


def _event(told: Told) -> Event:
    event = Event()
    event.add("uid", told.uid)
    event.add("dtstamp", told.last)
    event.add("created", told.first)
    event.add("last-modified", told.last)
    # Grows with every edit, which is all that RFC 5545 asks of it.
    event.add("sequence", int((told.last - told.first).total_seconds()))
    event.add("summary", Text(clean(told.title)))
    event.add("description", Text(clean("\n".join(line for line in told.lines if line))))
    event.add("categories", [told.category])
    event.add("status", told.status)
    event.add("transp", "TRANSPARENT")
    event.add("url", told.url)
    return event
