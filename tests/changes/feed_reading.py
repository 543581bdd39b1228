"""A calendar feed as another program reads it: icalendar parses it, dateutil expands its rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar

FEED = "/api/v1/calendar/feed/"
DAY = timedelta(days=1)


def events_of(body: bytes) -> dict[str, Any]:
    """By UID, and `UID moment` for an occurrence that is told by itself."""
    events: list[Any] = list(Calendar.from_ical(body).walk("VEVENT"))
    assert all(event["dtstamp"] and event["last-modified"] and event["summary"] for event in events)
    return {
        f"{event['uid']} {event['recurrence-id'].dt:%Y-%m-%d}" if "recurrence-id" in event else str(event["uid"]): event
        for event in events
    }


def spans_of(found: dict[str, Any], uid: str, start: datetime, end: datetime) -> set[tuple[datetime, datetime]]:
    """When a calendar program shows a series: its rule by dateutil's generator, with what is told by itself in its place."""
    event = found[uid]
    first = event["dtstart"].dt
    rule = rrulestr(event["rrule"].to_ical().decode(), dtstart=first)
    left_out = {moment.dt for part in _several(event.get("exdate")) for moment in part.dts}
    special = {
        other["recurrence-id"].dt: (other["dtstart"].dt, other["dtend"].dt)
        for name, other in found.items()
        if name.startswith(f"{uid} ")
    }
    spans = set()
    days, rest = divmod(event["duration"].dt, DAY)
    for moment in rule.between(start - 40 * DAY, end, inc=True):
        if moment not in left_out:
            usual = (moment, (moment + days * DAY).astimezone(UTC) + rest)
            begins, ends = special.get(moment, usual)
            spans.add((begins.astimezone(UTC), ends.astimezone(UTC)))
    return {(begins, ends) for begins, ends in spans if begins < end and start < ends}


def _several(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
