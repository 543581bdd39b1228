"""RFC 5545 §3.3.10: which days a rule names, held against python-dateutil; what a freeze's rule may say (§6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from changes.policy.rrule import days_of, parse_rule, validate_rule

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@pytest.fixture(autouse=True, scope="module")
def _dateutil_gives_up_early() -> Iterator[None]:
    """Left alone, dateutil looks for the next day of a rule that has none up to the year 9999."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datetime.MAXYEAR", 2029)
        yield


def named(values: st.SearchStrategy[str], part: str) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=4, unique=True).map(lambda items: f";{part}={','.join(items)}")


def numbers(highest: int, *, signed: bool) -> st.SearchStrategy[str]:
    positive = st.integers(1, highest)
    return (positive | st.integers(-highest, -1)).map(str) if signed else positive.map(str)


NOTHING = st.just("")
PLAIN_DAYS = named(st.sampled_from(WEEKDAYS), "BYDAY")
MONTH_DAYS = named(numbers(31, signed=True), "BYMONTHDAY")
MONTHS = named(numbers(12, signed=False), "BYMONTH")


def numbered_days(highest: int) -> st.SearchStrategy[str]:
    return named(st.tuples(numbers(highest, signed=True), st.sampled_from(WEEKDAYS)).map("".join), "BYDAY")


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    months = draw(NOTHING | MONTHS)
    # dateutil breaks off with an IndexError when a weekday's number reaches beyond its year or month.
    by_day = (
        PLAIN_DAYS
        | {
            "DAILY": NOTHING,
            "WEEKLY": NOTHING,
            "MONTHLY": NOTHING | numbered_days(4),
            "YEARLY": NOTHING | numbered_days(4 if months else 52),
        }[frequency]
    )
    chosen = draw(NOTHING | by_day) + months + (draw(NOTHING | MONTH_DAYS) if frequency != "WEEKLY" else "")
    # RFC 5545 does not say whether the week before DTSTART counts for BYSETPOS; dateutil starts at DTSTART.
    if chosen and frequency != "WEEKLY":
        chosen += draw(NOTHING | named(numbers(3, signed=True), "BYSETPOS"))
    ends = draw(st.sampled_from(["", ";COUNT=1", ";COUNT=17", ";UNTIL=20251231"]))
    interval = draw(st.integers(1, 5))
    return f"FREQ={frequency};INTERVAL={interval}{chosen}{draw(st.sampled_from(['', ';WKST=SU', ';WKST=WE']))}{ends}"


@given(
    rule=rules(),
    first=st.dates(date(2023, 1, 1), date(2024, 12, 31)),
    skip=st.integers(-10, 800),
    length=st.integers(0, 500),
)
def test_days_of__any_rule_and_range__names_the_same_days_as_dateutil(
    rule: str, first: date, skip: int, length: int
) -> None:
    start, end = first + timedelta(days=skip), first + timedelta(days=skip + length)
    # dateutil reads UNTIL=20251231 as its midnight; here the whole day counts.
    theirs = rrulestr(rule.replace("UNTIL=20251231", "UNTIL=20251231T235959"), dtstart=datetime.combine(first, time(9)))
    expected = theirs.between(datetime.combine(start, time.min), datetime.combine(end, time.max), inc=True)

    found = days_of(parse_rule(rule), first=first, start=start, end=end)

    assert list(found) == [moment.date() for moment in expected]


