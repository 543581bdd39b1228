"""The first time a change could have: after its lead time (§6.1), inside the windows (§6.3), outside of freezes (§6.5), beside nobody else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from changes.policy.freezes import Freeze, covers, forbids, is_excepted
from changes.policy.recurrence import occurrences
from changes.policy.schedule import GRACE, LEAD_TIME, earliest_start
from changes.policy.scope import Subject
from changes.policy.spans import INSTANT, Span, intersect, subtract
from changes.policy.windows import Window, open_spans
from changes.states import ChangeType

# Who takes the first slot still writes the change: it is handed in a little later.
MARGIN = timedelta(minutes=30)
# People plan in steps of so much.
STEP = timedelta(minutes=5)
HORIZON = timedelta(days=62)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSlot:
    """`end` leaves the hour of grace out. `after`: the freezes and changes that end right before it; empty where nothing is waited for."""

    start: datetime
    end: datetime
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cut:
    """`name` forbids every start in `starts`."""

    name: str
    starts: Span


def not_before(change_type: ChangeType, now: datetime) -> datetime:
    """The first moment worth looking at: where a lead time counts, with a margin to finish writing."""
    margin = MARGIN if LEAD_TIME[change_type] else timedelta(0)
    return _rounded_up(earliest_start(change_type, now) + margin)


def first_free(
    *,
    subjects: Iterable[Subject],
    duration: timedelta,
    freezes: Iterable[Freeze],
    windows: Iterable[Window],
    booked: Iterable[tuple[str, Span]],
    start: datetime,
    end: datetime,
) -> FreeSlot | None:
    """The first start in `[start, end)` that every subject may have; None when there is none.

    From it on `duration` meets no freeze, and with the grace none of `booked`, (name, span) of others; a window is open as it starts.
    """
    subjects, freezes, windows = tuple(subjects), tuple(freezes), tuple(windows)
    left: tuple[Span, ...] = (Span(start, end),)
    for subject in subjects:
        opened = open_spans(windows, subject, start, end)
        left = left if opened is None else intersect(left, opened)
    cuts = [cut for subject in subjects for cut in _frozen(freezes, subject, duration, start, end)]
    cuts += [_Cut(name, _earlier(span, duration + GRACE)) for name, span in booked]
    for span in subtract(left, (cut.starts for cut in cuts)):
        first = _rounded_up(span.start)
        if first < span.end:
            after = dict.fromkeys(cut.name for cut in cuts if cut.starts.end == span.start)
            return FreeSlot(start=first, end=first + duration, after=tuple(after))
    return None


def _frozen(
    freezes: Iterable[Freeze], subject: Subject, duration: timedelta, start: datetime, end: datetime
) -> Iterator[_Cut]:
    for freeze in freezes:
        if covers(freeze, subject) and forbids(freeze, subject) and not is_excepted(freeze, subject):
            for span in occurrences(freeze.recurrence, start, end + duration):
                yield _Cut(freeze.title, _earlier(span, duration))


def _earlier(span: Span, length: timedelta) -> Span:
    """Every start of something of that length that meets `span`; what only touches it does not."""
    return Span(span.start - length + INSTANT, span.end)


def _rounded_up(moment: datetime) -> datetime:
    seconds, step = moment.timestamp(), STEP.total_seconds()
    return datetime.fromtimestamp(-(-seconds // step) * step, tz=UTC)
