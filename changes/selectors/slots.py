"""What a slot meets: deployment windows, freezes and the slots of others, read in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from changes.policy import freezes, windows
from changes.policy.conflicts import Booking
from changes.policy.schedule import Slot
from changes.selectors.changes import booked_between, bookings_of
from changes.selectors.freezes import freeze_facts, in_scope, published_between, window_facts, windows_standing
from cybercube_portal.database.together import together


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotFacts:
    """`windows` that may hold it, `freezes` that may touch it, `bookings` of others that overlap it."""

    windows: tuple[windows.Window, ...]
    freezes: tuple[freezes.Freeze, ...]
    bookings: tuple[Booking, ...]


def slot_facts(
    slot: Slot,
    *,
    now: datetime,
    number: str,
    passed: frozenset[int],
    services: Iterable[str],
    teams: Iterable[str],
    environments: Iterable[str],
    related: Iterable[str],
    until: datetime | None = None,
) -> SlotFacts:
    """For the change `number`, which may pass the freezes `passed`. `related`: services whose slots count too (§4.6).

    From `now` or the slot's start, whichever is earlier, to the slot's end; with `until`, everything from `now` up to then too.
    """
    reach = {"services": services, "teams": teams, "environments": environments}
    start, end = min(now, slot.start), max(now, slot.end, until or now)
    booked_from = min(now, slot.start) if until else slot.start
    open_rows, frozen_rows, booked_rows = together(
        in_scope(windows_standing(), **reach),
        in_scope(published_between(start, end), **reach),
        booked_between(booked_from, max(slot.end, until or slot.end), services=related, without=number),
    )
    return SlotFacts(
        windows=window_facts(open_rows),
        freezes=freeze_facts(frozen_rows, change_number=number, passed=passed),
        bookings=bookings_of(booked_rows),
    )
