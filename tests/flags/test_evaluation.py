"""What a flag answers: the vectors, the order of steps, every operator, and that nothing a context holds makes it raise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flags import evaluation
from flags.evaluation import Environment, Result, bucket_of, hash_of, murmur3
from flags.tracing import trace

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
BOOLEAN = [{"name": "on", "value": True}, {"name": "off", "value": False}]


def flag(key: str = "release_x", **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "value_type": "boolean",
        "enabled": True,
        "variants": BOOLEAN,
        "default_variant": "off",
        "off_variant": "off",
        "rollout_percentage": None,
        "rollout_variant": "on",
        "rules": [],
        "prerequisites": [],
        **more,
    }


def rule(*conditions: tuple[str, str, Any], variant: str = "on", **more: Any) -> dict[str, Any]:
    parts = [{"attribute": name, "operator": operator, "value": value} for name, operator, value in conditions]
    return {"id": "r1", "conditions": parts, "variant": variant, **more}


def compiled(*flags: dict[str, Any], **segments: Any) -> Environment:
    return Environment({"flags": {item["key"]: item for item in flags}, "segments": segments})


def answer(item: dict[str, Any], **context: Any) -> Result:
    return compiled(item).evaluate(item["key"], context)


@pytest.mark.parametrize("row", VECTORS["buckets"])
def test_bucket__of_each_vector__is_the_published_one(row: list[Any]) -> None:
    salt, unit, full, percent, bucket, variant = row
    text = f"{salt}:{unit}"
    assert (hash_of(text), hash_of(text) % 100, bucket_of(salt, unit)) == (full, percent, bucket)
    assert hash_of(text, evaluation.VARIANT_SEED) % 1000 == variant


@pytest.mark.parametrize(("seed", "text", "expected"), VECTORS["hashes"])
def test_murmur3__in_plain_python__gives_the_published_hashes(seed: int, text: str, expected: str) -> None:
    assert f"{murmur3(text.encode(), seed):08x}" == expected


@given(st.text(), st.integers(0, 2**32 - 1))
def test_murmur3__any_text_and_seed__equals_the_fast_one(text: str, seed: int) -> None:
    assert hash_of(text, seed) == murmur3(
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode(), seed
    )


def test_rollout__raised_step_by_step__turns_nobody_off() -> None:
    people = [f"user-{number}" for number in range(10_000)]
    before: set[str] = set()
    for percentage in (0, 0.01, 1, 5, 25, 33.33, 50, 99.99, 100):
        environment = compiled(flag(rollout_percentage=percentage))
        now = {who for who in people if environment.evaluate("release_x", {"targetingKey": who}).value}
        assert before <= now
        assert abs(len(now) / 100 - percentage) < 1.5
        before = now
    assert before == set(people)


ON = True
TABLE: list[tuple[str, Any, Any, bool]] = [
    ("eq", "a", "a", ON), ("eq", "a", "A", False), ("eq", 1, "1", ON), ("eq", 1.0, 1, ON), ("eq", True, "true", ON), ("eq", "a", ["a"], False),
    ("neq", "a", "b", ON), ("neq", "a", "a", False), ("neq", "a", None, False), ("neq", "a", {"a": 1}, False),
    ("in", ["a", "b"], "b", ON), ("in", [1, 2], "2", ON), ("in", ["a"], ["x", "a"], ON), ("in", ["a"], "c", False),
    ("not_in", ["a"], "b", ON), ("not_in", ["a"], "a", False), ("not_in", ["a"], None, False), ("not_in", ["a"], ["b", "a"], False),
    ("contains", "bc", "abcd", ON), ("contains", "x", "abc", False), ("contains", "a", ["a", "b"], ON), ("contains", "a", ["ab"], False),
    ("contains", "1", 123, False), ("not_contains", "x", "abc", ON), ("not_contains", "a", ["a"], False), ("not_contains", "x", None, False),
    ("starts_with", "ab", "abc", ON), ("starts_with", "b", "abc", False), ("ends_with", "@x.org", "me@x.org", ON), ("ends_with", "x", 1, False),
    ("gt", 5, 6, ON), ("gt", 5, 5, False), ("gte", 5, 5, ON), ("lt", 5, "4.5", ON), ("lte", 5, 5.0, ON), ("gt", 5, "many", False), ("gt", 0, True, False),
    ("semver_eq", "1.2.3", "v1.2.3", ON), ("semver_gt", "1.9.0", "1.10.0", ON), ("semver_lt", "2.0.0", "2.0.0-rc.1", ON),
    ("semver_gte", "2.0.0", "2.0.0-rc.1", False), ("semver_lte", "2.0.0", "1.0", False), ("semver_lt", "1.0.0-2", "1.0.0-1", ON),
    ("before", "2026-02-01", "2026-01-31T23:59:59Z", ON), ("after", "2026-02-01T00:00:00Z", datetime(2026, 3, 1, tzinfo=UTC), ON),
    ("after", "2026-02-01", 1, False), ("before", "2026-02-01", "soon", False),
    ("exists", None, 0, ON), ("exists", None, None, False), ("not_exists", None, None, ON), ("not_exists", None, "", False),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "value", "actual", "expected"), TABLE)
def test_operator__of_the_table__matches_by_canonical_text(
    operator: str, value: Any, actual: Any, expected: bool
) -> None:
    context = {} if actual is None else {"attribute": actual}
    environment = compiled(flag(rules=[rule(("attribute", operator, value))]))
    assert environment.problems == []
    assert environment.evaluate("release_x", context).value is expected


def test_attribute__with_dots__is_the_literal_key_first_and_then_the_path() -> None:
    item = flag(rules=[rule(("user.plan", "eq", "pro"))])
    assert answer(item, **{"user.plan": "pro"}).value is True
    assert answer(item, user={"plan": "pro"}).value is True
    assert answer(item, user={"plan": "free"}, **{"user.plan": "pro"}).value is True
    assert answer(item, user="pro").value is False


def test_order__switched_off__wins_over_everything() -> None:
    item = flag(enabled=False, killed=True, rules=[rule()], rollout_percentage=100)
    result = answer(item)
    assert (result.value, result.reason, dict(result.extra)) == (False, "DISABLED", {"killed": True})


def test_order__safe_variant_on__is_what_a_killed_flag_serves() -> None:
    assert answer(flag("ops_rate_limit_strict", enabled=False, off_variant="on")).value is True
    without = answer(flag(enabled=False, off_variant=None))
    assert (without.value, without.variant, without.reason) == (None, "code_default", "DISABLED")


@pytest.mark.parametrize(("needed", "expected", "reason"), [("on", True, "STATIC"), ("off", False, "DISABLED")])
def test_prerequisite__met_or_not__decides_before_the_rules(needed: str, expected: bool, reason: str) -> None:
    first = flag("release_a", default_variant="on")
    second = flag("release_b", default_variant="on", prerequisites=[{"flag": "release_a", "variants": [needed]}])
    result = compiled(first, second).evaluate("release_b", {})
    assert (result.value, result.reason) == (expected, reason)


def test_prerequisite__that_leads_back__is_an_error_and_harms_nobody_else() -> None:
    first = flag("release_a", prerequisites=[{"flag": "release_b", "variants": ["on"]}])
    second = flag("release_b", prerequisites=[{"flag": "release_a", "variants": ["on"]}])
    environment = compiled(first, second, flag("release_c"))
    assert environment.evaluate("release_a", {}).error == "GENERAL"
    assert "lead back" in environment.evaluate("release_b", {}).detail
    assert environment.evaluate("release_c", {}).value is False


REASONS: list[tuple[dict[str, Any], str]] = [
    ({}, "STATIC"),
    ({"rollout_percentage": 0}, "STATIC"),
    ({"rollout_percentage": 100}, "STATIC"),
    ({"rollout_percentage": 5.1}, "SPLIT"),
    ({"rollout_percentage": 5}, "SPLIT"),
    ({"rules": [rule(("a", "eq", 1))]}, "DEFAULT"),
    ({"rules": [rule(("a", "eq", 1))], "rollout_percentage": 0}, "DEFAULT"),
    ({"rules": [rule(("a", "eq", 1))], "rollout_percentage": 100}, "TARGETING_MATCH"),
    ({"rules": [rule(("targetingKey", "eq", "user-1"))]}, "TARGETING_MATCH"),
    ({"rules": [rule(("targetingKey", "percentage", 5.1))]}, "SPLIT"),
    ({"rules": [rule(("targetingKey", "percentage", 5))]}, "SPLIT"),
    ({"enabled": False}, "DISABLED"),
]


@pytest.mark.parametrize(("more", "reason"), REASONS)
def test_reason__of_each_way__is_one_that_clients_know(more: dict[str, Any], reason: str) -> None:
    assert answer(flag("release_new_dashboard", **more), targetingKey="user-1").reason == reason


@pytest.mark.parametrize("key", [None, "", {}, []])
def test_percentage__without_a_targeting_key__is_an_error_of_its_own(key: object) -> None:
    assert answer(flag(rollout_percentage=50), targetingKey=key).error == "TARGETING_KEY_MISSING"
    assert answer(flag(rollout_percentage=100), targetingKey=key).value is True
    assert answer(flag(rollout_percentage=0), targetingKey=key).value is False
    assert answer(flag(rollout_percentage=50, bucket_by="tenant.id")).value is False


def test_percentage_rules__one_after_another__are_rings() -> None:
    rings = [
        rule(("targetingKey", "percentage", share), variant=name) for name, share in (("a", 1), ("b", 5), ("c", 25))
    ]
    names = [{"name": name, "value": name} for name in ("a", "b", "c", "rest")]
    item = flag(value_type="string", variants=names, rules=rings, default_variant="rest")
    environment = compiled(item)
    for number in range(2000):
        share = hash_of(f"release_x:u{number}") % 100
        expected = "a" if share < 1 else "b" if share < 5 else "c" if share < 25 else "rest"
        assert environment.evaluate("release_x", {"targetingKey": f"u{number}"}).variant == expected


def test_percentage_rules__with_salts_of_their_own__are_drawn_anew() -> None:
    rings = [rule(("targetingKey", "percentage", 50), variant="on")]
    salted = [{**rings[0], "conditions": [{**rings[0]["conditions"][0], "salt": "other"}]}]
    plain, other = compiled(flag(rules=rings)), compiled(flag(rules=salted))
    both = sum(
        all(one.evaluate("release_x", {"targetingKey": f"u{number}"}).value for one in (plain, other))
        for number in range(2000)
    )
    assert abs(both / 2000 - 0.25) < 0.04


def test_split__by_weight__follows_the_published_hash() -> None:
    item = flag(
        "experiment_checkout", rules=[rule(split=[{"variant": "on", "weight": 700}, {"variant": "off", "weight": 300}])]
    )
    environment = compiled(item)
    for number in range(500):
        expected = hash_of(f"experiment_checkout:u{number}", 86028157) % 1000 < 700
        result = environment.evaluate("experiment_checkout", {"targetingKey": f"u{number}"})
        assert (result.value, result.reason) == (expected, "SPLIT")


def test_split__by_what_the_context_does_not_name__is_no_rule_of_theirs() -> None:
    halves = [{"variant": "on", "weight": 1}, {"variant": "off", "weight": 1}]
    item = flag(rules=[rule(split=halves, bucket_by="tenant.id"), rule(("a", "exists", None), id="r2")])
    environment = compiled(item)
    nameless: list[dict[str, Any]] = [{}, {"tenant": {}}, {"tenant.id": ""}, {"tenant": {"id": None}}]
    for nobody in nameless:
        result = environment.evaluate("release_x", {**nobody, "targetingKey": "u1"})
        assert (result.variant, result.extra) == ("off", {})
        steps = trace(environment, item, {**nobody, "targetingKey": "u1", "a": 1})
        assert [(step["step"], step["matched"]) for step in steps[1:]] == [("rule", False), ("rule", True)]
    assert environment.evaluate("release_x", {"tenant": {"id": "t1"}}).extra == {"ruleId": "r1"}


def test_segment__any_group_whose_conditions_all_hold__is_in_it() -> None:
    groups = [[{"attribute": "plan", "operator": "eq", "value": "pro"}, {"attribute": "age", "operator": "gt", "value": 3}],
              [{"attribute": "staff", "operator": "eq", "value": True}]]  # fmt: skip
    inside = flag(rules=[rule(("", "segment", ["beta"]))])
    outside = flag("release_y", rules=[rule(("", "not_segment", ["beta"]))])
    environment = compiled(inside, outside, beta={"groups": groups})
    for context, member in (({"plan": "pro", "age": 4}, True), ({"plan": "pro"}, False), ({"staff": True}, True)):
        assert environment.evaluate("release_x", context).value is member
        assert environment.evaluate("release_y", context).value is not member


@pytest.mark.parametrize(
    "condition",
    [("a", "like", "x"), ("a", "in", "abc"), ("a", "in", []), ("a", "in", [{}]), ("a", "gt", "many"), ("", "eq", 1),
     ("a", "percentage", 101), ("a", "percentage", True), ("", "segment", ["nobody"]), ("a", "before", "soon"), ("a", "in", ["x"] * 10_001)],
)  # fmt: skip
def test_condition__malformed__matches_nobody_and_is_named(condition: tuple[str, str, Any]) -> None:
    environment = compiled(flag(rules=[rule(condition)]))
    assert environment.evaluate("release_x", {"a": "x", "targetingKey": "u"}).value is False
    assert len(environment.problems) == 1


@pytest.mark.parametrize(
    "more",
    [{"variants": 5}, {"default_variant": "purple"}, {"rollout_percentage": "half"}, {"rules": [3]}, {"prerequisites": [{"flag": "a", "variants": []}]},
     {"rules": [rule(split=[{"variant": "on", "weight": 0}])]}],
)  # fmt: skip
def test_definition__unreadable__is_a_parse_error_of_that_flag_alone(more: dict[str, Any]) -> None:
    environment = compiled(flag(**more), flag("release_y"))
    assert environment.evaluate("release_x", {}).error == "PARSE_ERROR"
    assert environment.evaluate("release_y", {}).value is False


def test_unknown_flag__is_not_found() -> None:
    assert compiled().evaluate("release_x", {}).error == "FLAG_NOT_FOUND"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OPERATORS = sorted([*evaluation.OPERATORS, "exists", "not_exists", "percentage", "segment", "not_segment", "none_such"])


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "a.b", "targetingKey", ""]), st.sampled_from(OPERATORS), JSON), max_size=3
    ),
    st.dictionaries(
        st.sampled_from(["a", "a.b", "targetingKey", "b"]), JSON | st.just(object()) | st.just(10**5000), max_size=4
    ),
    st.sampled_from([None, 0, 12.5, 100]),
)
def test_evaluation__of_anything_for_anybody__never_raises_and_the_trace_agrees(
    conditions: list[tuple[str, str, Any]], context: dict[str, Any], percentage: float | None
) -> None:
    item = flag(rules=[rule(*conditions)], rollout_percentage=percentage)
    environment = compiled(item, beta={"groups": [[{"attribute": "b", "operator": "exists"}]]})
    result = environment.evaluate("release_x", context)
    reasons = {"STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT"}
    assert result.reason in reasons or result.error == "TARGETING_KEY_MISSING"
    last = trace(environment, item, context)[-1]
    assert last["matched"] is True
    expected = {"rule": "on", "rollout": "on", "default": "off", "error": None}
    assert result.variant == expected[last["step"]]
