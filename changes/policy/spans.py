"""Spans of time and their algebra. Every span is half-open, `[start, end)`, and held in UTC. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

INSTANT = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Span:
    """From `start`, inclusive, to `end`, exclusive: aware moments in, UTC held.

    Raises ValueError for naive moments and for an empty span.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("A span needs a start and an end with a time zone.")
        # Two moments of one local zone would be compared and subtracted by the clock on the wall.
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end <= self.start:
            raise ValueError("A span ends after it starts.")

    @property
    def length(self) -> timedelta:
        """The time that really passes between start and end."""
        return self.end - self.start

    def contains(self, moment: datetime) -> bool:
        """True from the start on, and no longer true at the end."""
        return self.start <= moment < self.end

    def overlaps(self, other: Span) -> bool:
        """True when both hold at some instant; spans that only touch do not overlap."""
        return self.start < other.end and other.start < self.end


def at_instant(moment: datetime) -> Span:
    """The smallest span that contains `moment`."""
    return Span(moment, moment + INSTANT)


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same instants as few spans as possible, in order: what overlaps or touches becomes one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def subtract(spans: Iterable[Span], cuts: Iterable[Span]) -> tuple[Span, ...]:
    """What lies in `spans` and in none of `cuts`, merged, in order."""
    left: list[Span] = []
    holes = deque(merge(cuts))
    for span in merge(spans):
        start = span.start
        while holes and holes[0].start < span.end:
            if start < holes[0].start:
                left.append(Span(start, holes[0].start))
            start = max(start, holes[0].end)
            if holes[0].end > span.end:
                break
            holes.popleft()
        if start < span.end:
            left.append(Span(start, span.end))
    return tuple(left)


def intersect(left: Iterable[Span], right: Iterable[Span]) -> tuple[Span, ...]:
    """What lies in both, merged, in order."""
    ours, theirs = deque(merge(left)), deque(merge(right))
    both: list[Span] = []
    while ours and theirs:
        one, other = ours[0], theirs[0]
        if one.overlaps(other):
            both.append(Span(max(one.start, other.start), min(one.end, other.end)))
        (ours if one.end < other.end else theirs).popleft()
    return tuple(both)
