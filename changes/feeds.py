"""The iCalendar of a person or a team: slots of changes, freezes and windows (RFC 5545, RFC 7986, integrations.md C5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from changes.ical import Text, Told, recurring, single, years_of
from changes.models import CalendarFeed, ChangeRequest, DeploymentWindow, Freeze
from changes.policy.spans import Span
from changes.selectors.feeds import AHEAD, content_of
from changes.selectors.freezes import recurrence_of
from changes.states import ChangeState, FreezeState

PRODID = "-//CYBERCUBE//Change portal//EN"
REFRESH = timedelta(hours=1)
READING_ONLY = "For reading: the gate decides."

STATUS: dict[str, str] = {
    ChangeState.IN_REVIEW: "TENTATIVE",
    ChangeState.REJECTED: "CANCELLED",
    ChangeState.EXPIRED: "CANCELLED",
    ChangeState.CANCELLED: "CANCELLED",
}


@dataclass(frozen=True, slots=True)
class Written:
    """The calendar as it is sent. `last_modified` is the last edit of anything in it; None of an empty one."""

    body: bytes
    last_modified: datetime | None


def write_feed(feed: CalendarFeed, *, now: datetime, base_url: str) -> Written:
    """The whole calendar. The same rows give the same bytes, whenever they are read."""
    content = content_of(feed, now=now)
    host = urlsplit(base_url).hostname or "localhost"
    whose = f"team {feed.team.slug}" if feed.team else (feed.user.name or feed.user.username)
    calendar = _calendar(whose, base_url=base_url)
    events: list[Event] = [
        single(
            _told_change(change, waits=change.number in content.waiting, host=host, base_url=base_url), _work(change)
        )
        for change in content.changes
    ]
    for freeze in content.freezes:
        events += _of_freeze(freeze, now=now, host=host, base_url=base_url)
    for window in content.windows:
        events += _of_window(window, now=now, host=host, base_url=base_url)
    for event in events:
        calendar.add_component(event)
    first, last = years_of(events, now=now)
    calendar.add_missing_timezones(first_date=first, last_date=last)
    edits: list[datetime] = [event.decoded("last-modified") for event in events]
    return Written(calendar.to_ical(), max(edits, default=None))


def _calendar(whose: str, *, base_url: str) -> Calendar:
    calendar = Calendar()
    name = f"CYBERCUBE: {whose}"
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", Text(name))
    calendar.add("x-wr-calname", Text(name))
    calendar.add("description", Text(READING_ONLY))
    calendar.add("url", f"{base_url}/calendar/")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    return calendar


def _work(change: ChangeRequest) -> Span:
    return Span(change.scheduled_time, change.scheduled_time + change.estimated_duration)


def _told_change(change: ChangeRequest, *, waits: bool, host: str, base_url: str) -> Told:
    return Told(
        uid=f"{change.number.lower()}@{host}",
        title=f"{'Sign: ' if waits else ''}{change.number} {change.title}",
        lines=(
            "It waits for your signature." if waits else "",
            f"{change.type.capitalize()} change, {change.risk_level} risk, {change.state.replace('_', ' ')}.",
            f"Services: {', '.join(change.services)}. Environments: {', '.join(change.environments)}.",
            READING_ONLY,
        ),
        category="Change",
        status=STATUS.get(change.state, "CONFIRMED"),
        first=change.created_at,
        last=change.updated_at,
        url=f"{base_url}/changes/{change.number}/",
    )


def _of_freeze(freeze: Freeze, *, now: datetime, host: str, base_url: str) -> Iterator[Event]:
    """One that was ended before it began is cancelled; one that was ended later ends there."""
    ended = freeze.lifted_at
    is_off = freeze.state == FreezeState.CANCELLED or (ended is not None and ended <= freeze.starts_at)
    told = Told(
        uid=f"{freeze.reference.lower()}@{host}",
        title=f"Freeze: {freeze.title}",
        lines=(freeze.reason, freeze.lift_reason, READING_ONLY),
        category="Freeze",
        status="CANCELLED" if is_off else "CONFIRMED",
        first=freeze.published_at or freeze.created_at,
        last=ended or freeze.published_at or freeze.created_at,
        url=f"{base_url}/freezes/{freeze.reference}/",
    )
    yield from _happening(told, freeze, ended_at=None if is_off else ended, now=now)


def _of_window(window: DeploymentWindow, *, now: datetime, host: str, base_url: str) -> Iterator[Event]:
    told = Told(
        uid=f"{window.reference.lower()}@{host}",
        title=f"Deployment window: {window.title}",
        lines=("Normal changes deploy inside.", READING_ONLY),
        category="Deployment window",
        first=window.created_at,
        last=window.edited_at or window.created_at,
        url=f"{base_url}/windows/",
    )
    yield from _happening(told, window, ended_at=None, now=now)


def _happening(
    told: Told, row: Freeze | DeploymentWindow, *, ended_at: datetime | None, now: datetime
) -> Iterator[Event]:
    recurrence = recurrence_of(row)
    if recurrence.rule:
        yield from recurring(told, recurrence, ended_at=ended_at, now=now, ahead=AHEAD)
    else:
        yield single(told, Span(row.starts_at, min(row.ends_at, ended_at) if ended_at else row.ends_at))
