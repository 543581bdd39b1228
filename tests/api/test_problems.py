from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import Settings
from rest_framework.test import APIClient

from cybercube_portal.errors import refuse
from cybercube_portal.people.models import Team
from cybercube_portal.urls import handler400, handler403, handler404, handler500  # noqa: F401 - Django reads them here
from tests.factories.people import Cast, TeamFactory

GRANTS = "/api/v1/grants/"
GOOD = {"username": "alice", "role": "ops"}


@login_not_required
def fault(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of ours")


@login_not_required
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.POST["text"])


def twice(_request: HttpRequest) -> HttpResponse:
    Team.objects.create(slug="twice")
    return HttpResponse()


@login_not_required
def refused(_request: HttpRequest) -> HttpResponse:
    raise refuse("freeze.covers_window", "§6.5", "A freeze is on.", "Ask for an exception.")


urlpatterns = [
    path("form/", form),
    path("refused/", refused),
    path("integrations/refused/", refused),
    path("api/twice/", twice),
    path("fault/", fault),
    path("api/fault/", fault),
    path("", include("cybercube_portal.urls")),
]


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The body, once it is seen to be a whole problem of `status` and `code`."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    body: dict[str, Any] = json.loads(answer.content)
    assert answer.status_code == status, body
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"urn:cybercube:problem:{code}"
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["instance"] == answer.request["PATH_INFO"]
    assert body["title"]
    assert body["detail"]
    return body


@pytest.fixture
def admin(browser_session: Callable[[str], Client]) -> Client:
    return browser_session("admin")


def post(client: Client, body: bytes | str) -> Any:
    return client.post(GRANTS, data=body, content_type="application/json")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1,]",
        b"{'username': 'alice'}",
        b'{"username": "alice", "username": "bob", "role": "ops"}',
        b'{"username": NaN}',
        b'{"username": -Infinity}',
        b'{"username": "\xff"}',
        '{"username": "alice"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"username": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"username": ' + b"9" * 5000 + b"}",
    ],
)
def test_request__body_is_no_clean_json__refused(admin: Client, body: bytes) -> None:
    problem(post(admin, body), 400, "request.malformed")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ('"a\\u0000b"', "json.unstorable_text"),
        ('"\\ud800"', "json.unstorable_text"),
        ('{"a\\u0000b": 1}', "json.unstorable_text"),
        ("9223372036854775808", "json.number_too_large"),
        ("-1e999", "json.number_too_large"),
    ],
)
def test_request__value_cannot_be_stored__refused_with_pointer(admin: Client, value: str, code: str) -> None:
    body = problem(post(admin, f'{{"username": "alice", "role": "ops", "reason": {value}}}'), 400, "request.malformed")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [("/reason", code)]


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"username": 7}, "/username", "field.type"),
        ({"username": True}, "/username", "field.type"),
        ({"username": ["alice"]}, "/username", "field.type"),
        ({"username": None}, "/username", "field.null"),
        ({"role": "emperor"}, "/role", "field.invalid_choice"),
        ({"reason": "x" * 301}, "/reason", "field.max_length"),
        ({"ends_at": "2026-01-17"}, "/ends_at", "field.invalid"),
        ({"ends_at": "2026-01-17T10:00:00"}, "/ends_at", "field.invalid"),
        ({"ends_at": "2026-13-17T10:00:00Z"}, "/ends_at", "field.invalid"),
        ({"ends_at": "0001-01-01T00:00:00+14:00"}, "/ends_at", "time.out_of_reach"),
        ({"ends_at": 1768644000}, "/ends_at", "field.type"),
        ({"a/b~c": 1}, "/a~1b~0c", "field.unknown"),
    ],
)
def test_request__not_of_the_documented_form__refused_with_pointer(
    admin: Client, changed: dict[str, Any], pointer: str, code: str
) -> None:
    answer = admin.post(GRANTS, data={**GOOD, **changed}, content_type="application/json")
    errors = problem(answer, 400, "request.malformed")["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [(pointer, code)]


def test_request__misspelt_name__answer_names_the_nearest(admin: Client) -> None:
    body = problem(
        admin.post(GRANTS, data={"usrname": "alice", "role": "ops"}, content_type="application/json"),
        400,
        "request.malformed",
    )
    messages = {error["pointer"]: error["message"] for error in body["errors"]}
    assert messages.keys() == {"/usrname", "/username"}
    assert "'username'" in messages["/usrname"]


@pytest.mark.parametrize("body", ["[]", "7", '"text"', "null"])
def test_request__not_an_object__refused(admin: Client, body: str) -> None:
    problem(post(admin, body), 400, "request.malformed")


def test_request__well_formed_but_against_the_rules__422_with_pointer(admin: Client) -> None:
    answer = admin.post(GRANTS, data={**GOOD, "team": "nowhere"}, content_type="application/json")
    errors = problem(answer, 422, "request.invalid")["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/team", "team.unknown")]


def test_request__body_over_one_mebibyte__413(admin: Client) -> None:
    problem(post(admin, b'{"reason": "' + b"x" * 1024 * 1024 + b'"}'), 413, "request.too_large")


