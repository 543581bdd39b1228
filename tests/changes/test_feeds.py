"""The feeds that calendar programs read (integrations.md C5): parsed by another reader than the one that wrote them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.actions.changes import cancel_change, reschedule_change
from changes.actions.windows import edit_window
from changes.models import CalendarFeed, ChangeRequest
from tests.changes.feed_reading import FEED, events_of
from tests.changes.pages_words import Sessions, words_of
from tests.factories import changes as story

Client = Callable[..., APIClient]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


def test_feed__secret_address__reads_as_a_calendar(
    alice: APIClient, feed_of: Callable[..., str], client: Browser, now: datetime
) -> None:
    change = story.approved(now=now)
    story.freeze(now=now, title="Launch; quiet, please", starts_at=now + DAY, ends_at=now + 2 * DAY)

    answer = client.get(feed_of("alice"))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Last-Modified"] == "Wed, 14 Jan 2026 10:00:00 GMT"
    text = answer.content.decode()
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in text
    assert "X-PUBLISHED-TTL:PT1H\r\n" in text
    assert "NAME:CYBERCUBE: Alice Arnold\r\n" in text
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found = events_of(answer.content)
    event = found[f"{change.number.lower()}@127.0.0.1"]
    assert event["dtstart"].dt == change.scheduled_time
    assert event["dtend"].dt == change.scheduled_time + change.estimated_duration
    assert event["status"] == "CONFIRMED"
    (freeze,) = (event for uid, event in found.items() if uid.startswith("frz-"))
    assert str(freeze["summary"]) == "Freeze: Launch; quiet, please"


def test_feed__of_a_person__what_is_theirs_and_what_waits_for_them(
    alice: APIClient, feed_of: Callable[..., str], client: Browser, held: datetime
) -> None:
    change = story.in_review(now=held, answers={**story.NO_RISK, "database_schema": True})
    uid = f"{change.number.lower()}@127.0.0.1"
    bob, carol, oscar = (feed_of(name) for name in ("bob", "carol", "oscar"))

    waits = events_of(client.get(bob).content)[uid]
    assert str(waits["summary"]).startswith(f"Sign: {change.number}")
    assert waits["status"] == "TENTATIVE"
    assert uid in events_of(client.get(carol).content)
    assert events_of(client.get(oscar).content) == {}
    approve_change(number=change.number, actor=story.actor("bob"), now=held)
    assert uid not in events_of(client.get(bob).content), "bob has signed"
    assert not str(events_of(client.get(feed_of("alice")).content)[uid]["summary"]).startswith("Sign")


def test_feed__of_a_team__changes_of_its_services_its_freezes_and_windows(
    alice: APIClient, feed_of: Callable[..., str], client: Browser, held: datetime
) -> None:
    story.service("search-api", team="search")
    ours = story.in_review(now=held)
    theirs = story.in_review(now=held, by="oscar", services=("search-api",), artifacts=())
    freeze = story.freeze(now=held, teams=("payments",), starts_at=held, ends_at=held + DAY)
    window = story.window(now=held, starts_at=held, ends_at=held + HOUR, rule="FREQ=DAILY", teams=("payments",))

    payments, search = (events_of(client.get(feed_of("oscar", team=team)).content) for team in ("payments", "search"))

    assert set(payments) == {f"{row.lower()}@127.0.0.1" for row in (ours.number, freeze.reference, window.reference)}
    assert set(search) == {f"{theirs.number.lower()}@127.0.0.1"}
    told = payments[f"{window.reference.lower()}@127.0.0.1"]
    assert (str(told["summary"]), int(told["sequence"])) == ("Deployment window: Weekdays", 0)
    edit_window(reference=window.reference, changes={"title": "Days"}, actor=story.actor("dan"), now=held + HOUR)
    again = events_of(client.get(feed_of("oscar", team="payments")).content)[told["uid"]]
    assert (str(again["summary"]), int(again["sequence"])) == ("Deployment window: Days", 3600)


def test_feed__changed_then_cancelled__sequence_rises_and_it_stays_marked(
    feed_of: Callable[..., str],
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


def test_feed__read_again__304_until_something_changes(
    feed_of: Callable[..., str], client: Browser, held: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    path, change = feed_of("alice"), story.in_review(now=held)
    story.freeze(now=held, starts_at=held, ends_at=held + DAY, rule="FREQ=WEEKLY", timezone="Europe/Berlin")
    etag = client.get(path).headers["ETag"]
    assert CalendarFeed.objects.get().read_at == held
    clock_at(held + HOUR)
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    cancel_change(number=change.number, actor=story.actor("alice"), now=held + HOUR)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_feed__of_another_team__shows_only_what_concerns_it(
    feed_of: Callable[..., str], client: Browser, held: datetime
) -> None:
    story.in_review(now=held)
    ours = story.freeze(now=held, teams=("payments",), starts_at=held, ends_at=held + DAY)
    everywhere = story.freeze(now=held, starts_at=held, ends_at=held + DAY)

    oscar, ivan = (events_of(client.get(feed_of(name)).content) for name in ("oscar", "ivan"))

    assert set(oscar) == {f"{everywhere.reference.lower()}@127.0.0.1"}
    assert {f"{row.reference.lower()}@127.0.0.1" for row in (ours, everywhere)} <= set(ivan)


def test_feed__replaced_or_revoked__old_address_is_gone(
    alice: APIClient, feed_of: Callable[..., str], client: Browser
) -> None:
    first, team = feed_of("alice"), feed_of("alice", team="payments")
    second = feed_of("alice")
    assert [client.get(path).status_code for path in (first, second, team)] == [404, 200, 200]
    assert alice.get(FEED).json() == {
        "team": None,
        "created_at": "2026-01-14T10:00:00Z",
        "read_at": "2026-01-14T10:00:00Z",
        "url": None,
    }
    assert alice.get(FEED, {"team": "payments"}).json()["team"] == "payments"
    assert alice.delete(FEED).status_code == 204
    assert [client.get(path).status_code for path in (second, team)] == [404, 200]
    assert alice.get(FEED).status_code == 404
    assert alice.delete(f"{FEED}?team=payments").status_code == 204
    assert client.get(team).status_code == 404
    assert alice.post(FEED, {"team": "nobody"}, format="json").status_code == 404
    secret = second.removeprefix("/calendar/").removesuffix(".ics")
    assert all(secret not in feed.digest for feed in CalendarFeed.objects.all())


def test_feed__of_somebody_who_left__is_gone(
    feed_of: Callable[..., str], client: Browser, held: datetime, cast: Any
) -> None:
    path, team = feed_of("bob"), feed_of("bob", team="payments")
    cast.bob.is_active = False
    cast.bob.save()
    assert [client.get(address).status_code for address in (path, team)] == [404, 404]
    assert client.get("/calendar/guess.ics").status_code == 404
    assert client.post(path).status_code == 405


def test_feed__asked_for_by_a_pipeline__403(client_of: Client, held: datetime) -> None:
    assert client_of("ci-payments").post(FEED).status_code == 403


def test_feed_pages__issued_once_listed_and_stopped(held: datetime, browser_session: Sessions) -> None:
    alice = browser_session("alice")
    story.in_review(now=held, title="Seen in the feed")

    own = alice.post("/calendar/feeds/").context["feed_url"]
    team = alice.post("/calendar/feeds/", {"team": "payments"}).context["feed_url"]

    for address in (own, team):
        feed = alice.get(address.partition("testserver")[2])
        assert feed.status_code == 200
        assert "Seen in the feed" in feed.content.decode()
    page = alice.get("/calendar/feeds/")
    assert own not in page.content.decode()
    assert [row.team.slug for row in page.context["followed"]] == ["payments"]
    assert "payments" not in page.context["teams"]
    stopped = alice.post("/calendar/feeds/revoke/", {"team": "payments"}, follow=True)
    assert "The address is stopped" in words_of(stopped)
    assert alice.get(team.partition("testserver")[2]).status_code == 404
    assert alice.post("/calendar/feeds/", {"team": "x\x00y"}).status_code == 404


HOSTILE = "\r\n,;:\\\"'<>=\t\x07é☃🧨\u2028BEGIN:VEVENT END:VCALENDAR x"


def test_feed__500_changes_with_hostile_titles__round_trip(
    feed_of: Callable[..., str], client: Browser, held: datetime
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
