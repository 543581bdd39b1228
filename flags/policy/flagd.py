"""Definitions as flagd reads them (its JSON file format). Pure.

Percentages keep their share, not their people: flagd hashes in another way. What JSONLogic cannot say is left out and listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flags.evaluation import TARGETING_KEY, text_of

_NUMBERS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_VERSIONS = {"semver_eq": "=", "semver_gt": ">", "semver_gte": ">=", "semver_lt": "<", "semver_lte": "<="}
NOTE = "same share, other users"
EVERYBODY = 100


class _Unsaid(Exception):
    """JSONLogic has no words for it."""


def flagd_of(definitions: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The file's content, and the keys that are left out."""
    flags, left_out = {}, []
    for key, flag in definitions["flags"].items():
        try:
            flags[key] = _flag(flag, definitions["segments"])
        except _Unsaid:
            left_out.append(key)
    metadata = {"flagSetId": definitions["environment"], "version": str(definitions["version"])}
    return {"$schema": "https://flagd.dev/schema/v0/flags.json", "metadata": metadata, "flags": flags}, left_out


def _flag(flag: Mapping[str, Any], segments: Mapping[str, Any]) -> dict[str, Any]:
    variants = {row["name"]: row["value"] for row in flag["variants"]}
    metadata = dict(flag["metadata"])
    if not flag["enabled"]:
        off = flag["off_variant"]
        state = {"state": "DISABLED"} if off is None else {"state": "ENABLED", "defaultVariant": off}
        return {**state, "variants": variants, "metadata": metadata}
    if flag["prerequisites"]:
        raise _Unsaid
    steps = _steps(flag, segments)
    written: dict[str, Any] = {"state": "ENABLED", "variants": variants, "metadata": metadata}
    if flag["default_variant"] is not None:
        written["defaultVariant"] = flag["default_variant"]
    if steps:
        written["targeting"] = {"if": [*steps, flag["default_variant"]]}
        if "fractional" in str(written["targeting"]):
            metadata["percentages"] = NOTE
    return written


def _steps(flag: Mapping[str, Any], segments: Mapping[str, Any]) -> list[Any]:
    """Rules and rollout as pairs: when, and what then."""
    steps: list[Any] = []
    for rule in flag["rules"]:
        conditions = [_condition(item, flag, segments) for item in rule["conditions"]]
        if "split" in rule:
            conditions += _named(rule.get("bucket_by") or flag["bucket_by"])
        steps += [_all(conditions), _outcome(rule, flag)]
    percentage = flag["rollout_percentage"]
    if percentage:
        share = {"attribute": flag["bucket_by"], "value": percentage}
        steps += [True if percentage >= EVERYBODY else _share(share, flag), flag["rollout_variant"]]
    return steps


def _all(conditions: list[Any]) -> Any:  # noqa: ANN401 - JSONLogic
    return True if not conditions else conditions[0] if len(conditions) == 1 else {"and": conditions}


def _outcome(rule: Mapping[str, Any], flag: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSONLogic
    if "split" not in rule:
        return rule["variant"]
    parts = [[part["variant"], part["weight"]] for part in rule["split"]]
    return {"fractional": [_unit(rule.get("bucket_by") or flag["bucket_by"], flag, "split"), *parts]}


def _unit(attribute: str, flag: Mapping[str, Any], salt: str) -> dict[str, Any]:
    return {"cat": [f"{flag['salt']}:{salt}:", {"var": attribute}]}


def _named(attribute: str) -> list[Any]:
    """Who names no tenant is in no share of tenants: flagd would put all of them into one bucket. The key is everybody's."""
    return [] if attribute == TARGETING_KEY else [{"!==": [{"var": attribute}, None]}]


def _share(condition: Mapping[str, Any], flag: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSONLogic
    hit = round(condition["value"] * 100)
    attribute = condition.get("attribute") or TARGETING_KEY
    unit = _unit(attribute, flag, condition.get("salt", ""))
    is_in = {"==": [{"fractional": [unit, ["hit", hit], ["miss", 10_000 - hit]]}, "hit"]}
    return _all([*_named(attribute), is_in])


def _condition(condition: Mapping[str, Any], flag: Mapping[str, Any], segments: Mapping[str, Any]) -> Any:  # noqa: ANN401
    operator = condition["operator"]
    value: Any = condition.get("value")
    if operator in {"segment", "not_segment"}:
        alternatives = [
            _all([_condition(item, flag, segments) for item in group])
            for slug in value
            for group in segments[slug]["groups"]
        ]
        return {"or": alternatives} if operator == "segment" else {"!": [{"or": alternatives}]}
    if operator == "percentage":
        return _share(condition, flag)
    found = {"var": condition["attribute"]}
    # Strictly: 0 and "" are there. A comparison with what is not there holds nowhere, whatever JavaScript makes of null.
    is_there = {"!==": [found, None]}
    if operator in {"exists", "not_exists"}:
        return is_there if operator == "exists" else {"===": [found, None]}
    if operator in {"in", "not_in"}:
        among = _among(found, value)
        return {"and": [is_there, among if operator == "in" else {"!": [among]}]}
    said = {
        "eq": _is(found, text_of(value)),
        "neq": {"!": [_is(found, text_of(value))]},
        "contains": {"in": [value, found]},
        "not_contains": {"!": [{"in": [value, found]}]},
        "starts_with": {"starts_with": [found, value]},
        "ends_with": {"ends_with": [found, value]},
        **{name: {sign: [found, value]} for name, sign in _NUMBERS.items()},
        **{name: {"sem_ver": [found, sign, value]} for name, sign in _VERSIONS.items()},
    }
    if operator not in said:
        raise _Unsaid
    return {"and": [is_there, said[operator]]}


def _is(found: Any, text: str | None) -> dict[str, Any]:  # noqa: ANN401 - JSONLogic
    """By text, as ours does; what text true and false have differs between flagd's evaluators."""
    by_text = {"===": [{"cat": [found]}, text]}
    return {"or": [{"===": [found, text == "true"]}, by_text]} if text in {"true", "false"} else by_text


def _among(found: Mapping[str, Any], values: Any) -> dict[str, Any]:  # noqa: ANN401 - a list, as it was judged
    """A list attribute is among them when any of its members is."""
    texts = [text_of(value) for value in values]
    booleans = [_is(found, text) for text in texts if text in {"true", "false"}]
    member = {"in": [{"cat": [{"var": ""}]}, texts]}
    return {"or": [{"in": [{"cat": [found]}, texts]}, {"some": [found, member]}, *booleans]}
