"""Figures as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

NOTHING = "—"
TWO_DAYS = 48
# A difference below this share is none.
SAME = 0.02


@dataclass(frozen=True, slots=True)
class Turn:
    """How a figure differs from the period before: `tone` of `web.badges`, `icon` of Lucide's, and the words."""

    icon: str
    tone: str
    words: str


def words(value: float | None, unit: str, *, beside: float | None = None) -> str:
    """In the figure's own unit; a length that is compared with another in the unit of that one."""
    if value is None:
        return NOTHING
    if unit == "ratio":
        return _("%(share).1f %%") % {"share": value * 100}
    if unit == "hours":
        return length_words(value, beside=beside)
    return _("%(count).2f a day") % {"count": value}


def length_words(hours: float, *, beside: float | None = None) -> str:
    """Minutes below an hour, days from two days on; `beside` another, in that one's unit."""
    scale = hours if beside is None else beside
    if scale >= TWO_DAYS:
        return _("%(days).1f days") % {"days": hours / 24}
    return _("%(hours).1f h") % {"hours": hours} if scale >= 1 else _("%(minutes).0f min") % {"minutes": hours * 60}


def week_words(value: float | None, unit: str) -> str:
    """Of one week: a rate is a count there."""
    return NOTHING if value is None else f"{value:.0f}" if unit == "per day" else words(value, unit)


def turn_of(now: float | None, before: float | None, unit: str, *, more_is_better: bool) -> Turn | None:
    """Against the period before; None when one of the two has nothing to measure."""
    if now is None or before is None:
        return None
    was = {"before": words(before, unit, beside=now)}
    if abs(now - before) <= SAME * max(abs(now), abs(before)):
        return Turn("minus", "neutral", _("as before (%(before)s)") % was)
    is_more = now > before
    icon = "trending-up" if is_more else "trending-down"
    if is_more == more_is_better:
        return Turn(icon, "ok", _("better than %(before)s before") % was)
    return Turn(icon, "bad", _("worse than %(before)s before") % was)


def moment_text(moment: datetime) -> str:
    """For an address: a day, or a moment where it is not midnight."""
    return f"{moment:%Y-%m-%d}" if moment.time() == datetime.min.time() else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def in_hours(span: timedelta | None) -> float | None:
    """For a file: hours with two digits."""
    return None if span is None else round(span.total_seconds() / 3600, 2)
