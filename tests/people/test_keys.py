from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.people.keys import digest_of
from cybercube_portal.people.models import ApiKey
from tests.factories.people import Cast

KEYS = "/api/v1/keys/"


def post(client: Client, body: dict[str, Any], address: str = KEYS) -> Any:
    return client.post(address, data=body, content_type="application/json")


def status_with(text: str) -> int:
    return Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {text}"}).status_code


def test_key__issued_for_oneself__works_is_shown_once_and_kept_as_a_digest(
    browser_session: Callable[[str], Client],
) -> None:
    alice = browser_session("alice")
    issued = post(alice, {"name": "laptop"})
    assert issued.status_code == 201
    text = issued.json()["text"]
    assert text.startswith(f"ccp_{issued.json()['prefix']}_")
    assert status_with(text) == 200
    assert "approvals" not in issued.json()["scopes"]
    assert "artifacts" not in issued.json()["scopes"]
    listed = alice.get(KEYS).content.decode()
    assert issued.json()["prefix"] in listed
    assert text not in listed
    kept = ApiKey.objects.get()
    assert kept.digest == digest_of(text)
    assert text not in str(vars(kept))


def test_key__used__says_when(api: Callable[..., APIClient], browser_session: Callable[[str], Client]) -> None:
    before = clock.now()
    api("alice").get("/api/v1/me/")
    (key,) = browser_session("alice").get(KEYS).json()["results"]
    assert key["last_used_at"] is not None
    used = ApiKey.objects.get().last_used_at
    assert used is not None
    assert used >= before


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"scopes": ["everything"]}, 400, "/scopes/0"),
        ({"scopes": "gate"}, 400, "/scopes"),
        ({"scopes": ["artifacts"]}, 422, "/scopes"),
        ({"environment": "prd", "scopes": ["gate"]}, 422, "/scopes"),
        ({"services": ["Not A Slug"]}, 400, "/services/0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "/expires_at"),
        ({"client": "yes"}, 400, "/client"),
    ],
)
def test_key__body_is_wrong__refused_and_nothing_written(
    browser_session: Callable[[str], Client], body: dict[str, Any], status: int, pointer: str
) -> None:
    answer = post(browser_session("alice"), body)
    assert answer.status_code == status
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not ApiKey.objects.exists()


def test_key__for_somebody_else__only_by_an_admin(browser_session: Callable[[str], Client]) -> None:
    assert post(browser_session("alice"), {"username": "ci-payments"}).status_code == 403
    issued = post(browser_session("admin"), {"username": "ci-payments", "scopes": ["gate", "artifacts"]})
    assert issued.status_code == 201
    assert status_with(issued.json()["text"]) == 200


def test_key__issued_with_a_key__refused(api: Callable[..., APIClient]) -> None:
    answer = api("alice").post(KEYS, {})
    assert answer.status_code == 403
    assert answer.json()["code"] == "key.scope_missing"


def test_keys__list__own_only_unless_an_admin_at_the_browser(
    api: Callable[..., APIClient], browser_session: Callable[[str], Client]
) -> None:
    alice, admin = api("alice"), api("admin")

    def owners(client: Client) -> set[str]:
        return {key["username"] for key in client.get(KEYS).json()["results"]}

    assert owners(alice) == owners(browser_session("alice")) == {"alice"}
    assert owners(admin) == {"admin"}
    assert owners(browser_session("admin")) == {"alice", "admin"}


def test_revoke__own_key__stops_at_once(browser_session: Callable[[str], Client], key_of: Callable[..., str]) -> None:
    text = key_of("alice")
    prefix = text.split("_")[1]
    assert status_with(text) == 200
    alice = browser_session("alice")
    answer = post(alice, {}, f"{KEYS}{prefix}/revoke/")
    assert answer.status_code == 200
    assert answer.json()["revoked_at"]
    assert status_with(text) == 401
    assert post(alice, {}, f"{KEYS}{prefix}/revoke/").json()["code"] == "api_key.revoked"


def test_revoke__somebody_elses_key__refused(
    browser_session: Callable[[str], Client], key_of: Callable[..., str]
) -> None:
    text = key_of("alice")
    assert post(browser_session("bob"), {}, f"{KEYS}{text.split('_')[1]}/revoke/").status_code == 403
    assert status_with(text) == 200
    assert post(browser_session("admin"), {}, f"{KEYS}{text.split('_')[1]}/revoke/").status_code == 200


def test_key__expired_or_of_an_inactive_user__401(cast: Cast, key_of: Callable[..., str]) -> None:
    expired = key_of("alice", expires_at=clock.now() + timedelta(hours=1))
    with clock.fixed_at(clock.now() + timedelta(hours=2)):
        assert status_with(expired) == 401
    text = key_of("bob")
    cast.bob.is_active = False
    cast.bob.save()
    assert status_with(text) == 401


@pytest.mark.parametrize("options", [{"environment": "prd"}, {"environment": "dev", "client": True}])
def test_key__for_flag_evaluation__opens_nothing_else(key_of: Callable[..., str], options: dict[str, Any]) -> None:
    assert status_with(key_of("alice", **options)) == 401


def test_key__one_character_changed__401_before_any_look_up(key_of: Callable[..., str]) -> None:
    text = key_of("alice")
    changed = text[:20] + ("a" if text[20] != "a" else "b") + text[21:]
    assert status_with(changed) == 401
