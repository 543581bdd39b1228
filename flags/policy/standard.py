"""The standard's own JSON (§7.3) in and out: FeatureFlag <-> definition of a flag in one environment. Pure.

Readings (design/flags.md section 2): at 100 % there is no rollout and the default is served as it is; below 100 % a boolean flag is on
for the share and off for the rest, any other serves its default value to the share and leaves the rest to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flags.evaluation import text_of

STANDARD_OPERATORS = ("eq", "in", "contains", "percentage")
EVERYBODY = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


def value_type_of(values: Iterable[object]) -> str | None:
    """boolean, integer, float or string when every value is of that type; None for a mixture or anything else."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    if kinds and kinds <= {int, float}:
        return "float"
    return "string" if kinds == {str} else None


def definition_of(flag: Mapping[str, Any]) -> dict[str, Any]:
    """The standard's flag as our definition: value_type, variants, and what one environment serves.

    Raises ValueError when its values are not of one type.
    """
    values = [flag["defaultValue"], *(rule["result"] for rule in flag["rules"])]
    value_type = value_type_of(values)
    if value_type is None:
        raise ValueError("defaultValue and every result have one type: boolean, string or number.")
    variants = _variants(values, value_type)
    by_value = {(type(variant["value"]), variant["value"]): variant["name"] for variant in variants}

    def name(value: float | str) -> str:
        settled = float(value) if value_type == "float" else value
        return str(by_value[(type(settled), settled)])

    default, percentage = name(flag["defaultValue"]), flag["rolloutPercentage"]
    is_boolean, is_partial = value_type == "boolean", percentage < EVERYBODY
    rollout = "on" if is_boolean else default
    return {
        "value_type": value_type,
        "variants": variants,
        "enabled": True,
        "default_variant": default if not is_partial else "off" if is_boolean else None,
        "off_variant": "off" if is_boolean else None,
        "rollout_percentage": percentage if is_partial else None,
        "rollout_variant": rollout if is_partial else None,
        "rules": [
            {
                "id": f"r{place}",
                "conditions": [{"attribute": rule["attribute"], "operator": rule["operator"], "value": rule["value"]}],
                "variant": name(rule["result"]),
            }
            for place, rule in enumerate(flag["rules"], start=1)
        ],
    }


def _variants(values: Iterable[Any], value_type: str) -> list[dict[str, Any]]:
    if value_type == "boolean":
        return [{"name": "on", "value": True}, {"name": "off", "value": False}]
    variants: list[dict[str, Any]] = []
    taken: set[str] = set()
    for value in dict.fromkeys(float(value) if value_type == "float" else value for value in values):
        text = (text_of(value) or "").lower()
        name = text if _NAME.fullmatch(text) and text not in taken else f"value-{len(variants) + 1}"
        taken.add(name)
        variants.append({"name": name, "value": value})
    return variants


def standard_of(flag: Mapping[str, Any]) -> dict[str, Any] | None:
    """Our definition as the standard's flag, without its metadata; None when §7.3 cannot say it.

    The standard's function over the answer gives what `evaluation` gives over the definition.
    """
    values = {variant["name"]: variant["value"] for variant in flag["variants"]}
    if not flag["enabled"]:
        off = flag["off_variant"]
        return None if off is None else {"defaultValue": values[off], "rules": [], "rolloutPercentage": EVERYBODY}
    rest = _rest(flag, values)
    if rest is None or flag.get("prerequisites") or flag.get("bucket_by", "targetingKey") != "targetingKey":
        return None
    rules = [_rule(rule, values) for rule in flag["rules"]]
    if any(rule is None for rule in rules) or flag.get("salt", flag["key"]) != flag["key"]:
        return None
    return {**rest, "rules": rules}


def _rest(flag: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Rollout and default as defaultValue and rolloutPercentage."""
    percentage, default = flag["rollout_percentage"], flag["default_variant"]
    if percentage is None or percentage == 0:
        if default is None:
            return None
        return {"defaultValue": values[default], "rolloutPercentage": EVERYBODY}
    rolled = values[flag["rollout_variant"]]
    if percentage == EVERYBODY:
        return {"defaultValue": rolled, "rolloutPercentage": EVERYBODY}
    says_the_same = default is not None and values[default] is False if rolled is True else default is None
    if not says_the_same or percentage != int(percentage):
        return None
    return {"defaultValue": False if rolled is True else rolled, "rolloutPercentage": int(percentage)}


def _rule(rule: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any] | None:
    if len(rule["conditions"]) != 1 or rule.get("variant") is None:
        return None
    (condition,) = rule["conditions"]
    if condition["operator"] not in STANDARD_OPERATORS or condition.get("salt"):
        return None
    if condition["operator"] == "percentage" and condition["value"] != int(condition["value"]):
        return None
    kept = {key: condition[key] for key in ("attribute", "operator", "value")}
    return {**kept, "result": values[rule["variant"]]}
