from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal.people.models import Grant
from tests.factories.people import PEOPLE, Cast

GRANTS = "/api/v1/grants/"


def post(client: Client, address: str, body: dict[str, Any]) -> Any:
    return client.post(address, data=body, content_type="application/json")


@pytest.fixture
def admin(browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime) -> Client:
    clock_at(now)
    return browser_session("admin")


def test_grant__by_an_admin__holds_from_now_until_its_end(admin: Client, cast: Cast, now: datetime) -> None:
    ends = now + timedelta(days=7)
    body = {"username": "alice", "role": "on_call", "team": "payments", "ends_at": "2026-01-21T11:00:00+01:00"}
    answer = post(admin, GRANTS, {**body, "reason": "rotation"})
    assert answer.status_code == 201
    assert answer.json() == {
        "id": answer.json()["id"],
        "username": "alice",
        "role": "on_call",
        "team": "payments",
        "starts_at": "2026-01-14T10:00:00Z",
        "ends_at": "2026-01-21T10:00:00Z",
        "revoked_at": None,
        "granted_by": "admin",
        "reason": "rotation",
    }
    alice = cast.actor("alice")
    assert "on_call" in alice.roles(at=now, teams=["payments"])
    assert "on_call" not in alice.roles(at=now, teams=["search"])
    assert "on_call" not in alice.roles(at=ends)


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"username": "admin"}, 409, "grant.own"),
        ({"username": "ci-payments"}, 422, "grant.service_account"),
        ({"username": "nobody"}, 404, "user.unknown"),
        ({"team": "nowhere"}, 422, "team.unknown"),
        ({"ends_at": "2026-01-14T10:00:00Z"}, 422, "grant.ends_before_start"),
        ({"starts_at": "2026-01-14T09:59:59Z"}, 422, "grant.in_the_past"),
    ],
)
def test_grant__against_a_rule__refused_and_nothing_written(
    admin: Client, changed: dict[str, Any], status: int, code: str
) -> None:
    before = Grant.objects.count()
    answer = post(admin, GRANTS, {"username": "alice", "role": "ops", **changed})
    assert answer.status_code == status
    assert code in [answer.json()["code"], *(error["code"] for error in answer.json()["errors"])]
    assert Grant.objects.count() == before


@pytest.mark.parametrize("username", [name for name, *_ in PEOPLE if name != "admin"])
def test_grant__by_anybody_else__refused(browser_session: Callable[[str], Client], username: str) -> None:
    other = "bob" if username == "alice" else "alice"
    answer = post(browser_session(username), GRANTS, {"username": other, "role": "cto"})
    assert answer.status_code == 403
    assert not Grant.objects.filter(role="cto").exists()


def test_grant__by_an_admins_key__refused_whatever_its_scopes(api: Callable[..., APIClient]) -> None:
    scopes = ["gate", "deployments", "changes", "approvals", "releases", "flags", "audit"]
    answer = api("admin", scopes=scopes).post(GRANTS, {"username": "alice", "role": "ops"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "key.scope_missing"


def test_grant__read_only_names_sent__refused(admin: Client) -> None:
    answer = post(admin, GRANTS, {"username": "alice", "role": "ops", "granted_by": "judy"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/granted_by"


def test_revoke__running_grant__ends_now_and_only_once(admin: Client, cast: Cast, now: datetime) -> None:
    grant = Grant.objects.get(user=cast.bob)
    answer = post(admin, f"{GRANTS}{grant.pk}/revoke/", {"reason": "left the team"})
    assert answer.status_code == 200
    assert answer.json()["revoked_at"] == "2026-01-14T10:00:00Z"
    assert not cast.actor("bob").roles(at=now)
    again = post(admin, f"{GRANTS}{grant.pk}/revoke", {})
    assert again.status_code == 409
    assert again.json()["code"] == "grant.over"


def test_revoke__unknown_grant__404(admin: Client) -> None:
    assert post(admin, f"{GRANTS}999999/revoke/", {}).json()["code"] == "grant.unknown"


def test_revoke__by_anybody_else__refused(browser_session: Callable[[str], Client], cast: Cast) -> None:
    grant = Grant.objects.get(user=cast.bob)
    assert post(browser_session("judy"), f"{GRANTS}{grant.pk}/revoke/", {}).status_code == 403
    grant = Grant.objects.get(user=cast.bob)
    assert grant.revoked_at is None


def test_grants__list__narrowed_by_user_role_and_team(api: Callable[..., APIClient]) -> None:
    client = api("oscar")
    assert len(client.get(GRANTS).json()["results"]) == len(PEOPLE)
    found = client.get(GRANTS, {"role": "tech_lead", "team": "search"}).json()["results"]
    assert [grant["username"] for grant in found] == ["sybil"]
    assert [grant["role"] for grant in client.get(GRANTS, {"username": "kim"}).json()["results"]] == ["auditor"]
