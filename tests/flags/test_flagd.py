"""Our export as flagd reads it: the evaluator that flagd's own provider runs in process, over the file that `format=flagd` gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from rest_framework.test import APIClient

from cybercube_portal import clock
from flags.evaluation import Environment
from flags.policy.flagd import flagd_of
from flags.selectors.flags import definitions
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast
from tests.flags.test_evaluation import TABLE, compiled, rule
from tests.flags.test_evaluation import flag as definition

# Where JSONLogic reads otherwise: a list is the text of its only member, an object is another text, true is 1, half a version is filled up.
OTHERWISE: list[tuple[str, Any, Any]] = [
    ("eq", "a", ["a"]),
    ("neq", "a", {"a": 1}),
    ("gt", 0, True),
    ("semver_lte", "2.0.0", "1.0"),
]
UNSAID = ("before", "after")


def read(written: dict[str, Any]) -> FlagdCore:
    core = FlagdCore()
    core.set_flags(json.dumps(written))
    return core


def answer(core: FlagdCore, key: str, who: str, **attributes: Any) -> Any:
    return core.resolve_boolean_value(key, False, EvaluationContext(who, attributes)).value


@pytest.mark.parametrize(("operator", "value", "actual", "expected"), TABLE)
@pytest.mark.parametrize("attribute", ["plan", "user.plan"])
def test_condition__as_flagd_reads_it__answers_as_ours(
    operator: str, value: Any, actual: Any, expected: bool, attribute: str
) -> None:
    item = {
        **definition(rules=[rule((attribute, operator, value))]),
        "salt": "release_x",
        "bucket_by": "targetingKey",
        "metadata": {},
    }
    written, left_out = flagd_of({"environment": "dev", "version": 1, "flags": {"release_x": item}, "segments": {}})
    if operator in UNSAID:
        assert left_out == ["release_x"]
        return
    context = {} if actual is None else {"plan": actual} if attribute == "plan" else {"user": {"plan": actual}}
    assert compiled(item).evaluate("release_x", context).value is expected
    theirs = answer(read(written), "release_x", "user-1", **context)
    assert theirs is (expected if (operator, value, actual) not in OTHERWISE else not expected)


def written_of(**more: Any) -> dict[str, Any]:
    item = {**definition(**more), "salt": "release_x", "metadata": {}}
    item.setdefault("bucket_by", "targetingKey")
    written, _ = flagd_of({"environment": "dev", "version": 1, "flags": {"release_x": item}, "segments": {}})
    return written


def test_share__of_what_a_context_does_not_name__is_nobodys() -> None:
    share = rule(("tenant", "percentage", 99), variant="on")
    halves = rule(split=[{"variant": "on", "weight": 999_999}, {"variant": "off", "weight": 1}], bucket_by="tenant")
    for more in ({"rules": [share]}, {"rules": [halves]}, {"rollout_percentage": 99, "bucket_by": "tenant"}):
        core = read(written_of(**more))
        for salt in range(3):
            assert answer(core, "release_x", f"user-{salt}") is False, more
        assert sum(answer(core, "release_x", "user-1", tenant=f"t{number}") for number in range(50)) > 40, more


def test_rollout__to_everybody__is_shared_out_by_nothing() -> None:
    written = written_of(rollout_percentage=100, bucket_by="tenant")
    assert answer(read(written), "release_x", "user-1") is True
    assert "percentages" not in written["flags"]["release_x"]["metadata"]


def test_export__of_an_environment__serves_the_same_variants_and_the_same_shares(
    cast: Cast, api: Callable[..., APIClient]
) -> None:
    story.service()
    now = clock.now()
    group = {"slug": "beta", "name": "Beta", "groups": [[{"attribute": "plan", "operator": "eq", "value": "beta"}]]}
    client = api("alice", scopes=["flags"])
    assert client.post("/api/v1/flags/segments/", group).status_code == 201
    for key in ("release_rules", "release_share", "release_off", "ops_kept"):
        flag(key, now=now, **({"safe_variant": "on"} if key == "ops_kept" else {}))
    beta = {"conditions": [{"operator": "segment", "value": ["beta"]}], "variant": "on"}
    none = {"conditions": [{"attribute": "country", "operator": "not_in", "value": ["DE", "AT"]}], "variant": "off"}
    served("release_rules", now=now, enabled=True, rules=[beta, none], default_variant="on")
    served("release_share", now=now, enabled=True, rollout_percentage=25)

    answered = client.get("/api/v1/flags/definitions/?environment=dev&format=flagd").json()
    theirs, ours = read(answered), Environment(definitions("dev"))
    for context in ({}, {"plan": "beta"}, {"country": "DE"}, {"country": "FR"}, {"plan": "beta", "country": "FR"}):
        for key in ("release_rules", "release_off", "ops_kept"):
            mine = ours.evaluate(key, {"targetingKey": "user-1", **context}).value
            assert answer(theirs, key, "user-1", **context) is mine, (key, context)
    share = sum(answer(theirs, "release_share", f"user-{number}") for number in range(2000)) / 2000
    assert abs(share - 0.25) < 0.03
    assert answered["flags"]["release_share"]["metadata"]["percentages"] == "same share, other users"
