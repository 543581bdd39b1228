"""Freezes, their exceptions and deployment windows over REST (§6.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from changes.models import ChangeRequest, DeploymentWindow, Freeze, FreezeException
from cybercube_portal.audit.models import Event
from tests.factories import changes as story

FREEZES, WINDOWS = "/api/v1/freezes/", "/api/v1/deployment-windows/"
Client = Callable[..., APIClient]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def ivan(client_of: Client, held: datetime) -> APIClient:
    return client_of("ivan")


@pytest.fixture
def holiday() -> dict[str, Any]:
    return {
        "title": "Christmas",
        "kind": "holiday",
        "starts_at": {"local": "2026-12-24T00:00", "timezone": "America/Sao_Paulo"},
        "ends_at": {"local": "2026-12-27T00:00", "timezone": "America/Sao_Paulo"},
        "rule": "FREQ=YEARLY",
        "environments": ["production"],
        "reason": "Half the company is away",
    }


def blockers(client: APIClient, change: ChangeRequest) -> set[str]:
    shown = client.get(f"/api/v1/changes/{change.number}/").json()
    return {reason["code"] for reason in shown["blockers"]}


def test_freeze__written_and_published__holds_changes_back(
    ivan: APIClient, client_of: Client, now: datetime, clock_at: Callable[[datetime], datetime], holiday: dict[str, Any]
) -> None:
    answer = ivan.post(FREEZES, holiday)

    assert answer.status_code == 201, answer.json()
    shown = answer.json()
    assert shown["starts_at"] == "2026-12-24T03:00:00Z"
    assert (shown["timezone"], shown["environments"]) == ("America/Sao_Paulo", ["prd"])
    assert (shown["state"], shown["phase"]) == ("draft", "draft")
    assert shown["next"] == {"start": "2026-12-24T03:00:00Z", "end": "2026-12-27T03:00:00Z"}
    reference = shown["reference"]
    change = story.approved(now=now, scheduled_time=datetime.fromisoformat("2027-12-25T12:00:00Z"))
    assert "freeze.covers_window" not in blockers(ivan, change)
    assert ivan.post(f"{FREEZES}{reference}/publish/").json()["phase"] == "upcoming"
    assert "freeze.covers_window" in blockers(ivan, change)
    clock_at(datetime.fromisoformat("2027-12-25T12:00:00Z"))
    assert ivan.get(f"{FREEZES}{reference}/").json()["phase"] == "active"
    assert client_of("alice").post(f"/api/v1/changes/{change.number}/start/").json()["code"] == "freeze.covers_window"


def test_lift__with_why__changes_go_on(
    ivan: APIClient, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    freeze = story.freeze(now=now, starts_at=now - HOUR, ends_at=now + DAY)
    assert ivan.post(f"{FREEZES}{freeze.reference}/lift/").status_code == 400
    shown = ivan.post(f"{FREEZES}{freeze.reference}/lift/", {"reason": "Launch was moved"}).json()
    assert (shown["state"], shown["phase"], shown["lift_reason"]) == ("lifted", "lifted", "Launch was moved")
    assert ivan.post(f"{FREEZES}{freeze.reference}/lift/", {"reason": "again"}).status_code == 409


def test_cancel__own_draft__by_its_author(client_of: Client, held: datetime) -> None:
    freeze = story.freeze(now=held, by="dan", published=False, starts_at=held, ends_at=held + DAY)
    dan = client_of("dan")
    assert dan.post(f"{FREEZES}{freeze.reference}/cancel/", {"reason": "Wrong week"}).json()["state"] == "cancelled"
    other = story.freeze(now=held, starts_at=held, ends_at=held + DAY)
    answer = dan.post(f"{FREEZES}{other.reference}/cancel/", {"reason": "In my way"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission.role_missing")


def test_edit__draft_with_the_version_read__written(ivan: APIClient, holiday: dict[str, Any]) -> None:
    answer = ivan.post(FREEZES, holiday)
    address = f"{FREEZES}{answer.json()['reference']}/"
    etag = answer.headers["ETag"]

    assert ivan.patch(address, {"title": "Quiet days"}).status_code == 428
    edited = ivan.patch(address, {"title": "Quiet days", "services": ["billing-service"]}, headers={"If-Match": etag})
    assert edited.status_code == 200, edited.json()
    assert (edited.json()["title"], edited.json()["services"]) == ("Quiet days", ["billing-service"])
    assert edited.json()["rule"] == "FREQ=YEARLY"
    assert ivan.patch(address, {"title": "Mine"}, headers={"If-Match": etag}).status_code == 412
    ivan.post(f"{address}publish/")
    late = ivan.patch(address, {"title": "x"}, headers={"If-Match": edited.headers["ETag"]})
    assert (late.status_code, late.json()["code"]) == (409, "freeze.is_published")


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        (
            {"starts_at": {"local": "2026-03-29T01:30", "timezone": "Europe/London"}},
            422,
            ("/starts_at", "time.nonexistent"),
        ),
        ({"ends_at": {"local": "2026-10-25T01:30", "timezone": "Europe/London"}}, 422, ("/ends_at", "time.ambiguous")),
        ({"ends_at": "2026-12-01T00:00:00Z"}, 422, ("/ends_at", "freeze.ends_before_start")),
        ({"timezone": "Brazil"}, 422, ("/rule", "freeze.recurrence")),
        ({"rule": "FREQ=HOURLY"}, 422, ("/rule", "freeze.recurrence")),
        ({"kind": "vacation"}, 400, ("/kind", "field.invalid_choice")),
        ({"services": ["nope"]}, 422, ("/services", "services.unknown")),
        ({"teams": ["nope"]}, 422, ("/teams", "teams.unknown")),
        ({"environments": ["moon"]}, 400, ("/environments/0", "field.invalid_choice")),
        ({"predicate": {"types": ["normal"]}}, 422, ("/predicate", "freeze.predicate_not_custom")),
        ({"kind": "custom", "predicate": {"typ": []}}, 422, ("/predicate", "freeze.predicate")),
        ({"title": " "}, 400, ("/title", "field.blank")),
        ({"state": "published", "hrad": True}, 400, ("/hrad", "field.unknown")),
    ],
)
def test_create__against_the_rules__refused_at_its_place(
    ivan: APIClient, holiday: dict[str, Any], changed: dict[str, Any], status: int, told: tuple[str, str]
) -> None:
    answer = ivan.post(FREEZES, {**holiday, **changed})
    assert answer.status_code == status, answer.json()
    assert told in {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert not Freeze.objects.exists()
    assert not Event.objects.filter(verb__startswith="freeze.").exists()


def test_create__by_an_engineer__403(client_of: Client, held: datetime, holiday: dict[str, Any]) -> None:
    assert client_of("alice").post(FREEZES, holiday).status_code == 403


def test_list__by_when__current_and_past(ivan: APIClient, now: datetime) -> None:
    over = story.freeze(now=now - 9 * DAY, title="over", starts_at=now - 9 * DAY, ends_at=now - 8 * DAY)
    on = story.freeze(now=now, title="on", starts_at=now - HOUR, ends_at=now + HOUR)
    ahead = story.freeze(now=now, title="ahead", starts_at=now + DAY, ends_at=now + 2 * DAY)

    def listed(**query: str) -> list[tuple[str, str]]:
        return [(row["reference"], row["phase"]) for row in ivan.get(FREEZES, query).json()["results"]]

    assert listed(when="current") == [(on.reference, "active"), (ahead.reference, "upcoming")]
    assert listed(when="past") == [(over.reference, "past")]
    assert len(listed()) == 3
    assert ivan.get(FREEZES, {"when": "soon"}).status_code == 400


def test_list__fifty_freezes__at_most_twelve_queries(ivan: APIClient, now: datetime) -> None:
    for _ in range(50):
        story.freeze(now=now, starts_at=now, ends_at=now + DAY)
    ivan.get(FREEZES)
    with CaptureQueriesContext(connection) as queries:
        assert len(ivan.get(FREEZES).json()["results"]) == 50
    assert len(queries) <= 12


def test_exception__granted_to_one_change__shown_for_ever(
    ivan: APIClient, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    change = story.approved(now=now)
    freeze = story.freeze(now=now, starts_at=change.scheduled_time - HOUR, ends_at=change.scheduled_time + HOUR)
    address = f"{FREEZES}{freeze.reference}/exceptions/"

    assert ivan.post(address, {"change": change.number}).status_code == 400
    answer = ivan.post(address, {"change": change.number, "reason": "Tax law changes at midnight"})

    assert answer.status_code == 201, answer.json()
    assert answer.json()["granted_by"]["username"] == "ivan"
    assert ivan.get(address).json()["results"] == [answer.json()]
    shown = ivan.get(f"/api/v1/changes/{change.number}/").json()
    assert shown["freeze_exceptions"][0]["reason"] == "Tax law changes at midnight"
    assert "freeze.covers_window" not in {reason["code"] for reason in shown["blockers"]}
    assert "freeze.exception_granted" in {event["verb"] for event in shown["history"]}
    assert ivan.post(address, {"change": change.number, "reason": "again"}).status_code == 409


def test_exception__to_ones_own_change__refused(ivan: APIClient, now: datetime) -> None:
    change = story.draft(now=now, by="ivan")
    freeze = story.freeze(now=now, by="judy", starts_at=now, ends_at=now + DAY)
    answer = ivan.post(f"{FREEZES}{freeze.reference}/exceptions/", {"change": change.number, "reason": "Mine"})
    assert (answer.status_code, answer.json()["code"]) == (409, "freeze.author_grants_exception")
    assert not FreezeException.objects.exists()


def test_window__written__normal_changes_wait_for_it(client_of: Client, held: datetime) -> None:
    dan = client_of("dan")
    body = {
        "title": "Tuesday evenings",
        "starts_at": {"local": "2026-01-20T18:00", "timezone": "Europe/London"},
        "ends_at": {"local": "2026-01-20T22:00", "timezone": "Europe/London"},
        "rule": "FREQ=WEEKLY;BYDAY=TU",
        "services": ["billing-service"],
    }
    answer = dan.post(WINDOWS, body)
    assert answer.status_code == 201, answer.json()
    assert answer.json()["timezone"] == "Europe/London"
    change = story.draft(now=held)
    assert "window.closed" in blockers(dan, change)
    address = f"{WINDOWS}{answer.json()['reference']}/"
    edited = dan.patch(address, {"services": ["search-api"]}, headers={"If-Match": answer.headers["ETag"]})
    assert edited.status_code == 200, edited.json()
    assert "window.closed" not in blockers(dan, change)


def test_window__removed__holds_nobody_back_and_stays_on_record(client_of: Client, held: datetime) -> None:
    dan = client_of("dan")
    first, second = (story.window(now=held, starts_at=held, ends_at=held + HOUR) for _ in range(2))

    assert dan.delete(f"{WINDOWS}{first.reference}/").status_code == 204
    assert dan.post(f"{WINDOWS}{second.reference}/remove/").json()["removed_at"] == "2026-01-14T10:00:00Z"
    assert dan.get(WINDOWS).json()["results"] == []
    assert dan.delete(f"{WINDOWS}{first.reference}/").status_code == 404
    assert DeploymentWindow.objects.count() == 2


def test_window__by_an_engineer__403(client_of: Client, held: datetime) -> None:
    window = story.window(now=held, starts_at=held, ends_at=held + HOUR)
    assert client_of("alice").delete(f"{WINDOWS}{window.reference}/").status_code == 403
