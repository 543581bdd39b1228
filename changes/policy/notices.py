"""When people are told of a freeze to come (§6.5 "Freeze calendar maintained in shared calendar"). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class Notice(StrEnum):
    """How long before the start."""

    WEEK = "7d"
    DAY = "1d"
    HOUR = "1h"


AHEAD: dict[Notice, timedelta] = {
    Notice.WEEK: timedelta(days=7),
    Notice.DAY: timedelta(days=1),
    Notice.HOUR: timedelta(hours=1),
}
LONGEST_AHEAD = max(AHEAD.values())


def due_notice(*, starts_at: datetime, now: datetime) -> Notice | None:
    """The nearest notice whose time has come; None before the first and once the freeze began.

    A freeze published an hour before it starts is announced once, not three times.
    """
    if now >= starts_at:
        return None
    return next((notice for notice in (Notice.HOUR, Notice.DAY, Notice.WEEK) if starts_at - AHEAD[notice] <= now), None)
