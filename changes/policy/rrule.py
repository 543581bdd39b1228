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

LONGEST_RULE = 300
MOST_OCCURRENCES = 1000
LARGEST_INTERVAL = 1000
YEARS_COUNTED = 100
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EVERY = 0


class Frequency(StrEnum):
    """RFC 5545 FREQ, without the parts of a day."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An RRULE, read. `weekdays` holds (ordinal, weekday), ordinal 0 for every one, weekday 0 for Monday.

    An empty set means that the part is absent. UNTIL is a local day (`until_day`, inclusive) or an instant (`until_at`).
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until_day: date | None = None
    until_at: datetime | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
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


def _weekdays(name: str, text: str) -> frozenset[tuple[int, int]]:
    found = set()
    for item in text.split(","):
        ordinal, weekday = item[:-2], item[-2:]
        number = _integer(name, ordinal, -53, 53) if ordinal else EVERY
        if ordinal and not number:
            raise ValueError(f"{name}={item}: weekdays count from 1, or from -1 backwards.")
        found.add((number, _weekday(name, weekday)))
    return frozenset(found)


def _frequency(name: str, text: str) -> Frequency:
    if text not in Frequency.__members__:
        raise ValueError(f"{name}={text} is not allowed: use DAILY, WEEKLY, MONTHLY or YEARLY.")
    return Frequency(text)


def _until(name: str, text: str) -> dict[str, object]:
    try:
        if re.fullmatch(r"[0-9]{8}", text):
            return {"until_day": datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()}
        if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
            return {"until_at": datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)}
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
    "BYDAY": lambda name, text: {"weekdays": _weekdays(name, text)},
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
    if rule.frequency in {Frequency.DAILY, Frequency.WEEKLY} and any(nth for nth, _ in rule.weekdays):
        raise ValueError("A numbered weekday such as 1MO goes with FREQ=MONTHLY or FREQ=YEARLY only.")
    if rule.positions and not (rule.months or rule.month_days or rule.weekdays):
        raise ValueError("BYSETPOS picks among the days of another part: add BYDAY, BYMONTHDAY or BYMONTH.")


def validate_rule(rule: str) -> None:
    """Raise ValueError with a clear message unless `rule` is one RRULE that the portal can follow."""
    parse_rule(rule)


def days_of(rule: Rule, *, first: date, start: date, end: date) -> Iterator[date]:
    """The days of `rule` with its DTSTART on `first`, from `start` to `end`, both inclusive, in order.

    `until_at` is an instant and left to the caller, who knows the time zone.
    """
    rule = _anchored(rule, first)
    last = min(end, rule.until_day or end, _last_counted(rule, first) or end)
    yield from _walk(rule, first, max(start, first), last)


@lru_cache(maxsize=16384)
def _anchored(rule: Rule, first: date) -> Rule:
    """The rule with what RFC 5545 takes from DTSTART filled in."""
    if rule.weekdays or rule.month_days or rule.frequency is Frequency.DAILY:
        return rule
    if rule.frequency is Frequency.WEEKLY:
        return replace(rule, weekdays=frozenset({(EVERY, first.weekday())}))
    months = rule.months
    if rule.frequency is Frequency.YEARLY and not months:
        months = frozenset({first.month})
    return replace(rule, months=months, month_days=frozenset({first.day}))


@lru_cache(maxsize=16384)
def _last_counted(rule: Rule, first: date) -> date | None:
    """The day on which COUNT runs out: walked once, then remembered. None when it never does within a century."""
    if rule.count is None:
        return None
    days = _walk(rule, first, first, date(first.year + YEARS_COUNTED, 12, 31))
    return next(islice(days, rule.count - 1, None), None)


def _walk(rule: Rule, first: date, start: date, end: date) -> Iterator[date]:
    origin = _period(rule, first)
    begin = _period(rule, start)
    begin += (origin - begin) % rule.interval
    for period in range(begin, _period(rule, end) + 1, rule.interval):
        for day in _days_in(rule, period):
            if start <= day <= end:
                yield day


def _period(rule: Rule, day: date) -> int:
    """The number of the day, week, month or year that `day` lies in."""
    if rule.frequency is Frequency.DAILY:
        return day.toordinal()
    if rule.frequency is Frequency.WEEKLY:
        return (day.toordinal() - 1 - rule.week_start) // 7
    if rule.frequency is Frequency.MONTHLY:
        return day.year * 12 + day.month - 1
    return day.year


def _days_in(rule: Rule, period: int) -> list[date]:
    """The days that the rule names in one period."""
    days = [day for day in _calendar(rule, period) if _matches(rule, day)]
    if not rule.positions:
        return days
    picked = {position - 1 if position > 0 else len(days) + position for position in rule.positions}
    return [day for index, day in enumerate(days) if index in picked]


def _calendar(rule: Rule, period: int) -> list[date]:
    if rule.frequency is Frequency.DAILY:
        return [date.fromordinal(period)]
    if rule.frequency is Frequency.WEEKLY:
        monday = period * 7 + 1 + rule.week_start
        return [date.fromordinal(ordinal) for ordinal in range(monday, monday + 7)]
    if rule.frequency is Frequency.MONTHLY:
        year, month = divmod(period, 12)
        return _month(year, month + 1)
    return [day for month in sorted(rule.months) or range(1, 13) for day in _month(period, month)]


def _month(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def _matches(rule: Rule, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and rule.month_days.isdisjoint((day.day, day.day - 1 - monthrange(day.year, day.month)[1])):
        return False
    return not rule.weekdays or not rule.weekdays.isdisjoint(_weekday_names(rule, day))


def _weekday_names(rule: Rule, day: date) -> tuple[tuple[int, int], ...]:
    """Every way BYDAY may name `day`: MO, 2MO, -3MO. Ordinals count in the year only for a YEARLY rule without BYMONTH."""
    if rule.frequency is Frequency.YEARLY and not rule.months:
        before, length = day.timetuple().tm_yday - 1, 365 + isleap(day.year)
    else:
        before, length = day.day - 1, monthrange(day.year, day.month)[1]
    weekday = day.weekday()
    return (EVERY, weekday), (before // 7 + 1, weekday), (-((length - 1 - before) // 7) - 1, weekday)
