"""Recurring freezes in a feed: one series, which another reader expands to the same moments as the portal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client as Browser

from changes.actions.freezes import lift_freeze
from changes.models import Freeze
from changes.policy.recurrence import occurrences
from changes.policy.spans import Span
from changes.selectors.freezes import recurrence_of
from tests.changes.feed_reading import events_of, spans_of
from tests.factories import changes as story

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


# rule, first start and end in Berlin; days that the rule leaves out. Both edges of summer time lie in what is looked at.
Series = tuple[str, datetime, datetime, list[str]]
SERIES: list[Series] = [
    (
        "FREQ=WEEKLY;BYDAY=SA,SU",
        datetime(2026, 1, 17, tzinfo=BERLIN),
        datetime(2026, 1, 18, tzinfo=BERLIN),
        ["2026-02-07"],
    ),
    (
        "FREQ=DAILY;UNTIL=20260405",
        datetime(2026, 1, 17, 22, tzinfo=BERLIN),
        datetime(2026, 1, 18, 4, tzinfo=BERLIN),
        [],
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=5",
        datetime(2026, 1, 31, tzinfo=BERLIN),
        datetime(2026, 2, 2, 12, tzinfo=BERLIN),
        [],
    ),
    (
        "FREQ=WEEKLY;BYDAY=SU;INTERVAL=2",
        datetime(2026, 1, 18, 1, tzinfo=BERLIN),
        datetime(2026, 1, 18, 5, tzinfo=BERLIN),
        [],
    ),
]


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series[0])
def test_feed__freeze_that_recurs__is_one_series_that_another_reader_expands_alike(
    feed_of: Callable[..., str], client: Browser, held: datetime, series: Series
) -> None:
    rule, start, end, without = series
    freeze = story.freeze(
        now=held,
        starts_at=start,
        ends_at=end,
        timezone="Europe/Berlin",
        rule=rule,
        excluded_dates=tuple(datetime.fromisoformat(day).date() for day in without),
    )
    body = client.get(feed_of("alice")).content
    text = body.decode()
    assert "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin" in text
    assert f"DTSTART;TZID=Europe/Berlin:{start:%Y%m%dT%H%M%S}\r\n" in text
    until = held + 300 * DAY
    expected = {(span.start, span.end) for span in occurrences(recurrence_of(freeze), held, until)}
    assert len(expected) > 4
    assert spans_of(events_of(body), f"{freeze.reference.lower()}@127.0.0.1", held, until) == expected


def test_feed__freeze_lifted__ends_there_and_one_that_had_not_begun_is_cancelled(
    feed_of: Callable[..., str], client: Browser, held: datetime
) -> None:
    series = story.freeze(now=held, starts_at=held - 2 * DAY, ends_at=held - DAY, rule="FREQ=DAILY;INTERVAL=2;COUNT=3")
    once = story.freeze(now=held, starts_at=held - DAY, ends_at=held + DAY)
    coming = story.freeze(now=held, starts_at=held + DAY, ends_at=held + 2 * DAY)
    lifted = held + HOUR
    for freeze in (series, once, coming):
        lift_freeze(reference=freeze.reference, reason="Over", actor=story.actor("ivan"), now=lifted)
    found = events_of(client.get(feed_of("alice")).content)

    def told(freeze: Freeze) -> Any:
        return found[f"{freeze.reference.lower()}@127.0.0.1"]

    assert (told(once)["status"], told(once)["dtend"].dt) == ("CONFIRMED", lifted)
    assert told(coming)["status"] == "CANCELLED"
    expected = {Span(held - 2 * DAY, held - DAY), Span(held, lifted)}
    shown = spans_of(found, f"{series.reference.lower()}@127.0.0.1", held - 9 * DAY, held + 30 * DAY)
    assert shown == {(span.start, span.end) for span in expected}
