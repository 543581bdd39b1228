"""What a context holds, read so that a wrong kind of value is no value: scalars, numbers, versions, moments, attributes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from math import isfinite
from typing import Any

TARGETING_KEY = "targetingKey"
LISTS = (list, tuple, set, frozenset)

Context = Mapping[str, Any]
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?")
_SEMVER = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,100}))?(?:\+[0-9A-Za-z.-]{1,100})?")


class TargetingKeyMissing(Exception):
    """A percentage was reached and the context names nobody."""


def text_of(value: Any) -> str | None:
    """The canonical text by which scalars are compared (1 = "1" = 1.0, true = "true"); None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        if isinstance(value, float) and isfinite(value):
            return str(int(value)) if value.is_integer() else repr(value)
        return str(value) if isinstance(value, int) else None
    except ValueError:  # an integer of more digits than Python prints
        return None


def number(value: Any) -> float | None:
    """A number, or text that is one; None for anything else."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def semver(value: Any) -> tuple[Any, ...] | None:
    """A version as what orders it (semver.org 11); None for anything else."""
    found = _SEMVER.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    parts = (found[4] or "").split(".")
    before = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts) if found[4] else ()
    return (*(int(found[place]) for place in (1, 2, 3)), not before, before)


def moment(value: Any) -> float | None:
    """Seconds since 1970 of a number, of ISO 8601 text (UTC where no zone is named) or of a datetime; None for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if abs(value) < 1e15 else None
    try:
        moment = (
            datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith(("Z", "z")) else value)
            if isinstance(value, str)
            else value
        )
        if not isinstance(moment, datetime):
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


def getter(attribute: str) -> Callable[[Context], Any]:
    """Reads an attribute: the literal key first, then the nested path; None when there is none."""
    if "." not in attribute:
        return lambda context: context.get(attribute)
    parts = attribute.split(".")

    def get(context: Context) -> Any:
        found: Any = context.get(attribute)
        if found is None:
            found = context
            for part in parts:
                found = found.get(part) if isinstance(found, Mapping) else None
        return found

    return get


def unit_reader(attribute: str) -> Callable[[Context], str | None]:
    """Reads who is bucketed; None when that attribute is missing. Raises TargetingKeyMissing when it is the key."""
    get, is_key = getter(attribute), attribute == TARGETING_KEY

    def unit(context: Context) -> str | None:
        found = text_of(get(context))
        if not found and is_key:
            raise TargetingKeyMissing
        return found or None

    return unit
