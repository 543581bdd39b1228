"""The catalogue of standard changes over REST (§6.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from changes.models import Template
from tests.factories import changes as story

TEMPLATES = "/api/v1/templates/"
Client = Callable[..., APIClient]


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


@pytest.fixture
def small_scale() -> dict[str, Any]:
    return {
        "slug": "small-scale",
        "kind": "scale",
        "title": "Scale a little",
        "bounds": {"replicas": [2, 4]},
        "services": ["billing-service"],
    }


def test_list__as_migrated__the_standards_own_five(alice: APIClient) -> None:
    with CaptureQueriesContext(connection) as queries:
        rows = alice.get(TEMPLATES).json()["results"]
    assert [row["slug"] for row in rows] == [
        "certificate-renewal",
        "config-update",
        "log-level",
        "routine-deployment",
        "scale",
    ]
    assert {row["state"] for row in rows} == {"active"}
    assert rows[3]["conditions"][0] == {"code": "standard.tests_passed", "text": "The test stage has passed."}
    assert len(queries) <= 12


def test_propose__then_every_seat_of_cab__active_and_usable(
    alice: APIClient, client_of: Client, small_scale: dict[str, Any], now: datetime
) -> None:
    answer = alice.post(TEMPLATES, small_scale)
    assert answer.status_code == 201, answer.json()
    assert answer.json()["state"] == "proposed"
    address = f"{TEMPLATES}small-scale/"

    assert client_of("alice").post(f"{address}activate/").status_code == 403
    assert client_of("ivan").post(f"{address}activate/").json()["state"] == "proposed"
    shown = client_of("carol").post(f"{address}activate/").json()
    assert shown["state"] == "proposed"
    assert [(seat["label"], seat["by"]) for seat in shown["seats"]] == [
        ("Engineering lead", "ivan"),
        ("Product", "carol"),
        ("Ops", None),
    ]
    assert client_of("dan").post(f"{address}activate/").json()["state"] == "active"
    proposal: dict[str, Any] = {"type": "standard", "template": "small-scale", "artifacts": ()}
    change = story.draft(now=now, parameters={"replicas": 5}, **proposal)
    refused = alice.post(f"/api/v1/changes/{change.number}/submit/")
    assert (refused.status_code, refused.json()["code"]) == (409, "standard.within_bounds")


def test_activate__by_the_proposer__refused(client_of: Client, held: datetime, small_scale: dict[str, Any]) -> None:
    ivan = client_of("ivan")
    ivan.post(TEMPLATES, small_scale)
    answer = ivan.post(f"{TEMPLATES}small-scale/activate/")
    assert (answer.status_code, answer.json()["code"]) == (409, "approval.author_is_approver")


def test_edit__after_a_signature__signature_counts_no_more(
    alice: APIClient, client_of: Client, small_scale: dict[str, Any]
) -> None:
    address, etag = f"{TEMPLATES}small-scale/", alice.post(TEMPLATES, small_scale).headers["ETag"]
    client_of("ivan").post(f"{address}activate/")

    assert alice.patch(address, {"bounds": {"replicas": [2, 400]}}).status_code == 428
    answer = alice.patch(address, {"bounds": {"replicas": [2, 400]}, "slug": "other"}, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.json()
    assert answer.json()["slug"] == "small-scale"
    assert {seat["state"] for seat in answer.json()["seats"]} == {"open"}
    assert alice.patch(address, {"title": "x"}, headers={"If-Match": etag}).status_code == 412


def test_retire__every_seat_of_cab__no_new_change_uses_it(client_of: Client, held: datetime) -> None:
    address = f"{TEMPLATES}scale/"
    states = [client_of(name).post(f"{address}retire/").json()["state"] for name in ("bob", "carol", "dan")]
    assert states == ["active", "active", "retired"]
    again = client_of("bob").post(f"{address}retire/")
    assert (again.status_code, again.json()["code"]) == (409, "state.move_not_possible")


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"slug": "scale"}, 409, "template.exists"),
        ({"slug": "Not A Slug"}, 400, "field.invalid"),
        ({"kind": "magic"}, 400, "field.invalid_choice"),
        ({"bounds": {}}, 422, "template.bounds"),
        ({"bounds": {"replicas": [4, 2]}}, 422, "template.bounds"),
        ({"services": ["nope"]}, 422, "template.scope_unknown"),
        ({"state": "active", "sevices": []}, 400, "field.unknown"),
    ],
)
def test_propose__against_the_rules__refused(
    alice: APIClient, small_scale: dict[str, Any], changed: dict[str, Any], status: int, told: str
) -> None:
    answer = alice.post(TEMPLATES, {**small_scale, **changed})
    assert answer.status_code == status, answer.json()
    assert told in {answer.json()["code"], *(error["code"] for error in answer.json()["errors"])}
    assert not Template.objects.filter(slug="small-scale").exists()


def test_read__unknown__404(alice: APIClient) -> None:
    assert alice.get(f"{TEMPLATES}nope/").json()["code"] == "template.unknown"
    assert alice.get(TEMPLATES, {"state": "retired"}).json()["results"] == []
