"""Conditions as closures over a context: compiled once, asked for everybody. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .hashing import bucket_of, fast_hash, threshold_of
from .operators import OPERATORS, PERCENTAGE, PRESENCE, SEGMENTS, Check
from .reading import LISTS, Context, getter, text_of, unit_reader

Test = Callable[[Context], bool]


def nobody(_context: Context) -> bool:
    """The test of what cannot be read."""
    return False


def share(attribute: str, salt: str, threshold: int) -> Test:
    """Whether the bucket of `attribute` is below `threshold` (0 to 10000). The test raises TargetingKeyMissing when that is the key and missing."""
    if not threshold:
        return nobody
    unit = unit_reader(attribute)

    def is_in(context: Context) -> bool:
        who = unit(context)
        return who is not None and bucket_of(salt, who) < threshold

    return _quick_share(attribute, salt, threshold, is_in) if "." not in attribute else is_in


def _quick_share(attribute: str, salt: str, threshold: int, is_in: Test) -> Test:
    """The same in one call where the attribute is a text, as it nearly always is."""
    hash_of, prefix = fast_hash, f"{salt}:"
    if hash_of is None:
        return is_in

    def is_in_quickly(context: Context) -> bool:
        who = context.get(attribute)
        if who.__class__ is not str or not who:
            return is_in(context)
        try:
            h = hash_of(prefix + who, 0, False)
        except UnicodeEncodeError:
            return is_in(context)
        return h % 100 * 100 + h // 100 % 100 < threshold

    return is_in_quickly


def condition_test(condition: Mapping[str, Any], salt: str, segments: Mapping[str, Test]) -> Test | None:
    """The test of one condition; None when it is malformed or names an operator or segment nobody knows."""
    operator, value, attribute = condition.get("operator"), condition.get("value"), condition.get("attribute")
    if operator in SEGMENTS:
        return _segment_test(value, segments, wanted=operator == "segment")
    if not isinstance(attribute, str) or not attribute or not isinstance(operator, str):
        return None
    if operator == PERCENTAGE:
        threshold = threshold_of(value)
        return None if threshold is None else share(attribute, str(condition.get("salt") or salt), threshold)
    get = getter(attribute)
    if operator in PRESENCE:
        wanted = operator == "exists"
        return lambda context: (get(context) is not None) is wanted
    holds = OPERATORS[operator](value) if operator in OPERATORS else None
    return None if holds is None else _attribute_test(operator, attribute, value, holds)


def _attribute_test(operator: str, attribute: str, value: Any, check: Check) -> Test:
    """For an attribute that is there; the most frequent condition in one call where it is a text."""
    if operator != "eq" or "." in attribute:
        get = getter(attribute)
        return lambda context: (got := get(context)) is not None and check(got)
    want = text_of(value)

    def test(context: Context) -> bool:
        got = context.get(attribute)
        return got == want if got.__class__ is str else got is not None and check(got)

    return test


def _segment_test(value: Any, segments: Mapping[str, Test], *, wanted: bool) -> Test | None:
    names = value if isinstance(value, LISTS) else [value]
    tests = [segments[name] for name in names if isinstance(name, str) and name in segments]
    if len(tests) != len(names) or not tests:
        return None
    return lambda context: any(test(context) for test in tests) is wanted


def all_of(tests: Iterable[Test]) -> Test:
    """True when every test is; nothing to ask is true."""
    kept = tuple(tests)
    if len(kept) == 1:
        return kept[0]
    return lambda context: all(test(context) for test in kept)
