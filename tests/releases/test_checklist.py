"""The checklist of a release (§5.3): facts that nobody can tick, and people's words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.models import Artifact
from releases.policy.contents import ITEMS


@pytest.fixture
def alice(held: datetime, api: Callable[..., APIClient], artifact: Artifact) -> APIClient:
    return api("alice")


@pytest.fixture
def address(alice: APIClient) -> str:
    opened = alice.post("/api/v1/releases/", {"service": "billing-service", "version": "v2.3.1"}, format="json")
    return f"/api/v1/releases/{opened.json()['id']}/checklist/"


def items(answer: Any) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    return {row["item"]: row for row in answer.json()["items"]}


def test_checklist__of_a_fresh_release__has_every_item_and_its_facts_speak(alice: APIClient, address: str) -> None:
    found = items(alice.get(address))
    assert list(found) == [item.key for item in ITEMS]
    assert {key for key, row in found.items() if row["done"]} == {
        "tests_passing",
        "no_severe_findings",
        "migrations_tested",
        "window_scheduled",
        "staging_deployed",
        "e2e_passing",
    }


def test_tick__an_item_of_people__is_done_with_who_and_why_and_can_be_taken_back(
    alice: APIClient, address: str
) -> None:
    said = {"item": "documentation_updated", "ticked": True, "note": "The runbook"}
    row = items(alice.post(address, said, format="json"))["documentation_updated"]
    assert (row["done"], row["ticked_by"], row["note"]) == (True, "alice", "The runbook")
    alice.post(address, said, format="json")
    assert Event.objects.filter(verb="release.item_ticked").count() == 1
    row = items(alice.post(address, {**said, "ticked": False}, format="json"))["documentation_updated"]
    assert (row["done"], row["ticked_by"]) == (False, None)
    assert Event.objects.filter(verb="release.item_unticked").count() == 1


@pytest.mark.parametrize("key", [item.key for item in ITEMS if item.is_fact])
def test_tick__an_item_of_facts__is_refused_with_what_the_facts_say(key: str, alice: APIClient, address: str) -> None:
    answer = alice.post(address, {"item": key, "ticked": True}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "checklist.decided_by_facts")
    assert items(alice.get(address))[key]["message"] in answer.json()["reasons"][0]["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"item": "documentation_update", "ticked": True}, 422),
        ({"item": "documentation_updated", "ticked": "maybe"}, 400),
        ({"item": "documentation_updated"}, 400),
        ({"item": "documentation_updated", "ticked": True, "note": "x" * 501}, 400),
    ],
)
def test_tick__what_means_nothing__is_refused(
    body: dict[str, Any], status: int, alice: APIClient, address: str
) -> None:
    assert alice.post(address, body, format="json").status_code == status
