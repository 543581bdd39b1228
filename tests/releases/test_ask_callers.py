"""Whose credential may ask for what: by key, by browser, by the token of a CI platform's identity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.catalog.actions import trust_identity
from cybercube_portal.people.actions import issue_key, revoke_key
from cybercube_portal.people.actors import OPERATOR
from cybercube_portal.people.models import ApiKey, User
from tests.factories.ci_platform import AUDIENCE, REPOSITORY_ID, Platform
from tests.releases.asking import SERVICE, URL, VERSION, Ask, blocking, decisions

QUESTION = {"service": SERVICE, "version": VERSION, "environment": "prd"}
OTHERS = "caller.service_not_covered"


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize(
    ("username", "services", "covered"),
    [
        ("ci-payments", [], True),
        ("ci-payments", [SERVICE], True),
        ("ci-payments", ["search-api"], False),
        ("ci-search", [], False),
        ("ci-search", ["search-api"], False),
        ("ci-search", [SERVICE], True),
        ("oscar", [], True),
        ("oscar", ["search-api"], False),
        ("alice", [], True),
        ("kim", [], True),
    ],
)
def test_ask__by_key__covers_what_team_or_key_covers(
    ask: Ask, api: Callable[..., APIClient], username: str, services: list[str], *, covered: bool
) -> None:
    body = ask(api(username, scopes=["gate"], services=services))
    assert (OTHERS in blocking(body)) is not covered
    assert decisions().get().asked_by == username


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize("scopes", [["artifacts"], ["changes", "deployments"]])
def test_ask__a_key_without_the_scope__is_403(api: Callable[..., APIClient], scopes: list[str]) -> None:
    refused = api("ci-payments", scopes=scopes).post(URL, QUESTION)
    assert (refused.status_code, refused.json()["code"]) == (403, "key.scope_missing")
    assert not decisions().exists()


@pytest.mark.usefixtures("artifact")
def test_ask__a_key_that_is_over__is_401(held: object, key_of: Callable[..., str]) -> None:
    text = key_of("ci-payments", scopes=["gate"], expires_at=clock.now() + timedelta(hours=1))
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}", raise_request_exception=False)
    assert client.post(URL, QUESTION).status_code == 201

    with clock.fixed_at(clock.now() + timedelta(hours=1)):
        assert client.post(URL, QUESTION).status_code == 401
    revoke_key(prefix=text[4:12], actor=OPERATOR, now=clock.now())
    assert client.post(URL, QUESTION).status_code == 401


@pytest.mark.usefixtures("artifact")
def test_ask__somebody_who_left__is_401(api: Callable[..., APIClient]) -> None:
    client = api("alice", scopes=["gate"])
    User.objects.filter(username="alice").update(is_active=False)
    assert client.post(URL, QUESTION).status_code == 401


@pytest.mark.usefixtures("artifact")
def test_ask__a_person_without_any_role__is_403(api: Callable[..., APIClient]) -> None:
    client = api("alice", scopes=["gate"])
    with_no_role = User.objects.get(username="alice")
    with_no_role.grants.update(revoked_at=clock.now() - timedelta(days=1))
    assert client.post(URL, QUESTION).json()["code"] == "permission.role_missing"


@pytest.mark.usefixtures("artifact")
def test_ask__a_flag_key__opens_no_gate(cast: object) -> None:
    _, text = issue_key(username="ci-payments", actor=OPERATOR, now=clock.now(), environment="prd")
    ApiKey.objects.update(scopes=["gate"])
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}", raise_request_exception=False)
    assert client.post(URL, QUESTION).status_code == 401


@pytest.mark.usefixtures("artifact")
def test_ask__by_a_browser__is_asked_by_the_person(browser_session: Callable[[str], Client]) -> None:
    asked = browser_session("carol").post(URL, QUESTION, "application/json")
    assert asked.json()["decision"] == "deny"
    assert (decisions().get().asked_by, decisions().get().key_prefix) == ("carol", "")


@pytest.mark.usefixtures("artifact")
def test_ask__a_key__has_its_last_use_noted_once_a_minute(ci: APIClient) -> None:
    ci.post(URL, QUESTION)
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    with clock.fixed_at(first + timedelta(seconds=59)):
        ci.post(URL, QUESTION)
    assert ApiKey.objects.get().last_used_at == first
    with clock.fixed_at(first + timedelta(seconds=60)):
        ci.post(URL, QUESTION)
    assert ApiKey.objects.get().last_used_at == first + timedelta(seconds=60)


@pytest.mark.usefixtures("artifact")
def test_decision__seen_by__persons_its_asker_and_keys_that_name_the_service(
    ask: Ask, api: Callable[..., APIClient]
) -> None:
    url = f"{URL}{ask()['id']}/"
    assert api("oscar", scopes=["gate"]).get(url).status_code == 200
    assert api("ci-payments", scopes=["gate"]).get(url).status_code == 200
    assert api("ci-search", scopes=["gate"], services=[SERVICE]).get(url).status_code == 200
    assert api("ci-search", scopes=["gate"]).get(url).status_code == 404
    assert api("ci-payments", scopes=["artifacts"]).get(url).status_code == 403
    assert Client().get(url).status_code == 401


@pytest.mark.usefixtures("_shop")
def test_ask__by_a_platforms_token__is_bound_to_the_run_the_platform_vouches_for(
    httpserver: HTTPServer, settings: Settings
) -> None:
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    platform = Platform(httpserver)
    trust_identity(
        name="billing-main",
        issuer=platform.issuer,
        audience=AUDIENCE,
        claims={"repository_id": REPOSITORY_ID, "environment": "prd"},
        account="ci-payments",
        services=[SERVICE],
        scopes=["gate"],
        actor=OPERATOR,
        now=clock.now(),
    )
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {platform.token()}", raise_request_exception=False)
    claimed = {"provider": "github", "id": "99", "attempt": 1, "url": ""}

    asked = client.post(URL, {**QUESTION, "run": claimed})

    assert asked.status_code == 201
    kept = decisions().get()
    assert (kept.asked_by, kept.key_prefix) == ("ci-payments", "oidc:billing-main")
    assert (kept.run["id"], kept.run["attempt"]) == ("10001", "2")
    assert OTHERS in blocking(client.post(URL, {**QUESTION, "service": "search-api"}).json())


@pytest.mark.usefixtures("artifact")
def test_ask__more_often_than_the_budget__is_429_and_keeps_nothing_more(
    api: Callable[..., APIClient], settings: Settings
) -> None:
    settings.RATES = {**settings.RATES, "gate": 1}
    client = api("ci-payments", scopes=["gate"])
    answers = [client.post(URL, QUESTION) for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["code"] == "request.too_many"
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert decisions().count() == len(answers) - len(refused)
