"""The pages of auditors: find, verify, take along; nobody else gets in."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cybercube_portal.audit.models import Event
from cybercube_portal.record.views import chain
from tests.factories import changes as story
from tests.factories.people import Cast
from tests.record.conftest import Happen, Session

ROUTES = ("/audit/", "/audit/chain/", "/audit/packs/")


@pytest.fixture
def kim(browser_session: Session) -> Client:
    return browser_session("kim")


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def downloaded(client: Client, address: str) -> bytes:
    answer: Any = client.get(address)
    assert answer.headers["Content-Type"] == "application/zip"
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(("username", "status"), [("kim", 200), ("admin", 200), ("alice", 403), ("ivan", 403)])
def test_pages__by_role__are_for_auditors(browser_session: Session, route: str, username: str, status: int) -> None:
    client = browser_session(username)

    assert client.get(route).status_code == status
    assert ('href="/audit/"' in client.get("/profile/").content.decode()) == (status == 200)


@pytest.mark.parametrize("route", [*ROUTES, "/audit/?verb=change.*&subject=service:billing-service"])
def test_pages__with_a_history__take_few_queries(kim: Client, history: list[Event], route: str) -> None:
    kim.get(route)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert kim.get(route).status_code == 200
    assert len(queries) <= 12


def test_events__filtered__are_those_that_fit_and_each_can_be_opened(
    kim: Client, happen: Happen, history: list[Event]
) -> None:
    last = happen("freeze.created", object_id="F-1", reason="Payday")
    page = kim.get("/audit/", {"verb": "freeze.*"})

    assert [event.object_id for event in page.context["page"].rows] == ["F-1"]
    assert "not sealed yet" in words(page)
    one = words(kim.get(f"/audit/events/{last.event_id}/"))
    assert "freeze.created" in one
    assert "&quot;reason&quot;: &quot;Payday&quot;" in one
    assert "Not sealed yet" in one


def test_event__sealed__shows_its_place_in_the_chain_and_leads_to_its_change(
    kim: Client, cast: Cast, now: datetime, history: list[Event]
) -> None:
    shown = words(kim.get(f"/audit/events/{history[3].event_id}/"))

    assert str(history[3].hash) in shown
    assert "/audit/chain/?first=4" in shown
    story.service("billing-service")
    change = story.draft(now=now)
    created = Event.objects.get(object_id=change.number, verb="change.created")
    assert f'href="/changes/{change.number}/"' in words(kim.get(f"/audit/events/{created.event_id}/"))


def test_events__as_a_file__are_all_that_the_filter_finds_and_no_formula(
    browser_session: Session, kim: Client, happen: Happen, history: list[Event]
) -> None:
    happen("freeze.created", object_id="=1+1", reason="x")
    happen("freeze.lifted", object_id="F-2")
    found: Any = kim.get("/audit/events.csv", {"verb": "freeze.*"})
    rows = list(csv.DictReader(io.StringIO(b"".join(found.streaming_content).decode())))

    assert [(row["what"], row["about"], row["who"]) for row in rows] == [
        ("freeze.lifted", "F-2", "alice"),
        ("freeze.created", "'=1+1", "alice"),
    ]
    assert "/audit/events.csv?verb=freeze.%2A" in words(kim.get("/audit/", {"verb": "freeze.*"}))
    every: Any = kim.get("/audit/events.csv")
    assert len(b"".join(every.streaming_content).splitlines()) == 1 + Event.objects.count()
    assert kim.get("/audit/events.csv", {"verb": "Freeze"}).headers["Location"] == "/audit/?verb=Freeze"
    assert browser_session("alice").get("/audit/events.csv").status_code == 403


@pytest.mark.parametrize("query", [{"verb": "Change"}, {"start": "yesterday"}, {"subject": "a\x00b"}])
def test_events__filter_that_cannot_be_meant__is_shown_at_its_field(
    kim: Client, history: list[Event], query: dict[str, str]
) -> None:
    answer = kim.get("/audit/", query)

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == query.keys()
    assert answer.context["page"].rows == ()


def test_chain__verified__says_what_holds_and_where_to_go_on(
    kim: Client, history: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Events 1 to 12 fit together. 1 signed checkpoint agrees." in words(kim.get("/audit/chain/?first=1"))
    monkeypatch.setattr(chain, "LONGEST_WALK", 5)
    assert "/audit/chain/?first=6" in words(kim.get("/audit/chain/?first=1"))
    assert "Events 13 to 12" in words(kim.get("/audit/chain/?first=99"))
    assert kim.get("/audit/chain/?first=x").status_code == 422


def test_chain__row_that_was_changed__is_named(kim: Client, history: list[Event]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_event SET object_id = 'x' WHERE sequence = 5")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")

    assert "The first row that does not fit is number 5" in words(kim.get("/audit/chain/?first=1"))


def test_packs__asked_for__lead_to_the_file(kim: Client, cast: Cast, now: datetime) -> None:
    story.service("billing-service")
    change = story.draft(now=now)
    day = {"first_day": f"{now:%Y-%m-%d}", "last_day": f"{now:%Y-%m-%d}"}
    one = kim.get("/audit/packs/", {"number": change.number})
    many = kim.get("/audit/packs/", {**day, "service": "billing-service"})

    assert one.headers["Location"] == f"/api/v1/changes/{change.number}/evidence/"
    assert downloaded(kim, one.headers["Location"]).startswith(b"PK")
    assert "service=billing-service" in many.headers["Location"]
    assert f"from={now:%Y-%m-%d}T00" in many.headers["Location"]
    assert f"to={now + timedelta(days=1):%Y-%m-%d}T00" in many.headers["Location"]
    assert downloaded(kim, many.headers["Location"]).startswith(b"PK")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"number": "CR-2020-0101-001"}, "number"),
        ({"number": ""}, "number"),
        ({"first_day": "2026-02-01", "last_day": "2026-01-01"}, "last_day"),
        ({"first_day": "2024-01-01", "last_day": "2026-01-01"}, "last_day"),
        ({"first_day": "soon", "last_day": "2026-01-01"}, "first_day"),
        ({"first_day": "2026-01-01", "last_day": "2026-01-02", "service": "nothing"}, "service"),
    ],
)
def test_packs__asked_for_wrongly__say_so_and_keep_what_was_typed(
    kim: Client, asked: dict[str, str], field: str
) -> None:
    answer = kim.get("/audit/packs/", asked)

    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_change__page__shows_its_evidence_to_auditors_alone(
    browser_session: Session, kim: Client, cast: Cast, now: datetime
) -> None:
    story.service("billing-service")
    change = story.draft(now=now)

    assert f"/api/v1/changes/{change.number}/evidence/" in words(kim.get(f"/changes/{change.number}/"))
    assert "/evidence/" not in words(browser_session("alice").get(f"/changes/{change.number}/"))
