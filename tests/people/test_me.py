from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient


def test_me__key_with_scopes__says_who_and_what_for(api: Callable[..., APIClient]) -> None:
    answer = api("alice", scopes=["gate", "changes"], services=["billing-service"]).get("/api/v1/me/")
    assert answer.status_code == 200
    assert answer.json() == {
        "username": "alice",
        "name": "Alice Arnold",
        "kind": "person",
        "team": "payments",
        "timezone": "UTC",
        "email": "alice@example.com",
        "roles": [{"role": "engineer", "team": "payments", "ends_at": None}],
        "scopes": ["changes", "gate"],
        "services": ["billing-service"],
    }


def test_me__browser_session__is_not_narrowed(browser_session: Callable[[str], Client]) -> None:
    answer = browser_session("carol").get("/api/v1/me")
    assert answer.status_code == 200
    assert answer.json()["scopes"] is None
    assert answer.json()["roles"] == [{"role": "product", "team": None, "ends_at": None}]


@pytest.mark.django_db
def test_me__nobody__refused(client: Client) -> None:
    answer = client.get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "authentication.required"
