"""The operators of a condition: §7.3's four, and what the peers offer beyond. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from .reading import LISTS, moment, number, semver, text_of

LARGEST_LIST = 10_000
Check = Callable[[Any], bool]
Build = Callable[[Any], Optional[Check]]


def _equal(value: Any) -> Check | None:
    want = text_of(value)
    return None if want is None else lambda got: got == want if got.__class__ is str else text_of(got) == want


def _among(value: Any) -> Check | None:
    if not isinstance(value, LISTS) or len(value) > LARGEST_LIST:
        return None
    words = [text_of(item) for item in value]
    want = frozenset(words)
    if not words or None in want:
        return None
    return lambda got: any(text_of(item) in want for item in got) if isinstance(got, LISTS) else text_of(got) in want


def _contains(value: Any) -> Check | None:
    want = text_of(value)
    if not want:
        return None
    return lambda got: (
        want in got if isinstance(got, str) else isinstance(got, LISTS) and any(text_of(item) == want for item in got)
    )


def _not(build: Build, *, lists: bool) -> Build:
    """The negation, for an attribute that is there and of a kind the operator understands."""

    def built(value: Any) -> Check | None:
        check = build(value)
        if check is None:
            return None
        return lambda got: (text_of(got) is not None or (lists and isinstance(got, LISTS))) and not check(got)

    return built


def _text(compare: Callable[[str, str], bool]) -> Build:
    def built(value: Any) -> Check | None:
        return (lambda got: isinstance(got, str) and compare(got, value)) if isinstance(value, str) and value else None

    return built


def _ordered(read: Callable[[Any], Any], compare: Callable[[Any, Any], bool]) -> Build:
    def built(value: Any) -> Check | None:
        want = read(value)
        if want is None or want != want:  # noqa: PLR0124 - NaN orders nothing
            return None
        return lambda got: (have := read(got)) is not None and compare(have, want)

    return built


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}
# Each builds a check of an attribute that is there, from the condition's value; None: the value is malformed.
OPERATORS: dict[str, Build] = {
    "eq": _equal,
    "neq": _not(_equal, lists=False),
    "in": _among,
    "not_in": _not(_among, lists=True),
    "contains": _contains,
    "not_contains": _not(_contains, lists=True),
    "starts_with": _text(str.startswith),
    "ends_with": _text(str.endswith),
    **{name: _ordered(number, compare) for name, compare in _COMPARE.items()},
    "semver_eq": _ordered(semver, lambda a, b: bool(a == b)),
    **{f"semver_{name}": _ordered(semver, compare) for name, compare in _COMPARE.items()},
    "before": _ordered(moment, _COMPARE["lt"]),
    "after": _ordered(moment, _COMPARE["gt"]),
}
PRESENCE, SEGMENTS, PERCENTAGE = ("exists", "not_exists"), ("segment", "not_segment"), "percentage"
