"""The calendar: everything that happens in a range, as freezes, windows, slots and the conflicts between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from changes.models import ChangeRequest, DeploymentWindow, Freeze
from changes.policy.conflicts import Booking, Conflict, conflicts_of
from changes.policy.recurrence import occurrences
from changes.policy.spans import Span
from changes.selectors.changes import LONGEST_SLOT, booking_of, changes_listed
from changes.selectors.freezes import published_between, recurrence_of, windows_standing
from changes.states import ChangeState
from cybercube_portal.catalog import selectors as catalog

MOST_CHANGES = 1000
MOST_OCCURRENCES = 1000
OFF_CALENDAR = (ChangeState.DRAFT, ChangeState.REJECTED, ChangeState.EXPIRED, ChangeState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Happening:
    """One occurrence of a freeze or a window."""

    row: Freeze | DeploymentWindow
    span: Span


@dataclass(frozen=True, slots=True)
class Clash:
    """Two booked changes that meet; `number` is the one that starts first."""

    number: str
    conflict: Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRange:
    """What happens in the half-open range. `complete` is False when there was more than a calendar can show."""

    freezes: tuple[Happening, ...]
    windows: tuple[Happening, ...]
    changes: tuple[ChangeRequest, ...]
    conflicts: tuple[Clash, ...]
    complete: bool


def calendar_between(start: datetime, end: datetime) -> CalendarRange:
    """Everything that touches `[start, end)`, in order of its start (five queries)."""
    freezes = _happenings(published_between(start, end), start, end)
    windows = _happenings(windows_standing().filter(starts_at__lt=end), start, end)
    near = changes_listed().filter(scheduled_time__lt=end, scheduled_time__gt=start - LONGEST_SLOT)
    rows = near.exclude(state__in=OFF_CALENDAR).order_by("scheduled_time", "id")[: MOST_CHANGES + 1]
    found = [row for row in rows if row.slot.end > start]
    changes = tuple(found[:MOST_CHANGES])
    return CalendarRange(
        freezes=freezes[:MOST_OCCURRENCES],
        windows=windows[:MOST_OCCURRENCES],
        changes=changes,
        conflicts=tuple(_clashes(changes)),
        complete=max(len(found), len(freezes), len(windows)) <= MOST_CHANGES,
    )


def _happenings(
    rows: Iterable[Freeze] | Iterable[DeploymentWindow], start: datetime, end: datetime
) -> tuple[Happening, ...]:
    found = [Happening(row, span) for row in rows for span in occurrences(recurrence_of(row), start, end)]
    return tuple(sorted(found, key=lambda one: (one.span.start, one.row.reference)))


def _clashes(changes: tuple[ChangeRequest, ...]) -> Iterator[Clash]:
    """Each pair once: a change is compared with those that start while its slot runs."""
    bookings = [booking_of(change) for change in changes]
    depends_on = catalog.dependencies_around({slug for booking in bookings for slug in booking.services})
    for index, booking in enumerate(bookings):
        later: list[Booking] = []
        for other in bookings[index + 1 :]:
            if other.span.start >= booking.span.end:
                break
            later.append(other)
        for conflict in conflicts_of(booking, later, depends_on):
            yield Clash(booking.number, conflict)
