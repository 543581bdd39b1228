"""When a notice goes out: the first at once, what follows soon after together once it is quiet (ui.md section 3). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

# However busy a thing is, what is held back goes out after so many quiet times.
LONGEST = 6


def goes_out_at(
    *, now: datetime, quiet: timedelta, last_sent_at: datetime | None, held_since: datetime | None
) -> datetime:
    """`now`, or when the bundle goes that it joins: once nothing more came for `quiet`.

    A bundle waits no longer than LONGEST quiet times after the first that is held. `last_sent_at`: when the reader was
    last told of the same thing; `held_since`: when the first of what is held back for them came.
    """
    if held_since is None and (last_sent_at is None or now >= last_sent_at + quiet):
        return now
    return max(now, min(now + quiet, (held_since or now) + LONGEST * quiet))
