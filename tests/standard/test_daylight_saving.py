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
