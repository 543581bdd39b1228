"""Flags over REST as pipelines, clients and people misuse it: caches, limits, and members that are no members."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.catalog.models import Service
from flags.models import CodeReference, Flag
from flags.ofrep.streams import DAY
from flags.selectors.flags import get_served
from tests.factories import changes as story
from tests.factories.flags import flag
from tests.factories.people import Cast

KEY = "release_new_dashboard"
API = "/api/v1/flags/"


@pytest.fixture
def client(cast: Cast, api: Callable[..., APIClient]) -> APIClient:
    story.service()
    return api("alice", scopes=["flags"])


@pytest.fixture
def known(client: APIClient) -> Flag:
    return flag(now=clock.now())


def pointers(answer: Any) -> dict[str, str]:
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def test_definitions__with_another_address_of_the_stream__are_another_answer(
    known: Flag, key_of: Callable[..., str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STREAM_URL = "https://streams.example.com"
    reader = APIClient(HTTP_X_API_KEY=key_of("ci-payments", environment="prd"))

    def on(day: int) -> None:
        monkeypatch.setattr("flags.ofrep.streams.time", SimpleNamespace(time=lambda: day * DAY))

    on(20000)
    first = reader.get(f"{API}definitions/")
    kept = {"If-None-Match": first.headers["ETag"]}
    assert reader.get(f"{API}definitions/", headers=kept).status_code == 304
    on(20001)
    after = reader.get(f"{API}definitions/", headers=kept)
    assert after.status_code == 200
    assert after.json()["stream"] != first.json()["stream"]


def test_kill__is_counted_against_no_budget(client: APIClient, known: Flag, settings: Settings) -> None:
    settings.RATES = {**settings.RATES, "api": 100}
    assert "RateLimit" in client.get(f"{API}{KEY}/").headers
    answer = client.post(f"{API}{KEY}/kill/", {"environment": "prd", "reason": "Errors"})
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers


def a_rule(**members: Any) -> dict[str, Any]:
    return {"rules": [{"variant": "on", "conditions": [{"attribute": "a", "operator": "eq", "value": 1, **members}]}]}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"rollout_percentage": 33.333}, "/rollout_percentage", "flag.percentage"),
    (a_rule(operator="percentage", value=0.001), "/rules/0/conditions/0/value", "flag.percentage"),
    (a_rule(operator="percentage", value=5, salt=None), "/rules/0/conditions/0/salt", "flag.salt"),
    (a_rule(operator="percentage", value=5, salt=7), "/rules/0/conditions/0/salt", "flag.salt"),
    (a_rule(value="x" * 1001), "/rules/0/conditions/0/value", "flag.value_too_long"),
    (a_rule(operator="in", value=["x" * 1001]), "/rules/0/conditions/0/value", "flag.value_too_long"),
    (a_rule(operator="segment", value=[{}]), "/rules/0/conditions/0/value/0", "segment.unknown"),
    (a_rule(operator="segment", value=["pro"] * 101), "/rules/0/conditions/0/value", "flag.segments"),
]


@pytest.mark.parametrize(("members", "pointer", "code"), WRONG)
def test_change__wrong_in_a_strange_way__is_refused_at_its_place(
    client: APIClient, known: Flag, members: dict[str, Any], pointer: str, code: str
) -> None:
    answer = client.patch(f"{API}{KEY}/environments/dev/", {"version": 1, **members})
    assert answer.status_code == 422, answer.content
    assert pointers(answer).get(pointer) == code


def test_change__to_hundredths_of_a_percent__is_taken(client: APIClient, known: Flag) -> None:
    for version, share in enumerate((0.01, 0.07, 0.29, 57.99, 99.99), start=1):
        answer = client.patch(f"{API}{KEY}/environments/dev/", {"version": version, "rollout_percentage": share})
        assert answer.status_code == 200, answer.content


def test_write__what_is_out_of_reach__is_said_at_its_place(client: APIClient, known: Flag) -> None:
    line = {"key": KEY, "path": "app.py", "line": 3_000_000_000}
    far = client.post(f"{API}references/", {"repository": "billing", "revision": "a1", "references": [line]})
    assert (far.status_code, pointers(far)) == (400, {"/references/0/line": "field.max_value"})
    body = {"key": "release_x", "name": "X", "type": "release", "team": "nobody"}
    assert pointers(client.post(API, body)) == {"/team": "team.unknown"}
    edited = client.patch(f"{API}{KEY}/", {"team": "nobody"}, headers={"If-Match": '"1"'})
    assert pointers(edited) == {"/team": "team.unknown"}


def test_references__of_another_branch__are_judged_and_not_kept(client: APIClient, known: Flag) -> None:
    line = {"key": KEY, "path": "app.py", "line": 3}
    body = {"repository": "billing", "revision": "a1", "references": [line]}
    client.post(f"{API}references/", {**body, "branch": "main"})
    gone = {**body, "references": [{**line, "key": "release_gone"}], "branch": "chore/remove-dashboard"}
    assert client.post(f"{API}references/", gone).json() == {"references": 0, "unknown": ["release_gone"]}
    assert list(CodeReference.objects.values_list("key", "revision")) == [(KEY, "a1")]


STANDARD = {"key": KEY, "name": KEY, "description": "", "type": "release", "defaultValue": False, "rules": []}
STANDARD |= {"rolloutPercentage": 25, "owner": "payments"}


def test_import__a_flag_twice_or_of_another_type__is_refused_at_its_place(client: APIClient, known: Flag) -> None:
    for second in (STANDARD, {**STANDARD, "rolloutPercentage": 50}):
        twice = client.post(f"{API}import/", {"environment": "dev", "flags": [STANDARD, second]})
        assert (twice.status_code, pointers(twice)) == (422, {"/flags/1/key": "flag.twice"})
    other = client.post(f"{API}import/", {"environment": "dev", "flags": [{**STANDARD, "type": "ops"}]})
    assert pointers(other) == {"/flags/0/key": "flag.key_type"}


def test_import__whose_flag_is_described_otherwise__says_what_stays(client: APIClient, known: Flag) -> None:
    written = {**STANDARD, "name": "Another", "owner": "search", "tags": ["new"]}
    answer = client.post(f"{API}import/", {"environment": "dev", "flags": [written]}).json()
    assert answer["updated"] == [KEY]
    assert [warning.partition(" are ")[0] for warning in answer["warnings"]] == [f"{KEY}: name, owner, tags"]


def test_import__under_a_freeze__raises_nothing(client: APIClient, known: Flag) -> None:
    now = clock.now()
    story.freeze(now=now, starts_at=now, ends_at=now + timedelta(days=1))
    body = {"environment": "dev", "flags": [STANDARD]}
    refused = client.post(f"{API}import/", body)
    assert (refused.status_code, get_served(KEY, "dev").content["enabled"]) == (409, False)


def test_archive__of_what_browsers_fetch__needs_somebody_who_looked_into_the_code(client: APIClient) -> None:
    flag(now=clock.now(), client_visible=True)
    blocked = client.post(f"{API}{KEY}/archive/", {})
    assert (blocked.status_code, blocked.json()["code"]) == (409, "flag.in_browsers")
    client.post(f"{API}references/", {"repository": "shop", "revision": "a1", "references": []})
    assert client.post(f"{API}{KEY}/archive/", {}).status_code == 200


def test_service__of_another_team__is_put_over_no_flag(client: APIClient, known: Flag) -> None:
    story.service("search-api", team="search")
    flag("release_mine", now=clock.now(), owner="alice")
    for key in (KEY, "release_mine"):
        moved = client.patch(f"{API}{key}/", {"service": "search-api"}, headers={"If-Match": '"1"'})
        assert moved.status_code == 403, moved.content
    body = {"key": "release_x", "name": "X", "type": "release", "team": "payments", "service": "search-api"}
    assert client.post(API, body).status_code == 403
    story.service("checkout-api")
    assert client.patch(f"{API}{KEY}/", {"service": "checkout-api"}, headers={"If-Match": '"1"'}).status_code == 200


def test_cleanup__of_code__is_ticked_by_a_scan_of_the_services_own_repository(client: APIClient, known: Flag) -> None:
    def is_clean(repository: str) -> bool:
        client.post(f"{API}references/", {"repository": repository, "revision": "a1", "references": []})
        items = {item["code"]: item["outcome"] for item in client.get(f"{API}{KEY}/").json()["cleanup"]}
        return bool(items["flag.code_is_clean"] == "pass")

    Service.objects.update(repository="https://git.example.com/payments/billing-service.git")
    assert [is_clean(name) for name in ("shop", "service", "search/billing-service")] == [False] * 3
    assert is_clean("payments/billing-service")
