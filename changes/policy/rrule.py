"""Which days an RFC 5545 recurrence rule names. Pure.

Our own reader and not dateutil's generator: that one walks from DTSTART on each question, and a rule that never matches
(`FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30`) keeps it walking to the year 9999. Here a day is judged by itself, so the work is
bounded by the days asked for. The tests hold both against each other.

The time of day is the first occurrence's, so a rule is a set of days and sub-daily parts are refused.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from itertools import islice

from cybercube_portal.reach import OutOfReach, within_reach

LONGEST_RULE = 300
MOST_OCCURRENCES = 1000
LARGEST_INTERVAL = 1000
YEARS_COUNTED = 100
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Frequency(StrEnum):
    """RFC 5545 FREQ, without the parts of a day."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An RRULE, read. Monday is 0. BYDAY is split: `MO` into `weekdays`, `2MO` into `numbered_weekdays` as (2, 0).

    An empty set means that the part is absent. UNTIL is a local day (`until_day`, inclusive) or an instant (`until_at`).
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until_day: date | None = None
    until_at: datetime | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    numbered_weekdays: frozenset[tuple[int, int]] = frozenset()
    positions: frozenset[int] = frozenset()
    week_start: int = 0


def _integer(name: str, text: str, lowest: int, highest: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,4}", text) or not lowest <= int(text) <= highest:
        raise ValueError(f"{name}={text} is not a whole number from {lowest} to {highest}.")
    return int(text)


def _integers(name: str, text: str, highest: int, *, signed: bool) -> frozenset[int]:
    values = frozenset(_integer(name, item, -highest if signed else 1, highest) for item in text.split(","))
    if 0 in values:
        raise ValueError(f"{name} counts from 1, or from -1 backwards; 0 is not a day.")
    return values


def _weekday(name: str, text: str) -> int:
    if text not in WEEKDAYS:
        raise ValueError(f"{name}={text} is not a weekday: use {', '.join(WEEKDAYS)}.")
    return WEEKDAYS.index(text)


def _weekdays(name: str, text: str) -> dict[str, object]:
    plain, numbered = set(), set()
    for item in text.split(","):
        ordinal, weekday = item[:-2], _weekday(name, item[-2:])
        if ordinal:
            (number,) = _integers(name, ordinal, 53, signed=True)
            numbered.add((number, weekday))
        else:
            plain.add(weekday)
    return {"weekdays": frozenset(plain), "numbered_weekdays": frozenset(numbered)}


def _frequency(name: str, text: str) -> Frequency:
    if text not in Frequency.__members__:
        raise ValueError(f"{name}={text} is not allowed: use DAILY, WEEKLY, MONTHLY or YEARLY.")
    return Frequency(text)


def _until(name: str, text: str) -> dict[str, object]:
    try:
        if re.fullmatch(r"[0-9]{8}", text):
            return {"until_day": within_reach(datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)).date()}
        if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
            return {"until_at": within_reach(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))}
    except OutOfReach as error:
        raise ValueError(f"{name}={text}: {error}") from error
    except ValueError:
        pass
    raise ValueError(f"{name}={text} must be a day (20261231) or a moment in UTC (20261231T235959Z).")


_READERS: dict[str, Callable[[str, str], dict[str, object]]] = {
    "FREQ": lambda name, text: {"frequency": _frequency(name, text)},
    "INTERVAL": lambda name, text: {"interval": _integer(name, text, 1, LARGEST_INTERVAL)},
    "COUNT": lambda name, text: {"count": _integer(name, text, 1, MOST_OCCURRENCES)},
    "UNTIL": _until,
    "BYMONTH": lambda name, text: {"months": _integers(name, text, 12, signed=False)},
    "BYMONTHDAY": lambda name, text: {"month_days": _integers(name, text, 31, signed=True)},
    "BYDAY": _weekdays,
    "BYSETPOS": lambda name, text: {"positions": _integers(name, text, 366, signed=True)},
    "WKST": lambda name, text: {"week_start": _weekday(name, text)},
}


@lru_cache(maxsize=4096)
def parse_rule(text: str) -> Rule:
    """Read one RRULE, with or without `RRULE:` in front. Raises ValueError with a sentence for people."""
    if len(text) > LONGEST_RULE:
        raise ValueError(f"A recurrence rule has at most {LONGEST_RULE} characters.")
    line = text.strip().upper().removeprefix("RRULE:")
    if not line:
        raise ValueError("The recurrence rule is empty: leave it out for something that happens once.")
    if any(character.isspace() for character in line) or ":" in line:
        raise ValueError("Give one RRULE alone, such as FREQ=WEEKLY;BYDAY=SA,SU.")
    fields: dict[str, object] = {}
    seen: set[str] = set()
    for part in line.split(";"):
        name, _, value = part.partition("=")
        if name not in _READERS:
            raise ValueError(f"{name or 'An empty part'} is not supported: use {', '.join(_READERS)}.")
        if name in seen:
            raise ValueError(f"{name} is given twice.")
        seen.add(name)
        fields |= _READERS[name](name, value)
    if "frequency" not in fields:
        raise ValueError("FREQ is missing: use DAILY, WEEKLY, MONTHLY or YEARLY.")
    rule = Rule(**fields)  # type: ignore[arg-type]  # each reader gives its field's type
    _refuse_contradictions(rule)
    return rule


