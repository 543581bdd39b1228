"""Recurrence of freezes and windows (§6.5): what happens when, what is typed, and what cannot be followed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from changes.policy.recurrence import (
    AmbiguousTime,
    NonexistentTime,
    Recurrence,
    Span,
    envelope_end,
    occurrences,
    validate_recurrence,
    wall_time,
    zone_named,
)

DAY = timedelta(days=1)


def typed(text: str) -> datetime:
    """A wall time as a person types it."""
    return datetime.fromisoformat(text)


def new_york(*, rule: str | None = None, excluded: frozenset[date] = frozenset(), days: int = 1) -> Recurrence:
    first = typed("2016-01-01 00:00")
    zone = "America/New_York"
    return Recurrence(Span(wall_time(first, zone), wall_time(first + days * DAY, zone)), zone, rule, excluded)


def local_days(recurrence: Recurrence, start: str, end: str) -> list[str]:
    spans = occurrences(
        recurrence, datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC)
    )
    return [span.start.astimezone(ZoneInfo(recurrence.zone)).date().isoformat() for span in spans]


def test_occurrences__without_a_rule__are_the_first_alone_and_exactly_it() -> None:
    once = new_york()

    assert occurrences(once, once.first.start, once.first.end) == (once.first,)
    assert occurrences(once, once.first.end - timedelta.resolution, once.first.end + DAY) == (once.first,)
    assert occurrences(once, once.first.end, once.first.end + 9 * DAY) == ()
    assert occurrences(once, once.first.start - DAY, once.first.start) == ()


def test_occurrences__excluded_days__do_not_happen() -> None:
    recurrence = new_york(rule="FREQ=DAILY", excluded=frozenset({date(2026, 7, 2), date(2016, 1, 1)}))

    assert local_days(recurrence, "2026-07-01T12:00", "2026-07-04T12:00") == ["2026-07-01", "2026-07-03", "2026-07-04"]
    assert local_days(recurrence, "2015-12-01", "2016-01-03") == ["2016-01-02"]


def test_occurrences__a_long_one_that_began_before_the_range__is_found() -> None:
    recurrence = new_york(rule="FREQ=YEARLY", days=300)

    assert local_days(recurrence, "2026-10-20", "2026-10-21") == ["2026-01-01"]


@pytest.mark.parametrize("at", ["00:30", "23:30"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_occurrences__asked_hour_by_hour__are_those_of_the_whole_range(zone: str, at: str) -> None:
    first = typed(f"2026-01-01 {at}")
    recurrence = Recurrence(Span(wall_time(first, zone), wall_time(first + DAY, zone)), zone, "FREQ=DAILY;INTERVAL=3")
    start = datetime(2026, 6, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    whole = occurrences(recurrence, start, start + 60 * DAY)

    for number in range(60 * 24):
        asked = Span(start + number * hour, start + (number + 1) * hour)
        assert occurrences(recurrence, asked.start, asked.end) == tuple(one for one in whole if one.overlaps(asked))


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260703", "2026-07-03"),
        # 00:00 in New York is 04:00 UTC in July.
        ("20260703T040000Z", "2026-07-03"),
        ("20260703T035959Z", "2026-07-02"),
    ],
)
def test_occurrences__until__is_inclusive(until: str, last: str) -> None:
    recurrence = new_york(rule=f"FREQ=DAILY;UNTIL={until}")

    assert local_days(recurrence, "2026-07-01T12:00", "2026-08-01")[-1] == last
    assert local_days(recurrence, "2027-01-01", "2027-02-01") == []


def test_occurrences__count__is_counted_from_the_first() -> None:
    recurrence = new_york(rule="FREQ=MONTHLY;COUNT=3")

    assert local_days(recurrence, "2015-01-01", "2199-12-31") == ["2016-01-01", "2016-02-01", "2016-03-01"]


def test_occurrences__first_typed_as_the_later_of_two__is_kept_exactly() -> None:
    zone = "America/New_York"
    later = wall_time(typed("2026-11-01 01:30"), zone, fold=1)
    recurrence = Recurrence(Span(later, later + timedelta(hours=2)), zone, "FREQ=WEEKLY")

    first, second = occurrences(recurrence, later, later + timedelta(days=8))

    assert first == recurrence.first
    assert second.start == datetime(2026, 11, 8, 6, 30, tzinfo=UTC)


def test_occurrences__range_before_the_first_or_beyond_all_plans__is_empty() -> None:
    recurrence = new_york(rule="FREQ=DAILY")

    assert occurrences(recurrence, datetime(1, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)) == ()
    assert occurrences(recurrence, datetime(9999, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)) == ()


def test_wall_time__in_a_gap__says_so_even_when_a_fold_is_given() -> None:
    with pytest.raises(NonexistentTime, match=r"02:30 does not exist in America/New_York.* 2026-03-08 03:30"):
        wall_time(typed("2026-03-08 02:30"), "America/New_York", fold=1)


def test_wall_time__twice__names_both() -> None:
    with pytest.raises(AmbiguousTime, match=r"exists twice in Europe/London.* 01:30 BST \(\+0100\) or 01:30 GMT"):
        wall_time(typed("2026-10-25 01:30"), "Europe/London")


def test_wall_time__with_an_offset__is_refused() -> None:
    with pytest.raises(ValueError, match="without an offset"):
        wall_time(datetime(2026, 1, 1, tzinfo=UTC), "UTC")


@pytest.mark.parametrize("year", [1, 1969, 2200, 9999])
def test_wall_time__far_away__is_refused(year: int) -> None:
    with pytest.raises(ValueError, match=f"{year} is out of reach"):
        wall_time(typed(f"{year:04}-06-01 00:00"), "Pacific/Kiritimati")


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Mars/Olympus",
        "../../etc/passwd",
        "/etc/localtime",
        "America",
        "posixrules",
        "localtime",
        "GMT+25",
        "europe/lndon",
    ],
)
def test_zone_named__no_iana_name__is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="not an IANA time zone"):
        zone_named(zone)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "America/New_York"])
@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY;UNTIL=20161106", "FREQ=DAILY;UNTIL=20161106T120000Z", "FREQ=WEEKLY;COUNT=45", "FREQ=YEARLY;COUNT=2"],
)
def test_envelope_end__a_rule_that_ends__lies_behind_the_last_occurrence_and_near_it(zone: str, rule: str) -> None:
    first = typed("2016-01-01 18:00")
    recurrence = Recurrence(Span(wall_time(first, zone), wall_time(first + 2 * DAY, zone)), zone, rule)

    end = envelope_end(recurrence)
    *_, last = occurrences(recurrence, recurrence.first.start, recurrence.first.start + timedelta(days=3000))

    assert end is not None
    assert timedelta(0) <= end - last.end <= timedelta(days=4)


def test_envelope_end__once_or_for_ever__is_its_end_or_none() -> None:
    once = new_york()

    assert envelope_end(once) == once.first.end
    assert envelope_end(new_york(rule="FREQ=DAILY")) is None
    assert envelope_end(new_york(rule="FREQ=YEARLY;INTERVAL=1000;COUNT=2")) is None


FIRST = Span(datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 1, 5, 17, tzinfo=UTC))
# 01:50 summer time to 01:10 winter time: twenty minutes that run backwards on the wall.
BACKWARDS = Span(datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("recurrence", "named"),
    [
        (Recurrence(FIRST, "Mars/Olympus"), "IANA"),
        (Recurrence(FIRST, "UTC", "FREQ=HOURLY"), "FREQ=HOURLY"),
        (Recurrence(FIRST, "UTC", ""), "empty"),
        (Recurrence(Span(FIRST.start, FIRST.start + timedelta(days=367)), "UTC"), "at most 366 days"),
        (Recurrence(FIRST, "UTC", None, frozenset({date(2026, 1, 6)})), "only of something that recurs"),
        (Recurrence(FIRST, "UTC", "FREQ=WEEKLY;BYDAY=TU"), "Monday 2026-01-05, is not one of the rule's days"),
        (Recurrence(FIRST, "UTC", "FREQ=WEEKLY;UNTIL=20260104"), "not one of the rule's days"),
        (Recurrence(FIRST, "UTC", "FREQ=WEEKLY;UNTIL=20260105T085959Z"), "UNTIL lies before"),
        (Recurrence(BACKWARDS, "Europe/London", "FREQ=WEEKLY"), "ends before it starts"),
        (Recurrence(Span(datetime(2300, 1, 1, tzinfo=UTC), datetime(2300, 1, 2, tzinfo=UTC)), "UTC"), "2300"),
        (
            Recurrence(FIRST, "UTC", "FREQ=DAILY", frozenset(date(2026, 1, 6) + number * DAY for number in range(367))),
            "At most 366",
        ),
    ],
)
def test_validate_recurrence__cannot_be_followed__says_why(recurrence: Recurrence, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        validate_recurrence(recurrence)


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence(FIRST, "UTC"),
        Recurrence(BACKWARDS, "Europe/London"),
        Recurrence(FIRST, "Asia/Kathmandu", "FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20261231", frozenset({date(2026, 1, 8)})),
        Recurrence(FIRST, "UTC", "FREQ=WEEKLY;UNTIL=20260105T090000Z"),
    ],
)
def test_validate_recurrence__can_be_followed__passes_and_happens(recurrence: Recurrence) -> None:
    validate_recurrence(recurrence)

    assert occurrences(recurrence, recurrence.first.start, recurrence.first.end) == (recurrence.first,)
