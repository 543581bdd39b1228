"""When a change may happen: its slot (§6.6), its lead time (§6.1), and the next moment nothing stands in the way. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from changes.policy.freezes import Freeze, blocked_spans
from changes.policy.scope import Subject
from changes.policy.spans import Span, intersect, subtract
from changes.policy.windows import Window, open_spans
from changes.states import ChangeType
from cybercube_portal.decisions import Reason, failed, passed, pending, skipped, utc_text

GRACE = timedelta(minutes=60)
LONGEST_DURATION = timedelta(days=30)
LONGEST_TEXT = 40
STRIDE = timedelta(days=31)

# §6.1 "1+ day" (R8); the other types are immediate.
LEAD_TIME: dict[ChangeType, timedelta] = {
    ChangeType.STANDARD: timedelta(0),
    ChangeType.NORMAL: timedelta(hours=24),
    ChangeType.EMERGENCY: timedelta(0),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A change's own time: `scheduled_time` and `estimated_duration`, to which an hour of grace is added."""

    start: datetime
    duration: timedelta

    @property
    def end(self) -> datetime:
        """The end with the grace; exclusive."""
        return self.start + self.duration + GRACE

    @property
    def span(self) -> Span:
        """The slot as a span, grace included."""
        return Span(self.start, self.end)


def judge_slot(slot: Slot, at: datetime) -> Reason:
    """Is the change's own slot open? Pending before it opens, failed after it closed (§6.6)."""
    if at < slot.start:
        return pending(
            "schedule.slot_not_open",
            "§6.6",
            f"The change is scheduled for {utc_text(slot.start)}.",
            "Wait for the slot, or reschedule the change.",
            opens_at=slot.start.isoformat(),
        )
    if at >= slot.end:
        return failed(
            "schedule.slot_over",
            "§6.6",
            f"The change's slot ended {utc_text(slot.end)}.",
            "Reschedule the change.",
            closed_at=slot.end.isoformat(),
        )
    return passed("schedule.slot_open", "§6.6", f"The change's slot is open until {utc_text(slot.end)}.")


def slot_in_past(slot: Slot, now: datetime) -> Reason | None:
    """A failing reason when the planned time (without the grace) has passed already; None when there is time left."""
    if slot.start + slot.duration > now:
        return None
    return failed(
        "schedule.slot_in_past",
        "§6.6",
        f"The planned time ended {utc_text(slot.start + slot.duration)}.",
        "Choose a time that is still to come.",
    )


def earliest_start(change_type: ChangeType | None, submitted_at: datetime) -> datetime:
    """The first moment the lead time of §6.1 allows."""
    return submitted_at + LEAD_TIME[change_type or ChangeType.NORMAL]


def judge_lead_time(change_type: ChangeType | None, submitted_at: datetime, start_at: datetime) -> Reason:
    """Does a day lie between the last material submission and the start of a normal change (§6.1, R8)?"""
    kind = change_type or ChangeType.NORMAL
    if not LEAD_TIME[kind]:
        return skipped("schedule.lead_time", "§6.1", f"{kind.value.capitalize()} changes need no lead time.")
    earliest = earliest_start(kind, submitted_at)
    if start_at >= earliest:
        return passed("schedule.lead_time", "§6.1", "At least 24 hours lie between submission and start.")
    return failed(
        "schedule.lead_time",
        "§6.1",
        f"A normal change starts at least 24 hours after it was submitted, not before {utc_text(earliest)}.",
        "Reschedule it, or use a standard change where a template fits.",
        earliest_start=earliest.isoformat(),
    )


def nobody_on_call(teams: Iterable[str]) -> Reason | None:
    """That nobody is known to be on call for `teams` then; None when there is none of those. A warning: no rule of the standard forbids it."""
    names = sorted(teams)
    if not names:
        return None
    return pending(
        "schedule.nobody_on_call",
        "§8.5",
        f"Nobody of {', '.join(names)} is known to be on call then.",
        "Choose another time, or let an admin grant the role for it.",
        ("Admin",),
        teams=names,
    )


def allowed_spans(
    *,
    freezes: Iterable[Freeze],
    windows: Iterable[Window],
    subject: Subject,
    slot: Slot | None,
    not_before: datetime,
    horizon_end: datetime,
) -> tuple[Span, ...]:
    """When in `[not_before, horizon_end)` freezes, windows and slot all let the subject start: merged, in order."""
    if horizon_end <= not_before:
        return ()
    left: tuple[Span, ...] = (Span(not_before, horizon_end),)
    if slot is not None:
        left = intersect(left, (slot.span,))
    opened = open_spans(windows, subject, not_before, horizon_end)
    if opened is not None:
        left = intersect(left, opened)
    return subtract(left, blocked_spans(freezes, subject, not_before, horizon_end))


def next_allowed(
    *,
    freezes: Iterable[Freeze],
    windows: Iterable[Window],
    subject: Subject,
    slot: Slot | None,
    not_before: datetime,
    horizon_end: datetime,
) -> datetime | None:
    """The first moment of `allowed_spans`, looked for a month at a time; None when there is none before the horizon."""
    freezes, windows = tuple(freezes), tuple(windows)
    start = max(not_before, slot.start) if slot else not_before
    horizon_end = min(horizon_end, slot.end) if slot else horizon_end
    while start < horizon_end:
        end = min(start + STRIDE, horizon_end)
        spans = allowed_spans(
            freezes=freezes, windows=windows, subject=subject, slot=slot, not_before=start, horizon_end=end
        )
        if spans:
            return spans[0].start
        start = end
    return None


_SHORT = re.compile(r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?", re.ASCII)
_ISO_8601 = re.compile(
    r"p(?:(?P<weeks>\d+)w)?(?:(?P<days>\d+)d)?(?:t(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?)?",
    re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """`30m`, `1h30m`, or ISO 8601 `PT30M`. Raises ValueError for anything else, for nothing, and beyond 30 days."""
    written = text.strip().lower()
    match = len(written) <= LONGEST_TEXT and (_SHORT.fullmatch(written) or _ISO_8601.fullmatch(written))
    parts = {unit: int(number) for unit, number in match.groupdict().items() if number} if match else {}
    if not parts or written.endswith("t"):
        raise ValueError("A duration is written 30m, 1h30m or, by ISO 8601, PT30M.")
    if any(number > LONGEST_DURATION.total_seconds() for number in parts.values()):
        raise ValueError(f"A duration is at most {LONGEST_DURATION.days} days.")
    duration = timedelta(**parts)
    if not duration:
        raise ValueError("A duration is longer than nothing.")
    if duration > LONGEST_DURATION:
        raise ValueError(f"A duration is at most {LONGEST_DURATION.days} days.")
    return duration


def format_duration(duration: timedelta) -> str:
    """The short form that `parse_duration` reads, in whole seconds: `1d2h`, `30m`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0m"
