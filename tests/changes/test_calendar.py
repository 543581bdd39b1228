"""The calendar over REST, and the feed calendar programs read (integrations.md C5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.factories import changes as story

CALENDAR = "/api/v1/calendar/"
Client = Callable[..., APIClient]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


def test_calendar__a_week__freezes_windows_slots_and_conflicts(alice: APIClient, now: datetime) -> None:
    first = story.in_review(now=now)
    second = story.in_review(now=now, by="bob", scheduled_time=first.scheduled_time + timedelta(minutes=45))
    story.draft(now=now, title="not booked")
    freeze = story.freeze(now=now, starts_at=now + HOUR, ends_at=now + 2 * HOUR, rule="FREQ=DAILY;COUNT=3")
    window = story.window(now=now, starts_at=now, ends_at=now + HOUR)

    answer = alice.get(CALENDAR, {"from": "2026-01-14", "to": "2026-01-21T00:00:00+00:00"})

    assert answer.status_code == 200, answer.json()
    shown = answer.json()
    assert (shown["from"], shown["to"]) == ("2026-01-14T00:00:00Z", "2026-01-21T00:00:00Z")
    assert [(row["reference"], row["start"]) for row in shown["freezes"]] == [
        (freeze.reference, f"2026-01-{day}T11:00:00Z") for day in (14, 15, 16)
    ]
    assert [row["reference"] for row in shown["windows"]] == [window.reference]
    assert [(row["number"], row["start"], row["end"]) for row in shown["changes"]] == [
        (first.number, "2026-01-15T12:00:00Z", "2026-01-15T13:30:00Z"),
        (second.number, "2026-01-15T12:45:00Z", "2026-01-15T14:15:00Z"),
    ]
    (clash,) = shown["conflicts"]
    assert (clash["number"], clash["other"]["number"], clash["other"]["kind"]) == (
        first.number,
        second.number,
        "same_service",
    )
    assert (clash["other"]["start"], clash["other"]["end"]) == ("2026-01-15T12:45:00Z", "2026-01-15T13:30:00Z")
    assert shown["complete"] is True


def test_calendar__both_edges_of_summer_time__days_of_23_and_25_hours(alice: APIClient, now: datetime) -> None:
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        # Midnight in London: winter time before the first edge, summer time before the second.
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - (HOUR if day.month == 10 else timedelta())
        hours = 25 if day.month == 10 else 23
        story.freeze(now=now, starts_at=midnight, ends_at=midnight + hours * HOUR, timezone="Europe/London")
        found = alice.get(CALENDAR, {"from": day.isoformat(), "to": (day + DAY).isoformat()}).json()["freezes"]
        start, end = (datetime.fromisoformat(found[0][edge]) for edge in ("start", "end"))
        assert end - start == hours * HOUR


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"from": "2026-01-14", "to": "2026-01-14"}, 422),
        ({"from": "2026-01-14", "to": "2026-04-18"}, 422),
        ({"to": "2020-01-01"}, 422),
        ({"from": "yesterday"}, 400),
        ({"since": "2026-01-14"}, 400),
    ],
)
def test_calendar__range_of_no_meaning__refused(alice: APIClient, query: dict[str, str], status: int) -> None:
    assert alice.get(CALENDAR, query).status_code == status


def test_calendar__a_full_month__at_most_twelve_queries(alice: APIClient, now: datetime) -> None:
    for index in range(30):
        story.in_review(now=now, scheduled_time=now + (26 + index) * HOUR)
        story.freeze(now=now, starts_at=now + index * DAY, ends_at=now + (index + 1) * DAY)
    alice.get(CALENDAR)
    with CaptureQueriesContext(connection) as queries:
        shown = alice.get(CALENDAR).json()
    assert (len(shown["changes"]), len(shown["freezes"])) == (30, 30)
    assert len(queries) <= 12
