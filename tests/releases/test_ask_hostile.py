"""What strangers send: each gets a problem that names the rule, and nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.releases.asking import FORECAST, SERVICE, URL, VERSION, decisions

QUESTION = {"service": SERVICE, "version": VERSION, "environment": "prd"}


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not decisions().exists()
    body: dict[str, Any] = response.json()
    return body


def pointers(body: dict[str, Any]) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in body["errors"]}


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 400),
        (b"[]", 400),
        (b'"x"', 400),
        (b"\xff\xfe", 400),
        (b'{"service": NaN}', 400),
        (b'{"service": "a", "service": "b"}', 400),
        (b'{"service": "\\u0000", "version": "v1.0.0", "environment": "prd"}', 400),
        (b'{"service": "\\ud800", "version": "v1.0.0", "environment": "prd"}', 400),
        (b"[" * 100_000, 400),
        (b'{"service": ' + b"9" * 5000 + b"}", 400),
        (b" " * (1024 * 1024) + b"{}", 413),
    ],
)
def test_ask__a_body_that_cannot_be_read__is_refused(ci: APIClient, body: bytes, status: int) -> None:
    problem(ci.post(URL, body, content_type="application/json"), status)


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_ask__another_media_type__is_415(ci: APIClient, kind: str) -> None:
    assert problem(ci.generic("POST", URL, json.dumps(QUESTION), content_type=kind), 415)["code"] == (
        "request.unsupported_media_type"
    )


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"service": 7}, ("/service", "field.type")),
        ({"service": None}, ("/service", "field.null")),
        ({"service": ""}, ("/service", "field.blank")),
        ({"service": "x" * 65}, ("/service", "field.max_length")),
        ({"version": ["v1.0.0"]}, ("/version", "field.type")),
        ({"environment": {}}, ("/environment", "field.type")),
        ({"action": "destroy"}, ("/action", "field.invalid_choice")),
        ({"digest": "sha256:xyz"}, ("/digest", "field.invalid")),
        ({"digest": "sha256:" + "A" * 64}, ("/digest", "field.invalid")),
        ({"dry_run": "yes"}, ("/dry_run", "field.type")),
        ({"dry_run": True, "at": "tomorrow"}, ("/at", "field.invalid")),
        ({"dry_run": True, "at": "2026-01-17T10:00:00"}, ("/at", "field.invalid")),
        ({"run": "17"}, ("/run", "field.invalid")),
        ({"run": {"provider": "github"}}, ("/run/id", "field.required")),
        ({"run": {"provider": "github", "id": "1", "attempt": 0}}, ("/run/attempt", "field.min_value")),
        ({"run": {"provider": "github", "id": "1", "job": "x"}}, ("/run/job", "field.unknown")),
        ({"template": "anything"}, ("/template", "field.invalid_choice")),
        ({"reasons": []}, ("/reasons", "field.unknown")),
    ],
)
def test_ask__a_member_of_another_shape__is_named(
    ci: APIClient, members: dict[str, Any], found: tuple[str, str]
) -> None:
    assert found in pointers(problem(ci.post(URL, {**QUESTION, **members}), 400))


@pytest.mark.usefixtures("artifact")
def test_ask__a_mistyped_member__hears_the_nearest_name(ci: APIClient) -> None:
    body = problem(ci.post(URL, {**QUESTION, "enviroment": "prd"}), 400)
    assert "'environment'" in body["errors"][0]["message"]


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"version": "banana"}, ("/version", "version.malformed")),
        ({"version": "v2.3"}, ("/version", "version.malformed")),
        ({"at": "2026-01-17T10:00:00Z"}, ("/at", "gate.at_without_dry_run")),
        ({"template": "routine-deployment", "change": "CR-1"}, ("/template", "gate.change_and_template")),
    ],
)
def test_ask__well_formed_but_against_a_rule__is_422(
    ci: APIClient, members: dict[str, Any], found: tuple[str, str]
) -> None:
    assert pointers(problem(ci.post(URL, {**QUESTION, **members}), 422)) == {found}


@pytest.mark.usefixtures("artifact")
def test_ask__to_deploy_nothing__is_422(ci: APIClient) -> None:
    body = problem(ci.post(URL, {"service": SERVICE, "environment": "prd"}), 422)
    assert pointers(body) == {("/version", "version.missing")}


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize("query", ["strict=maybe", "stict=1", "strict=1&dry_run=1"])
def test_ask__a_parameter_nobody_knows__is_refused_rather_than_ignored(ci: APIClient, query: str) -> None:
    problem(ci.post(f"{URL}?{query}", QUESTION), 400)


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize("key", ["", " ", "ä", "x" * 256, "a b"])
def test_ask__an_idempotency_key_of_a_wrong_form__is_refused(ci: APIClient, key: str) -> None:
    body = problem(ci.post(URL, QUESTION, headers={"Idempotency-Key": key}), 400)
    assert body["code"] == "idempotency.key_malformed"


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize(
    "members",
    [
        {"to": "2020-01-01T00:00:00Z"},
        {"from": "2027-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"},
        {"to": "2030-01-01T00:00:00Z"},
    ],
)
def test_forecast__a_range_that_means_nothing__is_422(ci: APIClient, members: dict[str, str]) -> None:
    assert pointers(problem(ci.post(FORECAST, {**QUESTION, **members}), 422)) == {("/to", "gate.forecast_range")}


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize(
    "credential",
    [
        "",
        "Bearer",
        "Bearer ccp_",
        "Bearer ccp_abcdefgh_" + "A" * 32 + "00000000",
        "Bearer ccp_abcdefgh_" + "A" * 32 + "5a7d4d8e",
        "Basic YWxpY2U6c2VjcmV0",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ],
)
def test_ask__without_a_good_credential__is_401(credential: str) -> None:
    body = problem(Client().post(URL, QUESTION, "application/json", headers={"Authorization": credential}), 401)
    assert body["status"] == 401


@pytest.mark.usefixtures("artifact")
def test_ask__by_a_browser__needs_its_csrf_token(browser_session: Callable[[str], Client]) -> None:
    session = browser_session("alice")
    session.handler.enforce_csrf_checks = True
    assert problem(session.post(URL, QUESTION, "application/json"), 403)["code"] == "csrf.failed"
    session.cookies["csrftoken"] = "c" * 32
    asked = session.post(URL, QUESTION, "application/json", headers={"X-CSRFToken": "c" * 32})
    assert (asked.status_code, asked.json()["decision"]) == (201, "deny")
