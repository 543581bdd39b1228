"""One way to write a value down (RFC 8785), the same in the portal and in the verifier that shares no code with it."""

from __future__ import annotations

import json
import struct
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybercube_portal.audit.canonical import SAFE_INTEGER, canonical, number, portable

# Appendix B of RFC 8785: the double by its bits, and how ECMAScript writes it.
RFC_8785_NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


class Colour(StrEnum):
    RED = "red"


class Size(Enum):
    LARGE = 3


@pytest.mark.parametrize(("bits", "written"), RFC_8785_NUMBERS)
def test_write_number__double__as_the_standard_prints_it(bits: str, written: str, verifier: ModuleType) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert number(value) == written
    assert verifier.canonical(value).decode() == written


def test_canonical__keys_and_escapes__as_the_standard_sorts_and_writes_them() -> None:
    value = {
        "€": "Euro",
        "\r": "CR",
        "\ufb33": "Dalet",
        "1": "One",
        "😀": "Smile",
        "\x80": "Control",
        "ö": "O",
        "e": '\x0f\n\\"',
    }
    names = list(json.loads(canonical(value)))
    assert names == ["\r", "1", "e", "\x80", "ö", "€", "😀", "\ufb33"]
    assert canonical({"b": [1, True, None], "a": '\x0f\n\\"/'}) == b'{"a":"\\u000f\\n\\\\\\"/","b":[1,true,null]}'


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-SAFE_INTEGER, SAFE_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-SAFE_INTEGER, max_value=SAFE_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4)
    ),
)


@given(value=JSON)
def test_canonical__any_json__reads_back_and_both_implementations_agree(value: Any, verifier: ModuleType) -> None:
    written = canonical(portable(value))
    assert verifier.canonical(portable(value)) == written
    assert canonical(json.loads(written)) == written


def test_portable__what_actions_hold__plain_json() -> None:
    moment = datetime(2026, 1, 17, 15, 5, 0, 7, tzinfo=timezone(timedelta(hours=1)))
    facts = {
        "moment": moment,
        "day": date(2026, 1, 17),
        "pause": timedelta(minutes=30),
        "share": Decimal("1.50"),
        "id": UUID(int=1),
        "colour": Colour.RED,
        "size": Size.LARGE,
        "set": frozenset({"b", "a"}),
        "pair": (1, 2.5),
    }
    assert portable(facts) == {
        "moment": "2026-01-17T14:05:00.000007Z",
        "day": "2026-01-17",
        "pause": 1800.0,
        "share": "1.50",
        "id": "00000000-0000-0000-0000-000000000001",
        "colour": "red",
        "size": 3,
        "set": ["a", "b"],
        "pair": [1, 2.5],
    }


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        1e16,
        SAFE_INTEGER + 1,
        -SAFE_INTEGER - 1,
        "a\0b",
        "\ud800",
        {"a\0": 1},
        {"deep": [{"er": float("-inf")}]},
        datetime(2026, 1, 17, tzinfo=UTC).replace(tzinfo=None),
        b"bytes",
        object(),
    ],
    ids=lambda value: type(value).__name__ if type(value) is object else repr(value),
)
def test_portable__what_others_would_read_differently__refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"record|offset|within"):
        portable(value)
