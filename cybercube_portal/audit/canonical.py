"""One way to write a value down, so that a hash means the same to everybody: RFC 8785 (JCS) over I-JSON. Pure.

`portable` turns what an action hands over into plain JSON values, or refuses what another language would read
differently. `canonical` writes them: object keys in UTF-16 order, no blanks, shortest number that reads back the same,
only the escapes that JSON demands, UTF-8. Times are UTC with six decimals: `2026-01-17T14:05:00.000000Z`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from typing import Any
from uuid import UUID

SAFE_INTEGER = 2**53 - 1
FIRST_SURROGATE, LAST_SURROGATE = "\ud800", "\udfff"
# ECMAScript writes numbers plainly from 1e-7 (exclusive) to 1e21 (exclusive).
PLAIN_FROM, PLAIN_TO = -6, 21


@singledispatch
def portable(value: object) -> Any:  # noqa: ANN401 - JSON is recursive
    """Plain JSON for `value`. Raises ValueError for what I-JSON (RFC 7493) or PostgreSQL cannot keep."""
    raise ValueError(f"a {type(value).__name__} cannot be recorded")


@portable.register(type(None))
@portable.register(bool)
def _itself(value: bool | None) -> bool | None:  # noqa: FBT001 - it is the value
    return value


@portable.register
def _number(value: int | float) -> int | float:
    # PostgreSQL gives a large whole double back as an integer.
    if not math.isfinite(value) or abs(value) > SAFE_INTEGER:
        raise ValueError(f"the number {value} is not within 2^53 - 1")
    return value


@portable.register
def _text(value: str) -> str:
    text = str.__str__(value)
    if "\0" in text or any(FIRST_SURROGATE <= letter <= LAST_SURROGATE for letter in text):
        raise ValueError("NUL and lone surrogates cannot be recorded")
    return text


@portable.register
def _choice(value: Enum) -> Any:  # noqa: ANN401 - an enum holds anything
    return portable(value.value)


@portable.register
def moment(value: datetime) -> str:
    """An aware time in UTC, always with six decimals. Raises ValueError for a naive one."""
    if value.tzinfo is None:
        raise ValueError("a time needs its offset")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@portable.register
def _day(value: date) -> str:
    return value.isoformat()


@portable.register
def _seconds(value: timedelta) -> float:
    return value.total_seconds()


@portable.register(Decimal)
@portable.register(UUID)
def _written(value: object) -> str:
    return str(value)


@portable.register(Mapping)
def _object(value: Mapping[object, object]) -> dict[str, Any]:
    return {_text(str(key)): portable(inner) for key, inner in value.items()}


@portable.register(list)
@portable.register(tuple)
def _array(value: Iterable[object]) -> list[Any]:
    return [portable(inner) for inner in value]


@portable.register(set)
@portable.register(frozenset)
def _sorted(value: Iterable[object]) -> list[Any]:
    return sorted(_array(value), key=canonical)


def canonical(value: object) -> bytes:
    """RFC 8785 over a portable value."""
    return _write(value).encode("utf-8")


def _write(value: object) -> str:
    match value:
        case dict():
            members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
            return "{" + ",".join(f"{_quote(key)}:{_write(inner)}" for key, inner in members) + "}"
        case list():
            return "[" + ",".join(_write(inner) for inner in value) + "]"
        case str():
            return _quote(value)
        case float():
            return number(value)
    return json.dumps(value)


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def number(value: float) -> str:
    """A finite double as ECMAScript writes it."""
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    figures = "".join(map(str, digits))
    point = len(figures) + int(exponent)
    minus = "-" if sign else ""
    if not PLAIN_FROM < point <= PLAIN_TO:
        fraction = f".{figures[1:]}" if figures[1:] else ""
        return f"{minus}{figures[0]}{fraction}e{point - 1:+d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{figures}"
    whole = figures[:point].ljust(point, "0")
    return f"{minus}{whole}.{figures[point:]}" if figures[point:] else f"{minus}{whole}"
