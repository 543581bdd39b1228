"""Flags over REST: defining, bad input with its pointers, the playground, segments, import, definitions, references."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.models import ChangeRequest
from cybercube_portal import clock
from flags.actions.facts import Count, count_usage
from flags.evaluation import Environment
from flags.models import CodeReference, Flag
from flags.selectors.flags import definitions, get_served
from tests.factories import changes as story
from tests.factories.flags import flag, served
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


def standard(key: str = "release_billing_v2", **members: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": "Billing v2",
        "description": "New billing",
        "type": key.partition("_")[0],
        "defaultValue": False,
        "rules": [],
        "rolloutPercentage": 25,
        "owner": "payments",
        "createdAt": "2026-01-10T10:00:00Z",
        "tags": ["billing"],
        **members,
    }


def pointers(answer: Any) -> dict[str, str]:
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def test_create__of_the_least__is_off_expires_in_thirty_days_and_belongs_to_the_team(client: APIClient) -> None:
    answer = client.post(API, {"key": KEY, "name": "New dashboard", "type": "release", "service": "billing-service"})
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert (shown["team"], shown["stage"], shown["value_type"], shown["safe_variant"]) == (
        "payments",
        "defined",
        "boolean",
        "off",
    )
    expiry = datetime.fromisoformat(shown["expires_at"]) - datetime.fromisoformat(shown["created_at"])
    assert expiry == timedelta(days=30)
    assert [row["enabled"] for row in shown["environments"].values()] == [False, False, False]
    assert client.post(API, {"key": KEY, "name": "Again", "type": "release"}).status_code == 409


@pytest.mark.parametrize(
    ("members", "pointer", "code"),
    [
        ({"key": "new_dashboard"}, "/key", "flag.key_form"),
        ({"key": "release_"}, "/key", "flag.key_form"),
        ({"key": "release_New"}, "/key", "flag.key_form"),
        ({"key": "ops_x"}, "/key", "flag.key_type"),
        ({"key": "ops_x", "type": "ops", "expires_at": "2027-01-01T00:00:00Z"}, "/expires_at", "flag.expiry_forbidden"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at", "flag.expiry_past"),
        ({"value_type": "string"}, "/variants", "flag.variants_number"),
        ({"value_type": "integer", "variants": [{"name": "a", "value": "1"}]}, "/variants/0/value", "flag.value_type"),
        ({"value_type": "integer", "variants": [{"name": "a", "value": True}]}, "/variants/0/value", "flag.value_type"),
        ({"value_type": "string", "variants": [{"name": "code_default", "value": "a"}]}, "/variants/0/name", "flag.variant_name"),
        ({"safe_variant": "blue"}, "/safe_variant", "flag.variant_unknown"),
        ({"service": "nobody"}, "/service", "service.unknown"),
    ],
)  # fmt: skip
def test_create__wrong__is_refused_at_its_place(
    client: APIClient, members: dict[str, Any], pointer: str, code: str
) -> None:
    body = {"key": KEY, "name": "New", "type": "release", "service": "billing-service", **members}
    answer = client.post(API, body)
    assert answer.status_code == 422, answer.content
    assert pointers(answer).get(pointer) == code
    assert Flag.objects.count() == 0


def test_create__float_flag__keeps_its_decimal_point(client: APIClient) -> None:
    body = {
        "key": "ops_rate",
        "name": "Rate",
        "type": "ops",
        "value_type": "float",
        "variants": [{"name": "one", "value": 1}],
    }
    assert client.post(API, {**body, "service": "billing-service"}).status_code == 201
    assert '"value":1.0' in client.get(f"{API}ops_rate/").content.decode()


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"rollout_percentage": 101}, "/rollout_percentage", "flag.percentage"),
    ({"default_variant": "blue"}, "/default_variant", "flag.variant_unknown"),
    ({"bucket_by": "a b"}, "/bucket_by", "flag.attribute_form"),
    ({"rules": {}}, "/rules", "flag.list"),
    ({"rules": [{}] * 101}, "/rules", "flag.too_many"),
    ({"rules": [{"variant": "on", "conditons": []}]}, "/rules/0/conditons", "flag.member_unknown"),
    ({"rules": [{"variant": "on", "conditions": [{"atribute": "a", "operator": "eq", "value": 1}]}]}, "/rules/0/conditions/0/atribute", "flag.member_unknown"),
    ({"rules": [{"conditions": []}]}, "/rules/0", "flag.rule_outcome"),
    ({"rules": [{"id": "a", "variant": "on"}, {"id": "a", "variant": "on"}]}, "/rules/1/id", "flag.rule_id"),
    ({"rules": [{"variant": "on", "conditions": [{"attribute": "a", "operator": "like", "value": 1}]}]}, "/rules/0/conditions/0/operator", "flag.operator_unknown"),
    ({"rules": [{"variant": "on", "conditions": [{"attribute": "", "operator": "eq", "value": 1}]}]}, "/rules/0/conditions/0/attribute", "flag.attribute_form"),
    ({"rules": [{"variant": "on", "conditions": [{"attribute": "a", "operator": "gt", "value": "x"}]}]}, "/rules/0/conditions/0/value", "flag.condition_value"),
    ({"rules": [{"variant": "on", "conditions": [{"attribute": "a", "operator": "in", "value": ["x"] * 10_001}]}]}, "/rules/0/conditions/0/value", "flag.list_too_long"),
    ({"rules": [{"variant": "on", "conditions": [{"operator": "segment", "value": ["nobody"]}]}]}, "/rules/0/conditions/0/value/0", "segment.unknown"),
    ({"rules": [{"split": [{"variant": "on", "weight": 0}]}]}, "/rules/0/split/0/weight", "flag.split_weight"),
    ({"rules": [{"attribute": "a", "operator": "eq", "value": 1, "result": "true"}]}, "/rules/0/variant", "flag.variant_unknown"),
    ({"prerequisites": [{"flag": "release_nobody", "variants": ["on"]}]}, "/prerequisites/0/flag", "flag.unknown"),
    ({"prerequisites": [{"flag": KEY, "variants": ["on"]}]}, "/prerequisites/0/flag", "flag.prerequisite_cycle"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "pointer", "code"), WRONG)
def test_change__wrong__is_refused_at_its_place(
    client: APIClient, known: Flag, members: dict[str, Any], pointer: str, code: str
) -> None:
    answer = client.patch(f"{API}{KEY}/environments/dev/", {"version": 1, **members})
    assert answer.status_code == 422, answer.content
    assert pointers(answer).get(pointer) == code
    assert get_served(KEY, "dev").version == 1


def test_change__prerequisites_that_lead_back_over_another__are_refused(client: APIClient, known: Flag) -> None:
    flag("release_second", now=clock.now())
    first = client.patch(
        f"{API}release_second/environments/dev/", {"version": 1, "prerequisites": [{"flag": KEY, "variants": ["on"]}]}
    )
    assert first.status_code == 200
    back = client.patch(
        f"{API}{KEY}/environments/dev/",
        {"version": 1, "prerequisites": [{"flag": "release_second", "variants": ["on"]}]},
    )
    assert pointers(back) == {"/prerequisites/0/flag": "flag.prerequisite_cycle"}


def test_change__the_standards_inline_rule__becomes_conditions_and_a_variant(client: APIClient, known: Flag) -> None:
    rule = {"attribute": "plan", "operator": "in", "value": ["pro"], "result": True}
    answer = client.patch(f"{API}{KEY}/environments/dev/", {"version": 1, "enabled": True, "rules": [rule]})
    assert answer.json()["rules"] == [
        {"id": "r1", "conditions": [{"attribute": "plan", "operator": "in", "value": ["pro"]}], "variant": "on"}
    ]


def test_change__unknown_member_or_no_version__is_refused(client: APIClient, known: Flag) -> None:
    unknown = client.patch(f"{API}{KEY}/environments/dev/", {"version": 1, "rolout_percentage": 5})
    assert unknown.status_code == 400
    assert "rollout_percentage" in unknown.content.decode()
    for wrong in ({"enabled": "yes"}, {"rollout_percentage": "many"}):
        typed = client.patch(f"{API}{KEY}/environments/dev/", {"version": 1, **wrong})
        assert (typed.status_code, pointers(typed)) == (400, {f"/{next(iter(wrong))}": "field.type"})
    assert client.patch(f"{API}{KEY}/environments/dev/", {"enabled": True}).status_code == 428
    assert client.patch(f"{API}{KEY}/environments/dev/", {"version": 9, "enabled": True}).status_code == 412
    by_tag = client.patch(f"{API}{KEY}/environments/dev/", {"enabled": True}, headers={"If-Match": '"1"'})
    assert by_tag.status_code == 200
    assert client.get(f"{API}{KEY}/environments/nowhere/").status_code == 404


def test_edit__of_variants__adds_and_never_takes_away(client: APIClient) -> None:
    now = clock.now()
    colours = ({"name": "red", "value": "r"}, {"name": "blue", "value": "b"})
    flag("experiment_colour", now=now, value_type="string", variants=colours)
    path, tag = f"{API}experiment_colour/", {"If-Match": '"1"'}
    changed = client.patch(path, {"variants": [{"name": "red", "value": "x"}, colours[1]]}, headers=tag)
    assert pointers(changed) == {"/variants": "flag.variants_are_kept"}
    added = client.patch(path, {"variants": [*colours, {"name": "green", "value": "g"}]}, headers=tag)
    assert (added.status_code, added.json()["version"]) == (200, 2)


def test_evaluate__says_every_step(client: APIClient, known: Flag) -> None:
    rule = {"conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
    served(now=clock.now(), enabled=True, rules=[rule], rollout_percentage=5)
    answer = client.post(
        f"{API}{KEY}/evaluate/", {"environment": "dev", "context": {"targetingKey": "user-1", "plan": "free"}}
    )
    shown = answer.json()
    assert (shown["value"], shown["variant"], shown["reason"]) == (False, "off", "SPLIT")
    assert [step["step"] for step in shown["trace"]] == ["enabled", "rule", "rollout", "default"]
    assert shown["trace"][1]["conditions"][0]["actual"] == "free"
    assert "5.10 %" in shown["trace"][2]["detail"]


def test_segment__read_in_production__is_not_edited(client: APIClient, known: Flag) -> None:
    group = [[{"attribute": "plan", "operator": "eq", "value": "pro"}]]
    assert client.post(f"{API}segments/", {"slug": "pro", "name": "Pro", "groups": group}).status_code == 201
    bad = client.post(
        f"{API}segments/",
        {"slug": "x", "name": "X", "groups": [[{"attribute": "a", "operator": "percentage", "value": 5}]]},
    )
    assert pointers(bad) == {"/groups/0/0/operator": "flag.operator_unknown"}
    rule = {
        "conditions": [
            {"operator": "segment", "value": ["pro"]},
            {"attribute": "targetingKey", "operator": "percentage", "value": 5},
        ],
        "variant": "on",
    }
    assert served(KEY, "prd", now=clock.now(), enabled=True, rules=[rule]).version is not None
    wider = {"groups": [[{"attribute": "plan", "operator": "exists"}]]}
    refused = client.patch(f"{API}segments/pro/", wider, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "segment.in_production")
    served(KEY, "prd", now=clock.now(), enabled=False, reason="Off")
    assert client.patch(f"{API}segments/pro/", wider, headers={"If-Match": '"1"'}).json()["version"] == 2


def test_import__into_dev__creates_updates_and_leaves_alone(client: APIClient) -> None:
    body = {
        "environment": "dev",
        "flags": [standard(), standard("ops_cache_enabled", defaultValue=True, rolloutPercentage=100)],
    }
    first = client.post(f"{API}import/", body)
    assert first.status_code == 200, first.content
    assert first.json() == {
        "created": ["release_billing_v2", "ops_cache_enabled"],
        "updated": [],
        "unchanged": [],
        "warnings": [],
        "change": None,
    }
    assert client.post(f"{API}import/", body).json()["unchanged"] == ["release_billing_v2", "ops_cache_enabled"]
    body["flags"][0]["rolloutPercentage"] = 50  # type: ignore[index]
    assert client.post(f"{API}import/", body).json()["updated"] == ["release_billing_v2"]
    environment = Environment(definitions("dev"))
    assert environment.evaluate("release_billing_v2", {"targetingKey": "user-1"}).value is True
    exported = client.get(f"{API}definitions/?environment=dev&format=standard").json()
    assert exported["left_out"] == []
    assert {row["key"]: (row["defaultValue"], row["rolloutPercentage"], row["owner"]) for row in exported["flags"]} == {
        "release_billing_v2": (False, 50, "payments"),
        "ops_cache_enabled": (True, 100, "payments"),
    }


def test_import__into_production__waits_for_one_change(client: APIClient) -> None:
    body = {
        "environment": "prd",
        "flags": [standard(), standard("ops_cache_enabled", defaultValue=True, rolloutPercentage=100)],
    }
    answer = client.post(f"{API}import/", body)
    assert answer.status_code == 202, answer.content
    change = ChangeRequest.objects.get(number=answer.json()["change"])
    assert (change.type, change.state, len(change.parameters["flags"])) == ("normal", "in_review", 2)
    assert not get_served("release_billing_v2", "prd").content["enabled"]


@pytest.mark.parametrize(
    ("members", "pointer"),
    [({"key": "billing"}, "/flags/1/key"), ({"defaultValue": [1]}, "/flags/1/defaultValue"), ({"expiresAt": "2020-01-01T00:00:00Z"}, "/flags/1/expiresAt"),
     ({"rules": [{"attribute": "a", "operator": "in", "value": 5, "result": True}]}, "/flags/1/rules/0/value")],
)  # fmt: skip
def test_import__one_wrong_flag__leaves_everything_as_it_was(
    client: APIClient, members: dict[str, Any], pointer: str
) -> None:
    answer = client.post(
        f"{API}import/", {"environment": "dev", "flags": [standard(), {**standard("release_other"), **members}]}
    )
    assert answer.status_code == 422, answer.content
    assert list(pointers(answer)) == [pointer]
    assert Flag.objects.count() == 0


def test_import__owner_nobody_knows__is_the_importers_team_with_a_warning(client: APIClient) -> None:
    warned = client.post(
        f"{API}import/", {"environment": "dev", "flags": [standard(owner="growth", rolloutPercentage=100)]}
    ).json()
    assert len(warned["warnings"]) == 2
    assert Flag.objects.get().team.slug == "payments"


def test_definitions__by_an_evaluation_key__are_those_of_its_environment(
    client: APIClient, known: Flag, key_of: Callable[..., str]
) -> None:
    key = key_of("ci-payments", environment="prd")
    reader = APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")
    answer = reader.get(f"{API}definitions/")
    assert (answer.status_code, answer.json()["environment"]) == (200, "prd")
    tag = answer.headers["ETag"]
    same = reader.get(f"{API}definitions/", headers={"If-None-Match": tag})
    assert (same.status_code, same.headers["Cache-Control"]) == (304, "private, no-cache")
    served(KEY, "prd", now=clock.now(), enabled=True, rollout_percentage=5)
    assert (
        reader.get(f"{API}definitions/", headers={"If-None-Match": tag}).json()["version"]
        == answer.json()["version"] + 1
    )
    assert reader.get(f"{API}definitions/?environment=dev").status_code == 403
    assert reader.get(API).status_code == 401
    browser = APIClient(HTTP_X_API_KEY=key_of("ci-payments", environment="prd", client=True))
    assert browser.get(f"{API}definitions/").status_code == 403


def test_definitions__for_flagd__say_what_it_can_say(client: APIClient, known: Flag) -> None:
    rule = {"conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
    served(now=clock.now(), enabled=True, rules=[rule], rollout_percentage=25)
    shown = client.get(f"{API}definitions/?environment=dev&format=flagd").json()
    written = shown["flags"][KEY]
    assert (written["state"], written["defaultVariant"], written["variants"]) == (
        "ENABLED",
        "off",
        {"on": True, "off": False},
    )
    assert written["targeting"]["if"][1] == "on"
    assert written["metadata"]["percentages"] == "same share, other users"


def test_references__of_a_repository__replace_each_other_and_name_the_unknown(client: APIClient, known: Flag) -> None:
    lines = [{"key": KEY, "path": "app.py", "line": 3}, {"key": "release_gone", "path": "app.py", "line": 9}]
    body = {"repository": "billing", "revision": "a1b2c3d", "references": lines}
    assert client.post(f"{API}references/", body).json() == {"references": 2, "unknown": ["release_gone"]}
    assert client.get(f"{API}{KEY}/").json()["stage"] == "deployed"
    assert client.post(f"{API}{KEY}/archive/", {}).json()["code"] == "flag.in_code"
    client.post(f"{API}references/", {**body, "references": lines[1:]})
    assert list(CodeReference.objects.values_list("key", flat=True)) == ["release_gone"]
    assert client.post(f"{API}{KEY}/archive/", {}).json()["stage"] == "removed"
    assert (
        client.patch(f"{API}{KEY}/environments/dev/", {"version": 1, "enabled": True}).json()["code"] == "flag.archived"
    )
    assert client.get(f"{API}definitions/?environment=dev").json()["flags"] == {}


def test_archive__of_a_flag_that_is_asked_for_or_needed__is_refused(client: APIClient, known: Flag) -> None:
    now = clock.now()
    count_usage([Count(environment="prd", key=KEY, variant="on", app="shop", count=1, at=now)])
    page = f"{API}{KEY}/archive/"
    assert client.post(page, {}).json()["code"] == "flag.in_use"
    flag("release_second", now=now)
    served("release_second", now=now, prerequisites=[{"flag": KEY, "variants": ["on"]}])
    refused = client.post(page, {"reason": "Gone"})
    assert (refused.status_code, refused.json()["code"]) == (409, "flag.needed")
    served("release_second", now=now, prerequisites=[])
    assert client.post(page, {"reason": "Gone"}).status_code == 200
