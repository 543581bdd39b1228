"""The values a flag can answer: named, of one type, never changed once written. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cybercube_portal.errors import FieldError
from flags.evaluation import CODE_DEFAULT
from flags.policy.naming import ValueType

MOST_VARIANTS = 50
LONGEST_VALUE = 10_000
LARGEST_INTEGER = 2**53 - 1  # what JavaScript reads exactly
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
BOOLEAN: tuple[dict[str, Any], ...] = ({"name": "on", "value": True}, {"name": "off", "value": False})

Variants = Sequence[Mapping[str, Any]]


def settled(value: object, value_type: str) -> Any:  # noqa: ANN401 - any of the value types
    """The value as it is stored: a float keeps its decimal point, or clients take 1 for an integer."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return float(str(value)) if value_type == ValueType.FLOAT and is_number else value


def fits(value: object, value_type: str) -> bool:
    """Whether `value` is of the type."""
    match value_type:
        case ValueType.BOOLEAN:
            return isinstance(value, bool)
        case ValueType.STRING:
            return isinstance(value, str) and len(value) <= LONGEST_VALUE
        case ValueType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER
        case ValueType.FLOAT:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, dict) and len(json.dumps(value)) <= LONGEST_VALUE


def variant_errors(variants: Variants, value_type: str) -> Iterable[FieldError]:
    """What is wrong with the list, each at its place."""
    if value_type == ValueType.BOOLEAN and {row["name"]: row["value"] for row in variants} != {
        "on": True,
        "off": False,
    }:
        yield FieldError(
            "/variants", "flag.variants_boolean", "A boolean flag has the variants on (true) and off (false)."
        )
        return
    if not variants or len(variants) > MOST_VARIANTS:
        yield FieldError("/variants", "flag.variants_number", f"A flag has 1 to {MOST_VARIANTS} variants.")
    seen: set[str] = set()
    for place, row in enumerate(variants):
        if not NAME.fullmatch(row["name"]) or row["name"] == CODE_DEFAULT:
            message = "A variant's name is small letters, digits, - and _, at most 50."
            yield FieldError(f"/variants/{place}/name", "flag.variant_name", message)
        if row["name"] in seen:
            yield FieldError(f"/variants/{place}/name", "flag.variant_twice", f"{row['name']} is there twice.")
        seen.add(row["name"])
        if not fits(row["value"], value_type):
            message = f"The value is not of the flag's type, {value_type}."
            yield FieldError(f"/variants/{place}/value", "flag.value_type", message)


def added_only(before: Variants, after: Variants) -> bool:
    """Whether every variant there was is still there with its value: rules everywhere speak of them."""
    kept = {row["name"]: row["value"] for row in after}
    return all(row["name"] in kept and _same(kept[row["name"]], row["value"]) for row in before)


def named_by_value(variants: Variants, value: object, value_type: str) -> str | None:
    """The variant that has `value`: for the standard's rules, which write the value itself."""
    wanted = settled(value, value_type)
    return next((str(row["name"]) for row in variants if _same(row["value"], wanted)), None)


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
