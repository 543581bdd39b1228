"""The calendar: everything that happens in a range, as freezes, windows, slots and the conflicts between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from changes.models import ChangeRequest, DeploymentWindow, Freeze
from changes.policy.conflicts import Booking, Conflict, conflicts_of
from changes.policy.recurrence import occurrences
from changes.policy.spans import Span
from changes.selectors.changes import LONGEST_SLOT, booking_of, bookings_between, changes_listed
from changes.selectors.freezes import published_between, recurrence_of, windows_standing
from changes.states import ChangeState
from cybercube_portal.catalog import selectors as catalog

Row = TypeVar("Row", bound=Model)
MOST_CHANGES = 1000
MOST_OCCURRENCES = 1000
# A calendar lists a thousand changes and shows the texts of none.
TEXTS = (
    "description",
    "parameters",
    "impact",
    "rollback_plan",
    "migrations",
    "notes",
    "authorisation",
    "what_happened",
    "prevention",
    "claims",
)
OFF_CALENDAR = (ChangeState.DRAFT, ChangeState.REJECTED, ChangeState.EXPIRED, ChangeState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """What a calendar is about; everything where a part is None.

    `services` and `teams` are slugs (those of a team come as its services too), `person` is a user's (id, user name).
    """

    services: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    environments: frozenset[str] | None = None
    person: tuple[int, str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether it narrows nothing."""
        return self == EVERYTHING

    def changes(self, rows: QuerySet[ChangeRequest]) -> QuerySet[ChangeRequest]:
        """Those of the services, the environments and the person."""
        if self.services is not None:
            rows = rows.filter(services__overlap=sorted(self.services))
        if self.environments is not None:
            rows = rows.filter(environments__overlap=sorted(self.environments))
        if self.person is not None:
            user, username = self.person
            mine = Q(requester_id=user) | Q(implementer_id=user) | Q(editors__contains=[username])
            rows = rows.filter(mine)
        return rows

    def scoped(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Freezes and windows that may touch one of the services, teams and environments; an empty column means all."""
        for column, wanted in (
            ("services", self.services),
            ("teams", self.teams),
            ("environments", self.environments),
        ):
            if wanted is not None:
                rows = rows.filter(Q(**{column: []}) | Q(**{f"{column}__overlap": sorted(wanted)}))
        return rows


EVERYTHING = Narrow()


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


def calendar_between(start: datetime, end: datetime, narrow: Narrow = EVERYTHING) -> CalendarRange:
    """Everything that touches `[start, end)`, in order of its start (five queries, six where it is narrowed).

    A clash with a change that is not shown is told too.
    """
    freezes = _happenings(narrow.scoped(published_between(start, end)), start, end)
    windows = _happenings(narrow.scoped(windows_standing().filter(starts_at__lt=end)), start, end)
    near = narrow.changes(changes_listed()).filter(scheduled_time__lt=end, scheduled_time__gt=start - LONGEST_SLOT)
    rows = near.exclude(state__in=OFF_CALENDAR).order_by("scheduled_time", "id").defer(*TEXTS)[: MOST_CHANGES + 1]
    found = [row for row in rows if row.slot.end > start]
    changes = tuple(found[:MOST_CHANGES])
    return CalendarRange(
        freezes=freezes[:MOST_OCCURRENCES],
        windows=windows[:MOST_OCCURRENCES],
        changes=changes,
        conflicts=tuple(_clashes(changes, others_in=None if narrow.is_everything else (start, end))),
        complete=max(len(found), len(freezes), len(windows)) <= MOST_CHANGES,
    )


def rows_in(spans: Sequence[Span]) -> tuple[QuerySet[Freeze], QuerySet[ChangeRequest]]:
    """The freezes and the changes that may touch one of these spans, which come in their order; for `range_in`, read `together`."""
    near = reduce(or_, (Q(scheduled_time__lt=one.end, scheduled_time__gt=one.start - LONGEST_SLOT) for one in spans))
    changes = ChangeRequest.objects.filter(near).exclude(state__in=OFF_CALENDAR).order_by("scheduled_time", "id")
    return published_between(spans[0].start, spans[-1].end), changes.defer(*TEXTS)[: MOST_CHANGES + 1]


def range_in(spans: Sequence[Span], freezes: Iterable[Freeze], rows: Iterable[ChangeRequest]) -> CalendarRange:
    """What those rows make of these spans; windows are left out (one query)."""
    frozen = _happenings(freezes, spans[0].start, spans[-1].end)
    found = [row for row in rows if any(row.slot.span.overlaps(one) for one in spans)]
    changes = tuple(found[:MOST_CHANGES])
    return CalendarRange(
        freezes=frozen[:MOST_OCCURRENCES],
        windows=(),
        changes=changes,
        conflicts=tuple(_clashes(changes, others_in=None)),
        complete=max(len(found), len(frozen)) <= MOST_CHANGES,
    )


def _happenings(
    rows: Iterable[Freeze] | Iterable[DeploymentWindow], start: datetime, end: datetime
) -> tuple[Happening, ...]:
    found = [Happening(row, span) for row in rows for span in occurrences(recurrence_of(row), start, end)]
    return tuple(sorted(found, key=lambda one: (one.span.start, one.row.reference)))


def _clashes(changes: tuple[ChangeRequest, ...], *, others_in: tuple[datetime, datetime] | None) -> Iterator[Clash]:
    """Each pair once: a change is compared with those that start while its slot runs.

    `others_in`: changes that are not among `changes` are looked for there.
    """
    shown = {change.number: booking_of(change) for change in changes}
    depends_on = catalog.dependencies_around({slug for booking in shown.values() for slug in booking.services})
    bookings = list(shown.values())
    if others_in is not None and shown:
        near = {slug for booking in bookings for slug in booking.services}.union(depends_on, *depends_on.values())
        others = bookings_between(*others_in, services=near)
        bookings = sorted(
            [*bookings, *(other for other in others if other.number not in shown)], key=lambda one: one.span.start
        )
    for index, booking in enumerate(bookings):
        later: list[Booking] = []
        for other in bookings[index + 1 :]:
            if other.span.start >= booking.span.end:
                break
            if booking.number in shown or other.number in shown:
                later.append(other)
        for conflict in conflicts_of(booking, later, depends_on):
            yield Clash(booking.number, conflict)
