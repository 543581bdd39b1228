"""The algebra of half-open spans, against sets of minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.policy.spans import Span, at_instant, intersect, merge, subtract

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)


def span(start: int, end: int) -> Span:
    """From minute to minute after noon."""
    return Span(NOON + timedelta(minutes=start), NOON + timedelta(minutes=end))


def minutes(spans: tuple[Span, ...] | list[Span]) -> set[int]:
    return {
        minute
        for one in spans
        for minute in range((one.start - NOON) // timedelta(minutes=1), (one.end - NOON) // timedelta(minutes=1))
    }


SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: span(pair[0], pair[0] + pair[1])), max_size=8
)


def assert_tidy(spans: tuple[Span, ...]) -> None:
    assert all(earlier.end < later.start for earlier, later in pairwise(spans))


@given(SPANS)
def test_merge__any_spans__hold_the_same_minutes_in_order_and_apart(spans: list[Span]) -> None:
    assert minutes(merge(spans)) == minutes(spans)
    assert_tidy(merge(spans))


@given(SPANS, SPANS)
def test_subtract__any_spans__leave_the_minutes_of_the_one_without_the_other(
    spans: list[Span], cuts: list[Span]
) -> None:
    assert minutes(subtract(spans, cuts)) == minutes(spans) - minutes(cuts)
    assert_tidy(subtract(spans, cuts))


@given(SPANS, SPANS)
def test_intersect__any_spans__hold_the_minutes_of_both(left: list[Span], right: list[Span]) -> None:
    assert minutes(intersect(left, right)) == minutes(left) & minutes(right)
    assert_tidy(intersect(left, right))


def test_contains__edges__start_is_inside_and_end_is_not() -> None:
    one = span(0, 10)

    assert one.contains(one.start)
    assert not one.contains(one.end)
    assert not one.overlaps(span(10, 20))
    assert not span(10, 20).overlaps(one)
    assert one.overlaps(span(9, 10))


def test_at_instant__a_moment__overlaps_what_contains_it_alone() -> None:
    assert at_instant(NOON).overlaps(span(0, 1))
    assert not at_instant(NOON).overlaps(span(-1, 0))


def test_span__moments_of_a_local_zone__are_held_and_measured_in_utc() -> None:
    zone = ZoneInfo("Europe/London")
    night = Span(datetime(2026, 3, 29, 0, tzinfo=zone), datetime(2026, 3, 29, 6, tzinfo=zone))

    assert night.length == timedelta(hours=5)
    assert night.start.tzinfo is UTC
    assert night == Span(datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "end", "named"),
    [
        (NOON, NOON, "after it starts"),
        (NOON, NOON - timedelta(minutes=1), "after it starts"),
        (NOON.replace(tzinfo=None), NOON, "time zone"),
        (NOON, NOON.replace(tzinfo=None), "time zone"),
    ],
)
def test_span__empty_or_without_a_zone__is_refused(start: datetime, end: datetime, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Span(start, end)