def test_request__form_over_one_mebibyte_on_a_page__413_as_html(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    answer = Client().post("/form/", data={"text": "x" * 1024 * 1024})
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_request__not_json__415(admin: Client, kind: str) -> None:
    problem(admin.post(GRANTS, data="username=alice", content_type=kind), 415, "request.unsupported_media_type")


def test_request__accept_matches_nothing__406(admin: Client) -> None:
    problem(admin.get(GRANTS, headers={"Accept": "image/png"}), 406, "request.not_acceptable")


@pytest.mark.django_db
def test_request__no_credential__401() -> None:
    answer = Client().get(GRANTS)
    problem(answer, 401, "authentication.required")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="cybercube"'


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["Bearer", "Bearer nonsense", "Bearer ccp_aaaaaaaa_" + "a" * 40, "bearer \xff"])
def test_request__unknown_key__401(sent: str) -> None:
    problem(Client().get(GRANTS, headers={"Authorization": sent}), 401, "authentication.failed")


def test_request__session_without_csrf_token__403(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.admin, backend="cybercube_portal.people.authentication.PersonBackend")
    problem(client.post(GRANTS, data=GOOD, content_type="application/json"), 403, "csrf.failed")


def test_request__page_form_without_csrf_token__403_as_html_that_says_what_to_do(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    answer = Client(enforce_csrf_checks=True).post("/form/", {"text": "x"})
    assert answer.status_code == 403
    assert "load it again" in answer.content.decode()


@pytest.mark.django_db
def test_request__unknown_address__404() -> None:
    problem(Client().get("/api/v1/nowhere/"), 404, "request.not_found")


def test_request__unknown_page__404_as_html_with_request_id() -> None:
    answer = Client().get("/nowhere/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["X-Request-ID"] in answer.content.decode()


@pytest.mark.parametrize("method", ["DELETE", "PUT", "OPTIONS", "TRACE", "BREW"])
def test_request__method_not_taken__405_with_allow(admin: Client, method: str) -> None:
    answer = admin.generic(method, GRANTS)
    problem(answer, 405, "request.method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_request__method_not_taken_by_a_plain_view__405_with_allow() -> None:
    answer = Client().post("/health/live")
    problem(answer, 405, "request.method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_request__host_not_ours__400(admin: Client) -> None:
    problem(admin.get(GRANTS, headers={"Host": "elsewhere.example"}), 400, "request.malformed")


@pytest.mark.parametrize("address", ["/api/v1/keys/%00/revoke/", "/api/v1/grants/99999999999999999999/revoke/"])
def test_request__address_with_hostile_parts__refused_without_a_fault(admin: Client, address: str) -> None:
    answer = admin.post(address, data={}, content_type="application/json")
    assert answer.status_code in {400, 404}
    problem(answer, answer.status_code, answer.json()["code"])


def test_request__query_with_nul__400(admin: Client) -> None:
    problem(admin.get(GRANTS, {"username": "a\0b"}), 400, "request.malformed")


def test_request__unknown_parameter__refused_with_the_nearest(admin: Client) -> None:
    body = problem(admin.get(GRANTS, {"usernam": "alice"}), 400, "request.malformed")
    assert body["errors"][0]["pointer"] == "/usernam"
    assert "'username'" in body["errors"][0]["message"]


def test_request__rule_refuses__409_with_all_reasons(admin: Client) -> None:
    answer = admin.post(GRANTS, data={"username": "admin", "role": "ops"}, content_type="application/json")
    body = problem(answer, 409, "grant.own")
    assert [reason["code"] for reason in body["reasons"]] == ["grant.own"]
    assert body["reasons"][0].keys() == {"code", "outcome", "section", "message", "remedy", "who", "details"}


def test_request__person_may_not__403_with_the_reason(browser_session: Callable[[str], Client]) -> None:
    answer = browser_session("alice").post(GRANTS, data=GOOD, content_type="application/json")
    body = problem(answer, 403, "permission.role_missing")
    assert body["reasons"][0]["who"] == ["Admin"]


@pytest.mark.parametrize(("address", "kind"), [("/fault/", "text/html"), ("/api/fault/", "application/problem+json")])
def test_request__fault_of_ours__500_tells_nothing_but_the_request_id(
    settings: Settings, address: str, kind: str
) -> None:
    settings.ROOT_URLCONF = __name__
    answer = Client(raise_request_exception=False).get(address)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.headers["X-Request-ID"] in answer.content.decode()
    assert "a fault of ours" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_request__database_goes_away__503_with_retry_after(api: Callable[..., APIClient]) -> None:
    client = api("alice")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    try:
        answer = client.get("/api/v1/me/")
    finally:
        connection.close()
    problem(answer, 503, "database.unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/api/v1/me/").status_code == 200


def test_request__plain_view_refuses__problem_for_programs_and_page_for_people(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    body = problem(Client().get("/integrations/refused/"), 409, "freeze.covers_window")
    assert [reason["remedy"] for reason in body["reasons"]] == ["Ask for an exception."]
    page = Client().get("/refused/")
    assert page.status_code == 409
    assert page.headers["Content-Type"].startswith("text/html")
    assert "A freeze is on." in page.content.decode()
    assert "Ask for an exception." in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_request__same_row_written_by_another_at_the_same_moment__409(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    TeamFactory.create(slug="twice")
    problem(Client().post("/api/twice/"), 409, "request.conflict")
