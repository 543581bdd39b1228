"""When something recurring happens: RFC 5545 rules in the wall time of an IANA zone, answered in UTC. Pure.

Wall time is what people mean ("midnight to midnight in São Paulo"): a day's freeze lasts 23 or 25 hours when the
clocks change. A generated moment that the clocks skip moves forward by the gap; one that exists twice is the first.
What a person types is never guessed: see `wall_time`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from changes.policy.rrule import days_of, last_day, parse_rule, validate_rule
from changes.policy.spans import Span
from cybercube_portal.reach import LATEST, within_reach

__all__ = [
    "AmbiguousTime",
    "NonexistentTime",
    "Recurrence",
    "Span",
    "envelope_end",
    "occurrences",
    "validate_recurrence",
    "validate_rule",
    "wall_time",
    "zone_named",
]

LONGEST = timedelta(days=366)
MOST_EXCLUDED = 366
# A wall time is at most 14 hours from UTC, and the widest gap known skipped a day (Apia, 30 December 2011).
SLACK = timedelta(days=2)
# Remembered together: few enough to be quick at first sight, enough for the next question to find them.
BUCKET_DAYS = 16


class NonexistentTime(ValueError):
    """The clocks skip this wall time. `moved` is the moment (UTC) that lies as far behind the gap."""

    def __init__(self, naive: datetime, zone: str, moved: datetime) -> None:
        self.moved = moved
        later = moved.astimezone(zone_named(zone))
        super().__init__(
            f"{naive:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks go forward over it. "
            f"The same moment by the new clock is {later:%Y-%m-%d %H:%M}."
        )


class AmbiguousTime(ValueError):
    """This wall time exists twice. `candidates` are both moments in UTC, the earlier first (fold 0, fold 1)."""

    def __init__(self, naive: datetime, zone: str, candidates: tuple[datetime, datetime]) -> None:
        self.candidates = candidates
        first, second = (f"{moment.astimezone(zone_named(zone)):%H:%M %Z (%z)}" for moment in candidates)
        super().__init__(
            f"{naive:%Y-%m-%d %H:%M} exists twice in {zone}, as the clocks go back: say which, {first} or {second}."
        )


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names of all IANA time zones, none that means something else on each machine; the first call reads the disk."""
    return frozenset(available_timezones()) - {"Factory", "localtime"}


@lru_cache(maxsize=1024)
def zone_named(zone: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises ValueError for any other text."""
    if zone not in zone_names():
        raise ValueError(f"{zone!r} is not an IANA time zone: use a name such as Europe/London or UTC.")
    return ZoneInfo(zone)


def wall_time(naive: datetime, zone: str, fold: int | None = None) -> datetime:
    """What a person typed, as a moment in UTC (reliability.md section 7).

    `fold` picks the earlier (0) or the later (1) of two. Raises NonexistentTime, AmbiguousTime when it exists twice and
    `fold` is None, and ValueError for an unknown zone, a moment that already has a zone, or a year nobody plans for.
    """
    if naive.tzinfo is not None:
        raise ValueError("A wall time comes without an offset; a moment with an offset needs no zone.")
    place = zone_named(zone)
    within_reach(naive.replace(tzinfo=UTC))
    earlier, later = (naive.replace(tzinfo=place, fold=number) for number in (0, 1))
    before, after = earlier.utcoffset(), later.utcoffset()
    moments = earlier.astimezone(UTC), later.astimezone(UTC)
    if before is not None and after is not None and before < after:
        raise NonexistentTime(naive, zone, moments[0])
    if before != after and fold is None:
        raise AmbiguousTime(naive, zone, moments)
    return moments[fold or 0]


@dataclass(frozen=True, slots=True)
class Recurrence:
    """`first` exactly as given (UTC); with a `rule` its wall times in `zone` repeat, but not on `excluded` local days."""

    first: Span
    zone: str
    rule: str | None = None
    excluded: frozenset[date] = frozenset()


def validate_recurrence(recurrence: Recurrence) -> None:
    """Raise ValueError, with a sentence for people, for what cannot be followed or means nothing."""
    zone = zone_named(recurrence.zone)
    within_reach(recurrence.first.start)
    if recurrence.first.length > LONGEST:
        raise ValueError(f"One occurrence lasts at most {LONGEST.days} days.")
    if recurrence.rule is None:
        if recurrence.excluded:
            raise ValueError("Days can be left out only of something that recurs.")
        return
    if len(recurrence.excluded) > MOST_EXCLUDED:
        raise ValueError(f"At most {MOST_EXCLUDED} days can be left out.")
    rule = parse_rule(recurrence.rule)
    start, end = _wall(recurrence.first.start, zone), _wall(recurrence.first.end, zone)
    if end <= start:
        raise ValueError("By the clock on the wall the first occurrence ends before it starts: it cannot recur.")
    if start.date() not in days_of(rule, first=start.date(), start=start.date(), end=start.date()):
        raise ValueError(
            f"The first occurrence, {start:%A %Y-%m-%d}, is not one of the rule's days: let it start on one of them."
        )
    if rule.until_at and rule.until_at < recurrence.first.start:
        raise ValueError("UNTIL lies before the first occurrence.")


def occurrences(recurrence: Recurrence, start: datetime, end: datetime) -> tuple[Span, ...]:
    """The occurrences that overlap `[start, end)`, in order. The work grows with the range, not with the age of the rule."""
    if recurrence.rule is None:
        found: Iterable[Span] = (recurrence.first,)
    else:
        since = max(start, recurrence.first.start) - recurrence.first.length - SLACK
        until = min(end, LATEST) + SLACK
        numbers = range(since.toordinal() // BUCKET_DAYS, until.toordinal() // BUCKET_DAYS + 1)
        found = (span for number in numbers for span in _starting_in(recurrence, number))
    return tuple(span for span in found if span.start < end and start < span.end)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Fold 0 is the rule for both edges (PEP 495): over a gap by the old offset, of two the first."""
    return wall.replace(tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=16384)
def _starting_in(recurrence: Recurrence, bucket: int) -> tuple[Span, ...]:
    """The occurrences whose local first day lies in that bucket of days."""
    zone = zone_named(recurrence.zone)
    rule = parse_rule(recurrence.rule or "")
    first = _wall(recurrence.first.start, zone)
    length = _wall(recurrence.first.end, zone) - first
    start = date.fromordinal(bucket * BUCKET_DAYS)
    end = start + timedelta(days=BUCKET_DAYS - 1)
    spans = []
    for day in days_of(rule, first=first.date(), start=start, end=end):
        wall = datetime.combine(day, first.time())
        begins, ends = _instant(wall, zone), _instant(wall + length, zone)
        if day == first.date():
            begins, ends = recurrence.first.start, recurrence.first.end
        is_over = rule.until_at is not None and begins > rule.until_at
        # An occurrence that lies wholly in an hour the clocks skip never happens.
        if begins < ends and day not in recurrence.excluded and not is_over:
            spans.append(Span(begins, ends))
    return tuple(spans)


def envelope_end(recurrence: Recurrence) -> datetime | None:
    """A moment after which nothing of it happens, for an index; None when it recurs for ever.

    Later than the last occurrence by some days where a rule recurs: a bound, not the answer.
    """
    if recurrence.rule is None:
        return recurrence.first.end
    rule = parse_rule(recurrence.rule)
    if rule.until_at is not None:
        return rule.until_at + recurrence.first.length + SLACK
    last = last_day(rule, first=_wall(recurrence.first.start, zone_named(recurrence.zone)).date())
    return datetime.combine(last, time.min, UTC) + recurrence.first.length + SLACK if last else None
