"""Moments near the ends of the calendar: refused with the rule wherever one is read, and nothing breaks on the sum of two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from tests.factories import changes as story

Session = Callable[[str], Client]
JSON = "application/json"
SERVICE = "billing-service"
FAR = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00")
ASKED = {"service": SERVICE, "version": "v2.3.1", "environment": "prd"}
CHANGE = {
    "title": "Deploy",
    "type": "normal",
    "description": "A fix",
    "services": [SERVICE],
    "environments": ["prd"],
    "artifacts": [f"{SERVICE}:v2.3.1"],
    "scheduled_time": "2026-01-16T10:00:00Z",
    "estimated_duration": "30d",
    "risk_assessment": {"answers": story.NO_RISK},
    "impact": story.NO_IMPACT,
    "rollback_plan": "Go back",
}
PERIOD = {"title": "Quiet", "starts_at": "2026-12-24T00:00:00Z", "ends_at": "2026-12-27T00:00:00Z", "services": []}
FREEZE = {**PERIOD, "kind": "holiday", "reason": "Holidays"}
GRANT = {"username": "oscar", "role": "on_call", "reason": "Rotation"}

# Where a moment is sent, with the member that holds it.
SENT: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("alice", "changes/", CHANGE, "scheduled_time"),
    ("ivan", "freezes/", FREEZE, "starts_at"),
    ("ivan", "freezes/", FREEZE, "ends_at"),
    ("ivan", "deployment-windows/", PERIOD, "ends_at"),
    ("alice", "gate/decisions/", {**ASKED, "dry_run": True}, "at"),
    ("alice", "gate/forecast/", ASKED, "from"),
    ("alice", "gate/forecast/", ASKED, "to"),
    ("admin", "grants/", GRANT, "starts_at"),
    ("admin", "grants/", GRANT, "ends_at"),
    ("alice", "keys/", {}, "expires_at"),
)


@pytest.fixture
def held(cast: object, now: datetime, clock_at: Callable[[datetime], datetime]) -> datetime:
    story.service(SERVICE)
    return clock_at(now)


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("sent", SENT, ids=[f"{row[1]}{row[3]}" for row in SENT])
def test_body__moment_out_of_reach__refused_at_its_place(
    browser_session: Session, held: datetime, sent: tuple[str, str, dict[str, Any], str], far: str
) -> None:
    username, path, body, member = sent
    answer = browser_session(username).post(f"/api/v1/{path}", {**body, member: far}, JSON)

    problem = answer.json()
    assert answer.status_code == 400, problem
    told = {error["pointer"]: error for error in problem["errors"]}[f"/{member}"]
    assert told["code"] == "time.out_of_reach"
    assert "use 1970 to 2199" in told["message"]


@pytest.mark.parametrize("far", [*FAR, "9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("name", ["from", "to"])
def test_calendar__moment_out_of_reach__refused(browser_session: Session, held: datetime, name: str, far: str) -> None:
    answer = browser_session("alice").get("/api/v1/calendar/", {name: far})

    assert answer.status_code == 400, answer.content
    assert {error["code"] for error in answer.json()["errors"]} == {"time.out_of_reach"}


@pytest.mark.parametrize("path", ["audit/events/", "events/"])
def test_events__moment_out_of_reach__refused(browser_session: Session, held: datetime, path: str) -> None:
    answer = browser_session("kim").get(f"/api/v1/{path}", {"from": FAR[0], "to": FAR[1]})

    assert answer.status_code == 400, answer.content
    assert {error["code"] for error in answer.json()["errors"]} == {"time.out_of_reach"}


@pytest.mark.parametrize("year", ["0001", "1969", "2200", "9999"])
def test_wall_time__out_of_reach__422(browser_session: Session, held: datetime, year: str) -> None:
    when = {"local": f"{year}-06-01T00:00", "timezone": "America/Sao_Paulo"}
    answer = browser_session("alice").post("/api/v1/changes/", {**CHANGE, "scheduled_time": when}, JSON)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert answer.json()["errors"][0]["code"] == "time.out_of_reach"


@pytest.mark.parametrize("until", ["99991231", "99991231T235959Z", "00010101"])
@pytest.mark.parametrize("path", ["freezes/", "deployment-windows/"])
def test_rule__until_out_of_reach__422(browser_session: Session, held: datetime, path: str, until: str) -> None:
    body = {**(FREEZE if path == "freezes/" else PERIOD), "rule": f"FREQ=YEARLY;UNTIL={until}"}
    answer = browser_session("ivan").post(f"/api/v1/{path}", body, JSON)

    assert answer.status_code == 422, answer.content
    assert "use 1970 to 2199" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("far", ["9999-12-31T23:59", "0001-01-01T00:00"])
@pytest.mark.parametrize(
    "sent",
    [
        ("ivan", "/freezes/new/", {"title": "Quiet", "kind": "holiday", "ends_at": "2026-12-27T00:00"}, "starts_at"),
        ("ivan", "/windows/new/", {"title": "Quiet", "starts_at": "2026-12-24T00:00"}, "ends_at"),
        ("alice", "/changes/new/?type=normal", {"title": "Deploy", "estimated_duration": "30d"}, "scheduled_time"),
        ("admin", "/grants/grant/", {"username": "oscar", "role": "on_call"}, "ends_at"),
        ("alice", "/keys/issue/", {"name": "Mine", "scopes": ["changes"]}, "expires_at"),
    ],
    ids=lambda sent: sent[1],
)
def test_page__moment_out_of_reach__said_at_its_field(
    browser_session: Session, held: datetime, sent: tuple[str, str, dict[str, Any], str], far: str
) -> None:
    username, path, body, field = sent
    answer = browser_session(username).post(path, {**body, "timezone": "Pacific/Kiritimati", field: far})

    assert answer.status_code == 422
    assert any("out of reach" in str(error) for error in answer.context["form"].errors[field])


def test_gate_page__moment_out_of_reach__said_at_its_field(browser_session: Session, held: datetime) -> None:
    question = {**ASKED, "action": "deploy", "at": "9999-12-31T23:59"}
    page = browser_session("alice").get("/gate/ask/", question).content.decode()

    assert "The year 9999 is out of reach" in page


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "2000-01", "2099-12"])
def test_calendar_page__any_month__is_shown(browser_session: Session, held: datetime, month: str) -> None:
    assert browser_session("alice").get("/calendar/", {"month": month}).status_code == 200


@pytest.mark.parametrize("until", ["tomorrow", "9999-12-31T23:59:59-14:00", "2026-01-16T12:00:00", 7, None])
def test_draft_page__parameter_that_is_no_moment__is_shown_to_be_mended(
    browser_session: Session, held: datetime, until: object
) -> None:
    alice = browser_session("alice")
    parameters = {"level": "debug", "reason": "To see more", "until": until}
    body = {**CHANGE, "type": "standard", "template": "log-level", "artifacts": [], "parameters": parameters}
    filed = alice.post("/api/v1/changes/", {**body, "estimated_duration": "10m"}, JSON)
    assert filed.status_code == 201, filed.content
    number = filed.json()["number"]

    assert alice.get(f"/changes/{number}/").status_code == 200
    assert alice.get(f"/changes/{number}/edit/").status_code == 200
