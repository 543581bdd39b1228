"""Time (reliability.md section 7): freezes recur in wall time, over 8 zones and both edges of daylight saving time.

The oracle knows nothing of folds: it walks in steps of five minutes through the days around an edge and reads the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from changes.policy.recurrence import (
    AmbiguousTime,
    NonexistentTime,
    Recurrence,
    Span,
    occurrences,
    validate_recurrence,
    validate_zone,
    wall_time,
)
from changes.policy.spans import merge

# Every edge and every shape below lies on a full step.
STEP = timedelta(minutes=5)
DAY = timedelta(days=1)
AROUND = timedelta(days=5)

EDGES = [
    ("America/New_York", date(2026, 3, 8), "forward by an hour at 02:00"),
    ("America/New_York", date(2026, 11, 1), "back by an hour at 02:00"),
    ("Europe/London", date(2026, 3, 29), "forward at 01:00"),
    ("Europe/London", date(2026, 10, 25), "back at 02:00"),
    ("Australia/Lord_Howe", date(2026, 4, 5), "back by half an hour at 02:00"),
    ("Australia/Lord_Howe", date(2026, 10, 4), "forward by half an hour at 02:00"),
    ("Pacific/Chatham", date(2026, 4, 5), "back at 03:45"),
    ("Pacific/Chatham", date(2026, 9, 27), "forward at 02:45"),
    ("America/Sao_Paulo", date(2018, 2, 18), "back at midnight: the hour before it exists twice"),
    ("America/Sao_Paulo", date(2018, 11, 4), "forward at midnight: the day starts at 01:00"),
    ("Pacific/Apia", date(2011, 9, 24), "forward at 03:00"),
    ("Pacific/Apia", date(2011, 12, 30), "the day does not exist"),
    ("Pacific/Apia", date(2012, 4, 1), "back at 04:00"),
    ("Asia/Kathmandu", date(1986, 1, 1), "forward by a quarter of an hour at midnight"),
    ("UTC", date(2026, 3, 29), "nothing happens"),
]
SHAPES = [
    (time(0, 0), DAY),
    (time(0, 0), timedelta(hours=1)),
    (time(0, 30), timedelta(minutes=20)),
    (time(1, 30), timedelta(minutes=45)),
    (time(2, 0), timedelta(minutes=30)),
    (time(2, 10), timedelta(minutes=15)),
    (time(2, 50), timedelta(hours=2)),
    (time(3, 15), timedelta(minutes=40)),
    (time(12, 0), DAY),
    (time(22, 0), timedelta(hours=2)),
    (time(23, 15), timedelta(hours=3)),
    (time(18, 0), timedelta(days=2, hours=12)),
]
RULES = ["FREQ=DAILY", "FREQ=DAILY;INTERVAL=2", "FREQ=WEEKLY;BYDAY=TU,WE,FR,SA,SU"]


def typed(text: str) -> datetime:
    """A wall time as a person types it."""
    return datetime.fromisoformat(text)


@lru_cache(maxsize=4)
def the_clock(zone: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """(moment in UTC, what the clock on the wall shows) for every step around `day`."""
    start = datetime.combine(day, time.min, UTC) - AROUND
    place = ZoneInfo(zone)
    moments = [start + number * STEP for number in range(2 * AROUND // STEP)]
    return tuple((moment, moment.astimezone(place).replace(tzinfo=None)) for moment in moments)


@lru_cache(maxsize=4)
def by_wall(zone: str, day: date) -> dict[datetime, datetime]:
    """For each wall time the moment that it means: the first of two; behind a gap as far as it lies in it."""
    meant: dict[datetime, datetime] = {}
    before = the_clock(zone, day)[0][1] - STEP
    for moment, wall in the_clock(zone, day):
        skipped = wall - before - STEP
        for number in range(max(skipped // STEP, 0)):
            meant.setdefault(before + STEP + number * STEP, moment + number * STEP)
        meant.setdefault(wall, moment)
        before = wall
    return meant


def steps(start: datetime, end: datetime) -> Iterator[datetime]:
    return (start + number * STEP for number in range((end - start) // STEP))


def frozen_steps(zone: str, day: date, rule: str, first: datetime, length: timedelta) -> set[datetime]:
    meant = by_wall(zone, day)
    starts = rrulestr(rule, dtstart=first).between(first, datetime.combine(day, time.min) + AROUND, inc=True)
    return {
        moment
        for start in starts
        if start in meant and start + length in meant
        for moment in steps(meant[start], meant[start + length])
    }


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("zone", "day"), [edge[:2] for edge in EDGES], ids=[f"{edge[0]} {edge[2]}" for edge in EDGES])
def test_occurrences__around_an_edge_of_daylight_saving__freeze_what_the_oracle_freezes(
    zone: str, day: date, rule: str
) -> None:
    around = Span(
        datetime.combine(day, time(18), UTC) - timedelta(days=2),
        datetime.combine(day, time(12), UTC) + timedelta(days=1),
    )
    wanted = set(steps(around.start, around.end))
    frozen = 0
    for at, length in SHAPES:
        first = next(iter(rrulestr(rule, dtstart=datetime.combine(day, at) - timedelta(days=21))))
        recurrence = Recurrence(Span(wall_time(first, zone), wall_time(first + length, zone)), zone, rule)
        validate_recurrence(recurrence)

        spans = occurrences(recurrence, around.start, around.end)

        found = {moment for span in spans for moment in steps(span.start, span.end)} & wanted
        assert found == frozen_steps(zone, day, rule, first, length) & wanted, (at, length)
        frozen += len(found)
    assert frozen


@pytest.mark.parametrize(("zone", "day"), [edge[:2] for edge in EDGES], ids=[f"{edge[0]} {edge[2]}" for edge in EDGES])
def test_occurrences__midnight_to_midnight_every_day__leave_no_gap_over_the_edge(zone: str, day: date) -> None:
    first = datetime.combine(day, time.min) - timedelta(days=3)
    recurrence = Recurrence(Span(wall_time(first, zone), wall_time(first + DAY, zone)), zone, "FREQ=DAILY")
    start = wall_time(first, zone)
    end = start + timedelta(days=7)

    (whole,) = merge(occurrences(recurrence, start, end))

    assert whole.start <= start
    assert whole.end >= end


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("America/Sao_Paulo", date(2018, 2, 17), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("Asia/Kathmandu", date(1986, 1, 1), 23.75),
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_occurrences__a_day_on_which_the_clocks_change__lasts_what_the_day_lasts(
    zone: str, day: date, hours: float
) -> None:
    first = datetime.combine(day, time.min) - timedelta(days=7)
    recurrence = Recurrence(Span(wall_time(first, zone), wall_time(first + DAY, zone)), zone, "FREQ=WEEKLY")
    noon = datetime.combine(day, time(12), ZoneInfo(zone))

    (span,) = occurrences(recurrence, noon, noon + STEP)

    assert span.length == timedelta(hours=hours)


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


@pytest.mark.parametrize(("zone", "day"), [edge[:2] for edge in EDGES], ids=[f"{edge[0]} {edge[2]}" for edge in EDGES])
def test_wall_time__every_quarter_of_an_hour_around_an_edge__is_found_refused_or_asked_about(
    zone: str, day: date
) -> None:
    shown: dict[datetime, list[datetime]] = {}
    for moment, wall in the_clock(zone, day):
        shown.setdefault(wall, []).append(moment)
    start = datetime.combine(day, time.min) - 2 * DAY
    for number in range(4 * DAY // timedelta(minutes=15)):
        asked = start + number * timedelta(minutes=15)
        moments = shown.get(asked, [])
        if not moments:
            with pytest.raises(NonexistentTime) as gap:
                wall_time(asked, zone)
            assert gap.value.moved == by_wall(zone, day)[asked]
        elif len(moments) == 2:
            with pytest.raises(AmbiguousTime) as twice:
                wall_time(asked, zone)
            assert list(twice.value.candidates) == moments
            assert [wall_time(asked, zone, fold=0), wall_time(asked, zone, fold=1)] == moments
        else:
            assert wall_time(asked, zone) == moments[0]
            assert wall_time(asked, zone, fold=1) == moments[0]


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
    ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "America", "posixrules", "GMT+25", "europe/lndon"],
)
def test_validate_zone__no_iana_name__is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="not an IANA time zone"):
        validate_zone(zone)


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
