"""A change over REST: filed, read, edited, listed, talked about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.models import ChangeRequest, Comment
from tests.factories import changes as story

CHANGES = "/api/v1/changes/"
Client = Callable[..., APIClient]


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


def test_create__whole_proposal__answers_with_everything_a_page_shows(alice: APIClient, body: dict[str, Any]) -> None:
    answer = alice.post(CHANGES, body)

    assert answer.status_code == 201, answer.json()
    shown = answer.json()
    assert shown["number"] == "CR-2026-0114-001"
    assert shown["state"] == "draft"
    assert shown["environments"] == ["prd"]
    assert shown["artifacts"] == [{"service": "billing-service", "version": "v2.3.1", "digest": None}]
    assert shown["scheduled_time"] == "2026-01-15T12:00:00Z"
    assert shown["estimated_duration"] == "30m"
    assert shown["risk_assessment"]["level"] == "low"
    assert "No database changes" in shown["risk_assessment"]["factors"]
    assert shown["requester"] == {"username": "alice", "name": "Alice Arnold"}
    assert [(seat["label"], seat["state"]) for seat in shown["approvals"]["seats"]] == [("Engineer", "open")]
    assert {reason["code"] for reason in shown["blockers"]} == {
        "approval.seat_open",
        "schedule.slot_not_open",
        "artifact.unregistered",
    }
    moves = {move["verb"]: move["allowed"] for move in shown["moves"]}
    assert moves == {"submit": True, "authorise": False, "cancel": True}
    assert [event["verb"] for event in shown["history"]] == ["change.created"]
    assert answer.headers["ETag"] == '"1"'
    assert alice.get(f"{CHANGES}{shown['number']}").json() == shown
