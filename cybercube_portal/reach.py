"""How far from today a moment may lie: one bound, asked wherever a moment is read, so that no sum of moments overflows. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

# Far enough for every plan and every record, and centuries away from where arithmetic ends.
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)


class OutOfReach(ValueError):
    """The moment lies in a year that nobody plans for."""

    code = "time.out_of_reach"

    def __init__(self, moment: datetime) -> None:
        super().__init__(f"The year {moment.year} is out of reach: use {EARLIEST.year} to {LATEST.year}.")


def within_reach(moment: datetime) -> datetime:
    """The aware moment itself. Raises OutOfReach."""
    if not EARLIEST <= moment <= LATEST:
        raise OutOfReach(moment)
    return moment