def _refuse_contradictions(rule: Rule) -> None:
    """What RFC 5545 §3.3.10 forbids together."""
    if rule.count is not None and (rule.until_day or rule.until_at):
        raise ValueError("COUNT and UNTIL exclude each other.")
    if rule.frequency is Frequency.WEEKLY and rule.month_days:
        raise ValueError("BYMONTHDAY does not go with FREQ=WEEKLY.")
    if rule.frequency in {Frequency.DAILY, Frequency.WEEKLY} and rule.numbered_weekdays:
        raise ValueError("A numbered weekday such as 1MO goes with FREQ=MONTHLY or FREQ=YEARLY only.")
    if rule.positions and not (rule.months or rule.month_days or rule.weekdays or rule.numbered_weekdays):
        raise ValueError("BYSETPOS picks among the days of another part: add BYDAY, BYMONTHDAY or BYMONTH.")


def validate_rule(rule: str) -> None:
    """Raise ValueError with a clear message unless `rule` is one RRULE that the portal can follow."""
    parse_rule(rule)


def days_of(rule: Rule, *, first: date, start: date, end: date) -> Iterator[date]:
    """The days of `rule` with its DTSTART on `first`, from `start` to `end`, both inclusive, in order.

    `until_at` is an instant and left to the caller, who knows the time zone.
    """
    rule = _anchored(rule, first)
    yield from _walk(rule, first, max(start, first), min(end, _last_day(rule, first) or end))


def last_day(rule: Rule, *, first: date) -> date | None:
    """The last day that UNTIL (as a day) or COUNT leaves to the rule; None when neither ends it within a century."""
    return _last_day(_anchored(rule, first), first)


@lru_cache(maxsize=16384)
def _anchored(rule: Rule, first: date) -> Rule:
    """The rule with what RFC 5545 takes from DTSTART filled in."""
    if rule.weekdays or rule.numbered_weekdays or rule.month_days or rule.frequency is Frequency.DAILY:
        return rule
    if rule.frequency is Frequency.WEEKLY:
        return replace(rule, weekdays=frozenset({first.weekday()}))
    months = rule.months
    if rule.frequency is Frequency.YEARLY and not months:
        months = frozenset({first.month})
    return replace(rule, months=months, month_days=frozenset({first.day}))


@lru_cache(maxsize=16384)
def _last_day(rule: Rule, first: date) -> date | None:
    """COUNT is walked once, then remembered."""
    if rule.count is None:
        return rule.until_day
    days = _walk(rule, first, first, date(first.year + YEARS_COUNTED, 12, 31))
    return next(islice(days, rule.count - 1, None), None)


def _walk(rule: Rule, first: date, start: date, end: date) -> Iterator[date]:
    begin = _period(rule, start)
    begin += (_period(rule, first) - begin) % rule.interval
    low, high = start.toordinal(), end.toordinal()
    for period in range(begin, _period(rule, end) + 1, rule.interval):
        earliest, latest = _bounds(rule, period)
        if rule.positions:
            picked = _at_positions(rule, _matching(rule, earliest, latest))
            yield from (day for day in picked if start <= day <= end)
        else:
            yield from _matching(rule, max(earliest, low), min(latest, high))


def _period(rule: Rule, day: date) -> int:
    """The number of the day, week, month or year that `day` lies in."""
    if rule.frequency is Frequency.DAILY:
        return day.toordinal()
    if rule.frequency is Frequency.WEEKLY:
        return (day.toordinal() - 1 - rule.week_start) // 7
    if rule.frequency is Frequency.MONTHLY:
        return day.year * 12 + day.month - 1
    return day.year


def _bounds(rule: Rule, period: int) -> tuple[int, int]:
    """The first and the last day of a period, as ordinals."""
    if rule.frequency is Frequency.DAILY:
        return period, period
    if rule.frequency is Frequency.WEEKLY:
        begin = period * 7 + 1 + rule.week_start
        return begin, begin + 6
    if rule.frequency is Frequency.MONTHLY:
        year, month = period // 12, period % 12 + 1
        begin = date(year, month, 1).toordinal()
        return begin, begin + _month_length(year, month) - 1
    return date(period, 1, 1).toordinal(), date(period, 12, 31).toordinal()


def _matching(rule: Rule, earliest: int, latest: int) -> list[date]:
    return [day for day in map(date.fromordinal, range(earliest, latest + 1)) if _matches(rule, day)]


def _at_positions(rule: Rule, days: list[date]) -> list[date]:
    """BYSETPOS: the nth of a period's days, counted from either end."""
    picked = {position - 1 if position > 0 else len(days) + position for position in rule.positions}
    return [day for index, day in enumerate(days) if index in picked]


@lru_cache(maxsize=4096)
def _month_length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _matches(rule: Rule, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days:
        from_the_end = day.day - 1 - _month_length(day.year, day.month)
        if rule.month_days.isdisjoint((day.day, from_the_end)):
            return False
    if not (rule.weekdays or rule.numbered_weekdays):
        return True
    return day.weekday() in rule.weekdays or _is_numbered(rule, day)


def _is_numbered(rule: Rule, day: date) -> bool:
    """Does BYDAY name the day as 2MO or -1MO? It counts in the month, or in the year for YEARLY without BYMONTH."""
    if not rule.numbered_weekdays:
        return False
    if rule.frequency is Frequency.YEARLY and not rule.months:
        before, length = day.timetuple().tm_yday - 1, 365 + isleap(day.year)
    else:
        before, length = day.day - 1, _month_length(day.year, day.month)
    after, weekday = length - 1 - before, day.weekday()
    return not rule.numbered_weekdays.isdisjoint(((before // 7 + 1, weekday), (-(after // 7) - 1, weekday)))
