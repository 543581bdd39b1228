"""The iCalendar of a person: slots of changes and freezes, as calendar programs read them (RFC 5545, RFC 7986, integrations.md C5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from icalendar import Calendar, Event, vText

from changes.models import ChangeRequest, Freeze
from changes.policy.recurrence import occurrences
from changes.policy.spans import Span
from changes.selectors.feeds import AHEAD, BACK, feed_changes, feed_freezes
from changes.selectors.freezes import recurrence_of
from changes.states import ChangeState
from cybercube_portal.people.actors import Actor

PRODID = "-//CYBERCUBE//Change portal//EN"
REFRESH = timedelta(hours=1)
READING_ONLY = "For reading: the gate decides."
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f]")
MOST_OCCURRENCES = 400

STATUS: dict[str, str] = {
    ChangeState.IN_REVIEW: "TENTATIVE",
    ChangeState.REJECTED: "CANCELLED",
    ChangeState.EXPIRED: "CANCELLED",
    ChangeState.CANCELLED: "CANCELLED",
}


class _Text(vText):
    r"""RFC 5545 section 3.3.11 to the letter: the library takes a typed `\N` for a line break."""

    def to_ical(self) -> bytes:
        """Escaped, without a break."""
        return self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n").encode()


def write_feed(reader: Actor, *, now: datetime, base_url: str) -> bytes:
    """The whole calendar. The same rows give the same bytes, whenever they are read."""
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "CYBERCUBE changes and freezes")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    host = urlsplit(base_url).hostname or "localhost"
    for change in feed_changes(reader, now=now):
        calendar.add_component(_of_change(change, host=host, base_url=base_url))
    for freeze in feed_freezes(reader, now=now):
        for event in _of_freeze(freeze, now=now, host=host, base_url=base_url):
            calendar.add_component(event)
    body: bytes = calendar.to_ical()
    return body


def _of_change(change: ChangeRequest, *, host: str, base_url: str) -> Event:
    return _event(
        uid=f"{change.number.lower()}@{host}",
        span=Span(change.scheduled_time, change.scheduled_time + change.estimated_duration),
        title=f"{change.number} {change.title}",
        text=[
            f"{change.type.capitalize()} change, {change.risk_level} risk, {change.state.replace('_', ' ')}.",
            f"Services: {', '.join(change.services)}. Environments: {', '.join(change.environments)}.",
            READING_ONLY,
        ],
        status=STATUS.get(change.state, "CONFIRMED"),
        first=change.created_at,
        last=change.updated_at,
        url=f"{base_url}/changes/{change.number}/",
    )


def _of_freeze(freeze: Freeze, *, now: datetime, host: str, base_url: str) -> Iterator[Event]:
    last = freeze.lifted_at or freeze.published_at or freeze.created_at
    spans = occurrences(recurrence_of(freeze), now - BACK, now + AHEAD)
    for span in spans[:MOST_OCCURRENCES]:
        ended_early = freeze.lifted_at is not None and span.end > freeze.lifted_at
        yield _event(
            uid=f"{freeze.reference.lower()}-{span.start:%Y%m%dT%H%M%SZ}@{host}",
            span=span,
            title=f"Freeze: {freeze.title}",
            text=[freeze.reason, freeze.lift_reason, READING_ONLY],
            status="CANCELLED" if ended_early else "CONFIRMED",
            first=freeze.published_at or freeze.created_at,
            last=last,
            url=f"{base_url}/freezes/{freeze.reference}/",
        )


def _event(
    *,
    uid: str,
    span: Span,
    title: str,
    text: list[str],
    status: str,
    first: datetime,
    last: datetime,
    url: str,
) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", last)
    event.add("last-modified", last)
    # Grows with every edit, which is all that RFC 5545 asks of it.
    event.add("sequence", int((last - first).total_seconds()))
    event.add("dtstart", span.start)
    event.add("dtend", span.end)
    event.add("summary", _Text(_clean(title)))
    event.add("description", _Text(_clean("\n".join(line for line in text if line))))
    event.add("status", status)
    event.add("transp", "TRANSPARENT")
    event.add("url", url)
    return event


def _clean(text: str) -> str:
    return CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
