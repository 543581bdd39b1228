"""The standard's FeatureFlag in and out, held against its own function (§7.3, §7.4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flags.evaluation import Environment
from flags.policy.standard import definition_of, standard_of
from tests.flags.oracle import get_value, is_enabled

KEY = "release_new_dashboard"
BOOLEANS, NUMBERS, STRINGS = (
    st.booleans(),
    st.integers(0, 3) | st.sampled_from([0.5, 1.0]),
    st.sampled_from(["", "a", "B b"]),
)
WORDS = st.sampled_from(["user-1", "user-2", "pro", 1, True, ""])
CONDITIONS = st.one_of(
    st.tuples(st.just("eq"), WORDS),
    st.tuples(st.just("in"), st.lists(WORDS, min_size=1, max_size=3)),
    st.tuples(st.just("contains"), st.sampled_from(["user", "1", "p"])),
    st.tuples(st.just("percentage"), st.integers(0, 100)),
)
CONTEXTS = st.fixed_dictionaries(
    {"targetingKey": st.sampled_from([f"user-{number}" for number in range(40)])},
    optional={"plan": WORDS.filter(lambda value: value != ""), "tenant.id": st.sampled_from(["t1", "t2"])},
)


@st.composite
def standard_flags(draw: st.DrawFn) -> dict[str, Any]:
    values = draw(st.sampled_from([BOOLEANS, NUMBERS, STRINGS]))
    rules = draw(
        st.lists(st.tuples(st.sampled_from(["targetingKey", "plan", "tenant.id"]), CONDITIONS, values), max_size=3)
    )
    return {
        "key": KEY,
        "defaultValue": draw(values),
        "rolloutPercentage": draw(st.sampled_from([0, 1, 25, 50, 99, 100])),
        "rules": [
            {"attribute": attribute, "operator": operator, "value": value, "result": result}
            for attribute, (operator, value), result in rules
        ],
    }


def ours(definition: dict[str, Any], context: dict[str, Any], default: Any) -> Any:
    result = Environment({"flags": {KEY: definition}}).evaluate(KEY, context)
    assert result.error == ""
    return default if result.value is None else result.value


@settings(max_examples=600)
@given(standard_flags(), st.lists(CONTEXTS, min_size=1, max_size=12))
def test_import__of_any_flag_of_the_standard__answers_as_its_own_function(
    written: dict[str, Any], contexts: list[dict[str, Any]]
) -> None:
    definition = {"key": KEY, **definition_of(written)}
    for context in contexts:
        mine = ours(definition, context, "mine")
        if definition["value_type"] == "boolean":
            assert mine is is_enabled(written, context)
        else:
            assert mine == get_value(written, context, "mine")


@settings(max_examples=600)
@given(standard_flags(), st.lists(CONTEXTS, min_size=1, max_size=12), st.booleans())
def test_export__of_an_imported_flag__answers_as_its_own_function(
    written: dict[str, Any], contexts: list[dict[str, Any]], is_enabled_here: bool
) -> None:
    definition = {"key": KEY, **definition_of(written), "enabled": is_enabled_here}
    exported = standard_of(definition)
    if exported is None:
        assert definition["off_variant"] is None or definition["rollout_percentage"] == 0
        return
    exported["key"] = KEY
    for context in contexts:
        oracle = (
            is_enabled(exported, context)
            if definition["value_type"] == "boolean"
            else get_value(exported, context, "mine")
        )
        assert ours(definition, context, "mine") == oracle


def test_export__at_a_hundred_percent__serves_the_rollout_and_not_the_old_default() -> None:
    definition = {
        "key": KEY,
        **definition_of({"defaultValue": False, "rolloutPercentage": 99, "rules": []}),
        "rollout_percentage": 100,
    }
    exported = standard_of(definition)
    assert exported == {"defaultValue": True, "rolloutPercentage": 100, "rules": []}


@pytest.mark.parametrize("results", [[True, "a"], [1, "a"], [None], [True, 1]])
def test_import__of_mixed_values__is_refused(results: list[Any]) -> None:
    rules = [{"attribute": "a", "operator": "eq", "value": 1, "result": result} for result in results]
    with pytest.raises(ValueError, match="one type"):
        definition_of({"defaultValue": results[0], "rolloutPercentage": 100, "rules": rules})
