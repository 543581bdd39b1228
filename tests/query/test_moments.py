from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybercube_portal.query.moments import Between, Clock, Unreadable, between

NOW = datetime(2026, 1, 14, 10, tzinfo=UTC)
BERLIN = Clock(NOW, ZoneInfo("Europe/Berlin"))


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2026-02-01", "2026-01-31T23:00", "2026-02-01T23:00"),
        ("2026-2", "2026-01-31T23:00", "2026-02-28T23:00"),
        ("2026-12", "2026-11-30T23:00", "2026-12-31T23:00"),
        ("2026", "2025-12-31T23:00", "2026-12-31T23:00"),
        ("2026-02-01T14:00", "2026-02-01T13:00", "2026-02-01T13:01"),
        # The clocks go forward: that day has 23 hours.
        ("2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("today", "2026-01-13T23:00", "2026-01-14T23:00"),
        ("Yesterday", "2026-01-12T23:00", "2026-01-13T23:00"),
        ("tomorrow", "2026-01-14T23:00", "2026-01-15T23:00"),
        ("<2026-02-01", None, "2026-01-31T23:00"),
        ("<=2026-02-01", None, "2026-02-01T23:00"),
        (">2026-02-01", "2026-02-01T23:00", None),
        (">=2026-02-01", "2026-01-31T23:00", None),
        (">=now", "2026-01-14T10:00", None),
        ("7d", "2026-01-07T10:00", "2026-01-14T10:00"),
        ("+7d", "2026-01-14T10:00", "2026-01-21T10:00"),
        ("12h", "2026-01-13T22:00", "2026-01-14T10:00"),
        ("<2w", None, "2025-12-31T10:00"),
        ("2026-01-01..2026-01-31", "2025-12-31T23:00", "2026-01-31T23:00"),
        ("2026-01..", "2025-12-31T23:00", None),
        ("*..today", None, "2026-01-14T23:00"),
        ("-1d..+1d", "2026-01-13T10:00", "2026-01-15T10:00"),
    ],
)
def test_between__a_value__is_this_time_in_the_askers_zone(value: str, start: str | None, end: str | None) -> None:
    assert between(value, BERLIN) == Between(moment(start), moment(end))


def test_between__bare_distance_of_what_lies_ahead__looks_forwards() -> None:
    ahead = Clock(NOW, UTC, ahead=True)

    assert between("7d", ahead) == Between(NOW, moment("2026-01-21T10:00"))
    assert between("-7d", ahead) == Between(moment("2026-01-07T10:00"), NOW)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2026-13",
        "2026-02-30",
        "0000",
        "10000",
        "<",
        "..",
        "*..*",
        "2026-01-01..soon",
        "7y",
        "9999-12-31",
        "0001-01-01",
        ">>1d",
        "2026-02-01T25:00",
    ],
)
def test_between__no_time__is_unreadable(value: str) -> None:
    with pytest.raises(Unreadable):
        between(value, BERLIN)


@given(st.one_of(st.text(max_size=30), st.text(alphabet="0123456789-.<>=Tdhw:+*now", max_size=24)))
def test_between__any_text__is_a_time_or_unreadable(value: str) -> None:
    try:
        found = between(value, BERLIN)
    except Unreadable:
        return
    assert found.start or found.end
