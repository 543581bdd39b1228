"""Definitions as Unleash's clients read them (`client/features`). Pure.

Buckets are the same hash, so every client of Unleash puts the same people in and out. A rule that answers on becomes a strategy, an earlier
rule that answers off an inverted constraint, a value a strategy's variant. What Unleash cannot say exactly is left out and listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from flags.evaluation import PERCENTAGE, TARGETING_KEY, text_of

USER_ID = "userId"
_OPERATORS = {
    "contains": "STR_CONTAINS",
    "starts_with": "STR_STARTS_WITH",
    "ends_with": "STR_ENDS_WITH",
    "gt": "NUM_GT",
    "gte": "NUM_GTE",
    "lt": "NUM_LT",
    "lte": "NUM_LTE",
    "semver_eq": "SEMVER_EQ",
    "semver_gt": "SEMVER_GT",
    "semver_lt": "SEMVER_LT",
}
_TYPES = {"release": "release", "ops": "kill-switch", "experiment": "experiment", "permission": "permission"}
_PAYLOADS = {"string": "string", "integer": "number", "float": "number", "json": "json"}
ALL = 100


class _Unsaid(Exception):
    """Unleash has no words for it."""


def features_of(definitions: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The answer of `client/features`, and the keys that are left out."""
    features, left_out = [], []
    for key, flag in definitions["flags"].items():
        try:
            features.append(_feature(flag, definitions["segments"]))
        except _Unsaid:
            left_out.append(key)
    return {"version": 2, "features": features}, left_out


def _feature(flag: Mapping[str, Any], segments: Mapping[str, Any]) -> dict[str, Any]:
    strategies = _strategies(flag, segments)
    return {
        "name": flag["key"],
        "type": _TYPES[flag["type"]],
        "enabled": bool(strategies),
        "stale": False,
        "impressionData": False,
        "project": flag["metadata"]["flagSetId"].partition("/")[0],
        "strategies": strategies,
        "variants": [],
    }


def _strategies(flag: Mapping[str, Any], segments: Mapping[str, Any]) -> list[dict[str, Any]]:
    is_boolean = flag["value_type"] == "boolean"
    values = {row["name"]: row["value"] for row in flag["variants"]}
    if not flag["enabled"]:
        off = flag["off_variant"]
        return [] if off is None or values[off] is False else [_strategy(flag, ALL, (), {"variant": off})]
    if flag["prerequisites"]:
        raise _Unsaid
    found, refused = _of_rules(flag, values, segments)
    if flag["rollout_percentage"]:
        if is_boolean and values[flag["rollout_variant"]] is False:
            raise _Unsaid
        outcome = {"variant": flag["rollout_variant"]}
        share = flag["rollout_percentage"]
        # All are all, whatever they do not name.
        bucket_by = flag["bucket_by"] if share < ALL else TARGETING_KEY
        found.append(_strategy(flag, share, refused, outcome, bucket_by))
    default = flag["default_variant"]
    if default is not None and values[default] is not False:
        found.append(_strategy(flag, ALL, refused, {"variant": default}))
    return found


def _of_rules(
    flag: Mapping[str, Any], values: Mapping[str, Any], segments: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A strategy for each rule that answers something, and the constraint of each that answers off before it."""
    found: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    is_boolean = flag["value_type"] == "boolean"
    for rule in flag["rules"]:
        if is_boolean and "split" in rule:
            raise _Unsaid
        if is_boolean and values[rule["variant"]] is False:
            refused.append(_inverted(rule))
        else:
            found += _rule(rule, flag, segments, refused)
    return found, refused


def _rule(
    rule: Mapping[str, Any], flag: Mapping[str, Any], segments: Mapping[str, Any], refused: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    shares = [item for item in rule["conditions"] if item["operator"] == PERCENTAGE]
    if len(shares) > 1 or any(item.get("salt") for item in shares):
        raise _Unsaid
    alternatives = []
    for item in rule["conditions"]:
        if item["operator"] == "segment":
            groups = [group for slug in item["value"] for group in segments[slug]["groups"]]
            alternatives.append([[_constraint(one) for one in group] for group in groups])
        elif item["operator"] != PERCENTAGE:
            alternatives.append([[_constraint(item)]])
    share, bucket_by = (shares[0]["value"], shares[0]["attribute"]) if shares else (ALL, TARGETING_KEY)
    if "split" in rule:
        # Unleash's variants are shared out by what their strategy is: one attribute says both who is in and who gets what.
        by = rule.get("bucket_by") or flag["bucket_by"]
        if shares and bucket_by != by:
            raise _Unsaid
        bucket_by = by
    return [
        _strategy(flag, share, [*refused, *(one for part in chosen for one in part)], rule, bucket_by)
        for chosen in product(*alternatives)
    ]


def _inverted(rule: Mapping[str, Any]) -> dict[str, Any]:
    if len(rule["conditions"]) != 1:
        raise _Unsaid
    return {**_constraint(rule["conditions"][0]), "inverted": True}


def _constraint(condition: Mapping[str, Any]) -> dict[str, Any]:
    operator, value = condition["operator"], condition.get("value")
    made = {"contextName": _name(condition.get("attribute") or ""), "inverted": False, "caseInsensitive": False}
    if operator in {"eq", "in"}:
        values = [text_of(item) for item in (value if isinstance(value, list) else [value])]
        return {**made, "operator": "IN", "values": values}
    if operator not in _OPERATORS:
        raise _Unsaid
    name = _OPERATORS[operator]
    text = text_of(value)
    if name.startswith("SEMVER") and text is not None:
        text = text.removeprefix("v")
    return (
        {**made, "operator": name, "values": [text]}
        if name.startswith("STR")
        else {**made, "operator": name, "value": text}
    )


def _name(attribute: str) -> str:
    return USER_ID if attribute == TARGETING_KEY else attribute


def _strategy(
    flag: Mapping[str, Any],
    share: float,
    constraints: Iterable[Mapping[str, Any]],
    outcome: Mapping[str, Any],
    bucket_by: str = TARGETING_KEY,
) -> dict[str, Any]:
    if share != int(share):
        raise _Unsaid
    stickiness = _name(bucket_by)
    parameters = {
        "rollout": str(int(share)),
        "stickiness": stickiness if share < ALL or bucket_by != TARGETING_KEY else "default",
        "groupId": flag["salt"],
    }
    made = {"name": "flexibleRollout", "parameters": parameters, "constraints": list(constraints)}
    if flag["value_type"] == "boolean":
        return made
    values = {row["name"]: row["value"] for row in flag["variants"]}
    parts = outcome.get("split") or [{"variant": outcome["variant"], "weight": 1000}]
    kind = _PAYLOADS[flag["value_type"]]
    variants = [
        {
            "name": part["variant"],
            "weight": part["weight"],
            "stickiness": stickiness,
            "payload": {"type": kind, "value": _payload(values[part["variant"]])},
        }
        for part in parts
    ]
    return {**made, "variants": variants}


def _payload(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
