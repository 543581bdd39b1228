"""Conditions of rules and segments as they are written: judged before they are stored, so that nothing is left to fail at run time (§7.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from cybercube_portal.errors import FieldError
from flags.evaluation import LARGEST_LIST, OPERATORS, PERCENTAGE, PRESENCE, SEGMENTS, threshold_of

CONDITION_FIELDS = ("attribute", "operator", "value", "salt")
ALL_OPERATORS = (*OPERATORS, *PRESENCE, *SEGMENTS, PERCENTAGE)
ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
LONGEST_TEXT, MOST_SEGMENTS = 1000, 100
FINEST = 1e-6  # of a bucket: as floats, 0.07 * 100 is not quite 7
NEEDS: dict[str, str] = {
    **dict.fromkeys(("in", "not_in"), "a list of texts, numbers, true or false"),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), "a number"),
    **{name: "a version such as 1.4.2" for name in OPERATORS if name.startswith("semver_")},
    **dict.fromkeys(("before", "after"), "a moment such as 2026-01-17T10:00:00Z"),
    **dict.fromkeys(("contains", "not_contains", "starts_with", "ends_with"), "a text that is not empty"),
}


def condition_errors(pointer: str, condition: Any, *, segments: frozenset[str] | None) -> list[FieldError]:  # noqa: ANN401
    """What is wrong with one condition. `segments` None: inside a segment, where neither segments nor percentages belong."""
    if not isinstance(condition, dict):
        return [FieldError(pointer, "flag.condition_form", "A condition is {attribute, operator, value}.")]
    errors = [
        member_unknown(f"{pointer}/{name}", name, CONDITION_FIELDS)
        for name in condition
        if name not in CONDITION_FIELDS
    ]
    operator, value = condition.get("operator"), condition.get("value")
    allowed = ALL_OPERATORS if segments is not None else (*OPERATORS, *PRESENCE)
    if operator not in allowed:
        near = get_close_matches(str(operator), allowed, n=1)
        hint = f" Did you mean {near[0]}?" if near else f" There are {', '.join(allowed)}."
        return [*errors, FieldError(f"{pointer}/operator", "flag.operator_unknown", f"No such operator.{hint}")]
    if operator in SEGMENTS:
        return errors + list(_segments(f"{pointer}/value", value, segments or frozenset()))
    errors += attribute_errors(f"{pointer}/attribute", condition.get("attribute"))
    errors += _salt(f"{pointer}/salt", condition)
    return errors + list(_value(f"{pointer}/value", str(operator), value))


def _value(pointer: str, operator: str, value: Any) -> Iterable[FieldError]:  # noqa: ANN401 - any JSON
    items = value if isinstance(value, list) else [value]
    if operator == PERCENTAGE and not is_share(value):
        yield FieldError(pointer, "flag.percentage", "A percentage is 0 to 100, in steps of 0.01.")
    elif len(items) > LARGEST_LIST:
        yield FieldError(pointer, "flag.list_too_long", f"A list has at most {LARGEST_LIST} values.")
    elif any(isinstance(item, str) and len(item) > LONGEST_TEXT for item in items):
        yield FieldError(pointer, "flag.value_too_long", f"A value has at most {LONGEST_TEXT} characters.")
    elif operator in OPERATORS and OPERATORS[operator](value) is None:
        needs = NEEDS.get(operator, "a text, a number, true or false")
        yield FieldError(pointer, "flag.condition_value", f"{operator} needs {needs}.")


def _salt(pointer: str, condition: Mapping[str, Any]) -> Iterable[FieldError]:
    salt = condition.get("salt")
    is_one = condition["operator"] == PERCENTAGE and isinstance(salt, str) and IDENTIFIER.fullmatch(salt)
    if "salt" in condition and not is_one:
        yield FieldError(pointer, "flag.salt", "Only a percentage has a salt: letters, digits, - and _.")


def _segments(pointer: str, value: Any, known: frozenset[str]) -> Iterable[FieldError]:  # noqa: ANN401 - any JSON
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_SEGMENTS:
        yield FieldError(pointer, "flag.segments", f"Name the segments as a list, {MOST_SEGMENTS} at most.")
        return
    for place, name in enumerate(value):
        if not isinstance(name, str) or name not in known:
            yield FieldError(f"{pointer}/{place}", "segment.unknown", f"There is no segment {name!s:.60}.")


def attribute_errors(pointer: str, name: Any) -> Iterable[FieldError]:  # noqa: ANN401 - any JSON
    """What is wrong with an attribute's name."""
    if not isinstance(name, str) or not ATTRIBUTE.fullmatch(name):
        message = "An attribute is named by letters, digits, _ . and -, such as tenant.id; at most 100."
        yield FieldError(pointer, "flag.attribute_form", message)


def is_share(percentage: object) -> bool:
    """Whether it is 0 to 100 in the steps of 0.01 that buckets can tell apart."""
    threshold = threshold_of(percentage)
    return threshold is not None and abs(float(str(percentage)) * 100 - threshold) < FINEST


def member_unknown(pointer: str, name: str, known: Iterable[str]) -> FieldError:
    """A member that nobody reads, with the nearest one that somebody does."""
    near = get_close_matches(name, list(known), n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return FieldError(pointer, "flag.member_unknown", f"There is no {name} here.{hint}")
