"""Conditions as closures over a context: compiled once, asked for everybody. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .hashing import bucket_of, threshold_of
from .operators import OPERATORS, PERCENTAGE, PRESENCE, SEGMENTS
from .reading import LISTS, Context, getter, unit_reader

Test = Callable[[Context], bool]


def nobody(_context: Context) -> bool:
    """The test of what cannot be read."""
    return False


def share(attribute: str, salt: str, threshold: int) -> Test:
    """Whether the bucket of `attribute` is below `threshold` (0 to 10000). The test raises TargetingKeyMissing when that is the key and missing."""
    if not threshold:
        return lambda _context: False
    unit = unit_reader(attribute)

    def is_in(context: Context) -> bool:
        who = unit(context)
        return who is not None and bucket_of(salt, who) < threshold

    return is_in


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
    if holds is None:
        return None
    check = holds
    return lambda context: (got := get(context)) is not None and check(got)


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
