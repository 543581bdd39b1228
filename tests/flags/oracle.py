"""The standard's own isEnabled and getValue (§7.4), word for word in Python, with the hash and the matching it leaves open."""

from __future__ import annotations

from typing import Any

from flags.evaluation import hash_of

UNKNOWN = object()


def canonical(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def matches_rule(key: str, rule: dict[str, Any], context: dict[str, Any]) -> bool:
    actual = context.get(rule["attribute"])
    if actual is None:
        return False
    match rule["operator"]:
        case "eq":
            return canonical(actual) == canonical(rule["value"])
        case "in":
            return canonical(actual) in [canonical(item) for item in rule["value"]]
        case "contains":
            return isinstance(actual, str) and canonical(rule["value"]) in actual
        case "percentage":
            return hash_of(f"{key}:{canonical(actual)}") % 100 < int(rule["value"])
    raise AssertionError(rule)


def is_enabled(flag: dict[str, Any], context: dict[str, Any]) -> Any:
    for rule in flag["rules"]:
        if matches_rule(flag["key"], rule, context):
            return rule["result"]
    if flag["rolloutPercentage"] < 100:
        return hash_of(f"{flag['key']}:{context['targetingKey']}") % 100 < flag["rolloutPercentage"]
    return flag["defaultValue"]


def get_value(flag: dict[str, Any], context: dict[str, Any], default: Any) -> Any:
    """ "Similar evaluation logic", by the reading of flags.md: a rollout below 100 serves the default value or the caller's."""
    for rule in flag["rules"]:
        if matches_rule(flag["key"], rule, context):
            return rule["result"]
    if flag["rolloutPercentage"] < 100:
        share = hash_of(f"{flag['key']}:{context['targetingKey']}") % 100
        return flag["defaultValue"] if share < flag["rolloutPercentage"] else default
    return default if flag["defaultValue"] is None else flag["defaultValue"]