@pytest.mark.parametrize(
    ("rule", "first", "days"),
    [
        ("FREQ=WEEKLY;BYDAY=SA,SU", "2026-01-03", ["2026-01-03", "2026-01-04", "2026-01-10"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=25", "2026-03-25", ["2026-03-25", "2026-06-25", "2026-09-25"]),
        ("FREQ=YEARLY", "2024-02-29", ["2024-02-29", "2028-02-29", "2032-02-29"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-30", ["2026-01-30", "2026-02-27", "2026-03-31"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26", ["2026-11-26", "2027-11-25", "2028-11-23"]),
        ("FREQ=MONTHLY;BYDAY=1MO,FR", "2026-05-01", ["2026-05-01", "2026-05-04", "2026-05-08"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", ["1997-08-05", "1997-08-10", "1997-08-19"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", ["1997-08-05", "1997-08-17", "1997-08-19"]),
        ("RRULE:freq=daily;interval=10;count=2", "2026-01-01", ["2026-01-01", "2026-01-11"]),
        ("FREQ=DAILY;UNTIL=20260102", "2026-01-01", ["2026-01-01", "2026-01-02"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1", "2026-01-02", ["2026-01-02", "2026-01-09", "2026-01-16"]),
    ],
)
def test_days_of__rules_that_teams_write__are_the_days_they_mean(rule: str, first: str, days: list[str]) -> None:
    begin = date.fromisoformat(first)

    found = days_of(parse_rule(rule), first=begin, start=begin, end=begin.replace(year=begin.year + 9, day=1))

    assert [day.isoformat() for day in islice(found, 3)] == days


@pytest.mark.parametrize(
    ("rule", "named_part"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("RRULE:", "empty"),
        ("FREQ=SECONDLY", "use DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=MINUTELY", "FREQ=MINUTELY"),
        ("FREQ=HOURLY;INTERVAL=2", "FREQ=HOURLY"),
        ("FREQ=", "FREQ="),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ is given twice"),
        ("FREQ=DAILY\nRRULE:FREQ=WEEKLY", "one RRULE alone"),
        ("RRULE:FREQ=DAILY RRULE:FREQ=WEEKLY", "one RRULE alone"),
        ("DTSTART:20260101T000000\nRRULE:FREQ=DAILY", "one RRULE alone"),
        ("EXRULE:FREQ=DAILY", "one RRULE alone"),
        ("FREQ=DAILY;", "An empty part"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR is not supported"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO is not supported"),
        ("FREQ=YEARLY;BYEASTER=0", "BYEASTER is not supported"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;INTERVAL=1001", "1 to 1000"),
        ("FREQ=DAILY;INTERVAL=1e3", "INTERVAL=1E3"),
        ("FREQ=DAILY;INTERVAL=٣", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=9999999999999999999999", "COUNT"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "exclude each other"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101T000000Z", "exclude each other"),
        ("FREQ=DAILY;UNTIL=20260101T000000", "a moment in UTC"),
        ("FREQ=DAILY;UNTIL=20260231", "UNTIL=20260231"),
        ("FREQ=DAILY;UNTIL=20260101T250000Z", "UNTIL"),
        ("FREQ=DAILY;UNTIL=2026-01-01", "UNTIL"),
        ("FREQ=YEARLY;BYMONTH=13", "1 to 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "1 to 12"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "counts from 1"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "-31 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=", "BYMONTHDAY="),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "does not go with FREQ=WEEKLY"),
        ("FREQ=WEEKLY;BYDAY=XX", "not a weekday"),
        ("FREQ=WEEKLY;BYDAY=", "not a weekday"),
        ("FREQ=WEEKLY;BYDAY=1MO", "numbered weekday"),
        ("FREQ=DAILY;BYDAY=-1FR", "numbered weekday"),
        ("FREQ=MONTHLY;BYDAY=0MO", "counts from 1"),
        ("FREQ=YEARLY;BYDAY=54MO", "-53 to 53"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS picks"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "counts from 1"),
        ("FREQ=WEEKLY;WKST=MONDAY", "not a weekday"),
        ("FREQ=DAILY;BYMONTH=" + ",".join(["1"] * 200), "at most 300"),
    ],
)
def test_validate_rule__not_followed__says_what_and_what_to_use(rule: str, named_part: str) -> None:
    with pytest.raises(ValueError, match=named_part):
        validate_rule(rule)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["FREQ=DAILY", ";BYDAY=MO", ";COUNT=5", ",-1", ";BYSETPOS=2"])).map("".join)
)
def test_validate_rule__anything_typed__is_accepted_or_a_value_error(text: str) -> None:
    try:
        validate_rule(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either way out is fine, no other
    else:
        assert parse_rule(text).interval >= 1


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    ],
)
def test_days_of__a_rule_without_any_day__ends(rule: str) -> None:
    assert list(days_of(parse_rule(rule), first=date(2026, 1, 5), start=date(2026, 1, 5), end=date(2036, 1, 5))) == []
