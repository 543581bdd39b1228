"""Issue A, "Bad input": each gets a clear problem naming the rule, and nothing is half written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.models import ChangeCounter, ChangeRequest, ContentVersion
from cybercube_portal.audit.models import Event
from tests.factories import changes as story

CHANGES = "/api/v1/changes/"
Client = Callable[..., APIClient]


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


def nothing_written() -> bool:
    events = Event.objects.filter(verb__startswith="change.")
    rows = (ChangeRequest.objects, ContentVersion.objects, ChangeCounter.objects, events)
    return not any(found.exists() for found in rows)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"{", "not JSON"),
        (b"{'title': 'x'}", "not JSON"),
        (b"[]", "dictionary"),
        (b"\xff", "UTF-8"),
        (b'{"title": NaN}', "NaN"),
        (b'{"title": "a", "title": "b"}', "twice"),
        (b'{"title": "\\u0000"}', "cannot be stored"),
        (b'{"description": ' + b"[" * 40 + b"]" * 40 + b"}", "cannot be stored"),
    ],
)
def test_create__no_json__400(alice: APIClient, raw: bytes, word: str) -> None:
    answer = alice.post(CHANGES, raw, content_type="application/json")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert word in answer.json()["detail"]
    assert nothing_written()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"title": 7}, ("/title", "field.type", "a text")),
        ({"title": "x" * 201}, ("/title", "field.max_length", "200")),
        ({"type": "urgent"}, ("/type", "field.invalid_choice", "urgent")),
        ({"services": "billing-service"}, ("/services", "field.type", "a list")),
        ({"services": [{"slug": "x"}]}, ("/services/0", "field.type", "a text")),
        ({"titel": "x"}, ("/titel", "field.unknown", "'title'")),
        (
            {"risk_assessment": {"answers": {"securty": True}}},
            ("/risk_assessment/answers/securty", "field.unknown", "secu"),
        ),
        (
            {"risk_assessment": {"answers": {"security": "no"}}},
            ("/risk_assessment/answers/security", "field.type", "true"),
        ),
        ({"risk_assessment": {"level": "extreme"}}, ("/risk_assessment/level", "field.invalid_choice", "extreme")),
        ({"impact": {"users": "none"}}, ("/impact/users", "field.unknown", "users")),
        ({"scheduled_time": "2026-01-17T10:00:00"}, ("/scheduled_time", "field.invalid", "offset")),
        ({"scheduled_time": "tomorrow"}, ("/scheduled_time", "field.invalid", "RFC 3339")),
        ({"scheduled_time": 1768644000}, ("/scheduled_time", "field.invalid", "RFC 3339")),
        ({"scheduled_time": {"local": "2026-01-17T10:00"}}, ("/scheduled_time", "field.local", "wall time")),
        ({"scheduled_time": {"zone": "UTC"}}, ("/scheduled_time/zone", "field.unknown", "zone")),
        ({"estimated_duration": "soon"}, ("/estimated_duration", "duration.form", "30m")),
        ({"estimated_duration": "0m"}, ("/estimated_duration", "duration.form", "longer")),
        ({"estimated_duration": "31d"}, ("/estimated_duration", "duration.form", "30 days")),
        ({"estimated_duration": 30}, ("/estimated_duration", "duration.form", "30m")),
        ({"artifacts": ["billing-service"]}, ("/artifacts/0", "artifact.form", "service:version")),
        ({"artifacts": [{"service": "billing-service"}]}, ("/artifacts/0", "field.invalid", "service:version")),
        (
            {"artifacts": [{"service": "billing-service", "version": "v1.0.0", "digest": "sha256:1"}]},
            ("/artifacts/0", "artifact.digest_form", "64 hex"),
        ),
        ({"template": ["scale"]}, ("/template", "field.type", "a text")),
        ({"parameters": [1]}, ("/parameters", "field.type", "an object")),
    ],
)
def test_create__of_a_wrong_form__400_at_its_place(
    alice: APIClient, body: dict[str, Any], changed: dict[str, Any], told: tuple[str, str, str]
) -> None:
    pointer, code, word = told
    answer = alice.post(CHANGES, {**body, **changed})
    problem = answer.json()
    assert (answer.status_code, problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (400, pointer, code)
    assert word in problem["errors"][0]["message"]
    assert nothing_written()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"services": ["billing-servce"]}, ("/services/0", "service.unknown", "Did you mean billing-service")),
        ({"services": []}, ("/services", "change.no_service", "at least one")),
        ({"environments": ["prod"]}, ("/environments/0", "environment.unknown", "dev, stg or prd")),
        ({"environments": []}, ("/environments", "change.no_environment", "at least one")),
        ({"scheduled_time": "2026-01-14T09:00:00Z"}, ("/scheduled_time", "schedule.slot_in_past", "still to come")),
        (
            {"scheduled_time": {"local": "2026-03-29T01:30", "timezone": "Europe/London"}},
            ("/scheduled_time", "time.nonexistent", "does not exist in Europe/London"),
        ),
        (
            {"scheduled_time": {"local": "2026-10-25T01:30", "timezone": "Europe/London"}},
            ("/scheduled_time", "time.ambiguous", "fold 0 for the first or 1 for the second"),
        ),
        (
            {"scheduled_time": {"local": "2026-10-25T01:30", "timezone": "Europe/Londn"}},
            ("/scheduled_time", "time.invalid", "IANA"),
        ),
        (
            {"scheduled_time": {"local": "2026-02-30T01:30", "timezone": "UTC"}},
            ("/scheduled_time", "time.invalid", "day"),
        ),
        ({"rollback_version": "2.3"}, ("/rollback_version", "version.form", "vMAJOR.MINOR.PATCH")),
        (
            {"artifacts": [{"service": "billing-service", "version": "two"}]},
            ("/artifacts/0", "version.form", "vMAJOR.MINOR.PATCH"),
        ),
        ({"artifacts": ["search-api:v1.0.0"]}, ("/artifacts/0", "artifact.other_service", "search-api")),
        ({"type": "standard"}, ("/template", "standard.template", "template")),
        ({"template": "scale"}, ("/template", "standard.template", "template")),
        (
            {"risk_assessment": {"level": "low", "answers": {"security": True}}},
            ("/risk_assessment/level", "risk.below_computed", "never lower"),
        ),
    ],
)
def test_create__against_the_standard__422_naming_the_rule(
    alice: APIClient, body: dict[str, Any], changed: dict[str, Any], told: tuple[str, str, str]
) -> None:
    pointer, code, word = told
    answer = alice.post(CHANGES, {**body, **changed})
    problem = answer.json()
    assert answer.status_code == 422, problem
    errors = {error["pointer"]: error for error in problem["errors"]}
    assert errors[pointer]["code"] == code
    assert word in errors[pointer]["message"]
    assert nothing_written()


def test_create__wall_time_that_exists_twice__taken_as_told(alice: APIClient, body: dict[str, Any]) -> None:
    wall = {"local": "2026-10-25T01:30", "timezone": "Europe/London"}
    times = [
        alice.post(CHANGES, {**body, "scheduled_time": {**wall, "fold": fold}}).json()["scheduled_time"]
        for fold in (0, 1)
    ]
    assert times == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]


def test_create__several_things_wrong__all_told_at_once(alice: APIClient, body: dict[str, Any]) -> None:
    answer = alice.post(
        CHANGES, {**body, "services": ["nope"], "environments": ["moon"], "artifacts": [], "rollback_version": "x"}
    )
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/services/0",
        "/environments/0",
        "/rollback_version",
    }


def test_create__body_over_a_mebibyte__413(alice: APIClient, body: dict[str, Any]) -> None:
    answer = alice.post(CHANGES, {**body, "description": "x" * 1024 * 1024})
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert nothing_written()


def test_create__form_data__415(alice: APIClient) -> None:
    answer = alice.post(CHANGES, {"title": "x"}, format="multipart")
    assert answer.status_code == 415


def test_create__by_somebody_without_a_role__403(client_of: Client, held: datetime, body: dict[str, Any]) -> None:
    answer = client_of("kim").post(CHANGES, body)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission.role_missing")
    assert nothing_written()


def test_create__key_for_another_service__403(client_of: Client, held: datetime, body: dict[str, Any]) -> None:
    answer = client_of("alice", services=["search-api"]).post(CHANGES, body)
    assert (answer.status_code, answer.json()["code"]) == (403, "key.service_not_covered")


@pytest.mark.parametrize("services", [["search-api"], ["billing-service", "search-api"]])
def test_create__by_a_service_account_for_another_teams_service__403(
    client_of: Client, held: datetime, body: dict[str, Any], services: list[str]
) -> None:
    answer = client_of("ci-payments").post(CHANGES, {**body, "services": services, "artifacts": []})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission.service_account")
    assert nothing_written()
    assert client_of("ci-payments").post(CHANGES, body).status_code == 201
    assert client_of("oscar").post(CHANGES, body).status_code == 201


def test_edit__against_the_standard__nothing_changes(alice: APIClient, now: datetime) -> None:
    change = story.draft(now=now)
    answer = alice.patch(
        f"{CHANGES}{change.number}/",
        {"title": "New", "services": ["nope"], "scheduled_time": "2020-01-01T00:00:00Z"},
        headers={"If-Match": '"1"'},
    )
    assert answer.status_code == 422
    stored = ChangeRequest.objects.get()
    assert (stored.title, stored.version) == (change.title, 1)
    assert not Event.objects.filter(verb="change.edited").exists()


def test_methods__that_do_not_exist__405(alice: APIClient, now: datetime) -> None:
    change = story.draft(now=now)
    for method in ("put", "delete"):
        answer = getattr(alice, method)(f"{CHANGES}{change.number}/", {})
        assert (answer.status_code, answer.json()["code"]) == (405, "request.method_not_allowed")
