"""The calendar over REST, and the feed calendar programs read (integrations.md C5)."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar
from rest_framework.test import APIClient

from changes.actions.changes import cancel_change, reschedule_change
from changes.actions.freezes import lift_freeze
from changes.models import CalendarFeed, ChangeRequest
from tests.factories import changes as story

CALENDAR, FEED = "/api/v1/calendar/", "/api/v1/calendar/feed/"
Client = Callable[..., APIClient]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


@pytest.fixture
def feed_of(client_of: Client) -> Callable[[str], str]:
    """`feed_of(username)`: the path of a fresh feed."""

    def issue(username: str) -> str:
        answer = client_of(username).post(FEED)
        assert answer.status_code == 201, answer.json()
        return str(urlsplit(answer.json()["url"]).path)

    return issue


def events_of(body: bytes) -> dict[str, Any]:
    return {str(event["uid"]): event for event in Calendar.from_ical(body).walk("VEVENT")}


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


def test_feed__secret_address__reads_as_a_calendar(
    alice: APIClient, feed_of: Callable[[str], str], client: Browser, now: datetime
) -> None:
    change = story.approved(now=now)
    story.freeze(now=now, title="Launch; quiet, please", starts_at=now + DAY, ends_at=now + 2 * DAY)

    answer = client.get(feed_of("alice"))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    text = answer.content.decode()
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in text
    assert "X-PUBLISHED-TTL:PT1H\r\n" in text
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found = events_of(answer.content)
    event = found[f"{change.number.lower()}@127.0.0.1"]
    assert event["dtstart"].dt == change.scheduled_time
    assert event["dtend"].dt == change.scheduled_time + change.estimated_duration
    assert event["status"] == "CONFIRMED"
    (freeze,) = (event for uid, event in found.items() if uid.startswith("frz-"))
    assert str(freeze["summary"]) == "Freeze: Launch; quiet, please"


def test_feed__changed_then_cancelled__sequence_rises_and_it_stays_marked(
    feed_of: Callable[[str], str],
    client: Browser,
    now: datetime,
    held: datetime,
    clock_at: Callable[[datetime], datetime],
) -> None:
    path, alice = feed_of("alice"), story.actor("alice")
    change = story.approved(now=now)
    uid = f"{change.number.lower()}@127.0.0.1"
    seen = [events_of(client.get(path).content)[uid]]
    later = clock_at(now + HOUR)
    reschedule_change(number=change.number, scheduled_time=now + 3 * DAY, actor=alice, now=later)
    seen.append(events_of(client.get(path).content)[uid])
    later = clock_at(now + 2 * HOUR)
    cancel_change(number=change.number, actor=alice, now=later)
    clock_at(now + 30 * DAY)
    seen.append(events_of(client.get(path).content)[uid])

    assert [int(event["sequence"]) for event in seen] == [0, 3600, 7200]
    assert [str(event["status"]) for event in seen] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert seen[2]["last-modified"].dt == later


def test_feed__freeze_lifted__its_coming_days_are_cancelled(
    feed_of: Callable[[str], str], client: Browser, held: datetime
) -> None:
    freeze = story.freeze(now=held, starts_at=held - 2 * DAY, ends_at=held - DAY, rule="FREQ=DAILY;INTERVAL=2;COUNT=3")
    lift_freeze(reference=freeze.reference, reason="Over", actor=story.actor("ivan"), now=held)
    found = events_of(client.get(feed_of("alice")).content).values()
    assert sorted(str(event["status"]) for event in found) == ["CANCELLED", "CANCELLED", "CONFIRMED"]


def test_feed__read_again__304_until_something_changes(
    feed_of: Callable[[str], str], client: Browser, held: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    path, change = feed_of("alice"), story.in_review(now=held)
    etag = client.get(path).headers["ETag"]
    clock_at(held + HOUR)
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    cancel_change(number=change.number, actor=story.actor("alice"), now=held + HOUR)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_feed__of_another_team__shows_only_what_concerns_it(
    feed_of: Callable[[str], str], client: Browser, held: datetime
) -> None:
    ours = story.in_review(now=held)
    story.freeze(now=held, teams=("payments",), starts_at=held, ends_at=held + DAY)
    everywhere = story.freeze(now=held, starts_at=held, ends_at=held + DAY)

    oscar = events_of(client.get(feed_of("oscar")).content)
    ivan = events_of(client.get(feed_of("ivan")).content)

    assert [uid.split("-2026")[0] for uid in oscar] == [everywhere.reference.lower()]
    assert f"{ours.number.lower()}@127.0.0.1" in ivan
    assert len(ivan) == 3


def test_feed__replaced_or_revoked__old_address_is_gone(
    alice: APIClient, feed_of: Callable[[str], str], client: Browser
) -> None:
    first = feed_of("alice")
    second = feed_of("alice")
    assert [client.get(path).status_code for path in (first, second)] == [404, 200]
    assert alice.get(FEED).json() == {"created_at": "2026-01-14T10:00:00Z", "url": None}
    assert alice.delete(FEED).status_code == 204
    assert client.get(second).status_code == 404
    assert alice.get(FEED).status_code == 404
    secret = second.removeprefix("/calendar/").removesuffix(".ics")
    assert all(secret not in feed.digest for feed in CalendarFeed.objects.all())


def test_feed__of_somebody_who_left__is_gone(
    feed_of: Callable[[str], str], client: Browser, held: datetime, cast: Any
) -> None:
    path = feed_of("bob")
    cast.bob.is_active = False
    cast.bob.save()
    assert client.get(path).status_code == 404
    assert client.get("/calendar/guess.ics").status_code == 404
    assert client.post(path).status_code == 405


def test_feed__asked_for_by_a_pipeline__403(client_of: Client, held: datetime) -> None:
    assert client_of("ci-payments").post(FEED).status_code == 403


HOSTILE = "\r\n,;:\\\"'<>=\t\x07é☃🧨\u2028BEGIN:VEVENT END:VCALENDAR x"


def test_feed__500_changes_with_hostile_titles__round_trip(
    feed_of: Callable[[str], str], client: Browser, held: datetime
) -> None:
    chance = random.Random(20260114)  # noqa: S311 - the same titles every time
    edges = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
    model = story.draft(now=held)
    same = {name: value for name, value in vars(model).items() if name not in {"_state", "id", "state"}}
    rows = [
        ChangeRequest(
            **{
                **{name: value for name, value in same.items() if not name.startswith("_")},
                "number": f"CR-2026-0114-{index + 100}",
                "title": "x" + "".join(chance.choices(HOSTILE, k=chance.randint(1, 150))) + "x",
                "scheduled_time": edges[index % 2] + timedelta(minutes=index),
            }
        )
        for index in range(500)
    ]
    ChangeRequest.objects.bulk_create(rows)
    ChangeRequest.objects.filter(state="draft").update(state="in_review")

    found = events_of(client.get(feed_of("alice")).content)

    def kept(title: str) -> str:
        lines = title.replace("\r\n", "\n").replace("\r", "\n")
        return "".join(" " if ord(sign) < 32 and sign != "\n" else sign for sign in lines)

    for row in rows:
        event = found[f"{row.number.lower()}@127.0.0.1"]
        assert str(event["summary"]) == f"{row.number} {kept(row.title)}"
        assert event["dtstart"].dt == row.scheduled_time
