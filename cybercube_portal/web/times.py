"""Moments as people read them (ui.md section 3): how far away, and exactly when in their own zone and in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FAR = timedelta(days=30)
JUST_NOW = timedelta(seconds=45)
# As `decisions.utc_text` writes it.
IN_TEXT = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b", re.ASCII)


def relative(value: datetime, *, now: datetime) -> str:
    """`in 2 hours`, `5 minutes ago`; a date beyond 30 days."""
    distance = abs(value - now)
    if distance < JUST_NOW:
        return _("just now")
    if distance >= FAR:
        return date_format(timezone.localtime(value), "j M Y")
    words = length(distance)
    return _("in %(length)s") % {"length": words} if value > now else _("%(length)s ago") % {"length": words}


def length(span: timedelta) -> str:
    """A span in its largest unit, rounded down: `45 minutes`, `3 hours`, `12 days`."""
    if span >= DAY:
        count = span // DAY
        return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
    if span >= HOUR:
        count = span // HOUR
        return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}
    count = max(1, span // MINUTE)
    return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}


def exact(value: datetime) -> str:
    """`Wed 14 Jan 2026, 11:00` in the person's zone."""
    return date_format(timezone.localtime(value), "D j M Y, H:i")


def exact_with_zone(value: datetime) -> str:
    """`Wed 14 Jan 2026, 11:00 Europe/Berlin (10:00 UTC)`; the UTC day too, where it is another."""
    zone = timezone.get_current_timezone_name()
    if zone == "UTC":
        return f"{exact(value)} UTC"
    utc = value.astimezone(UTC)
    other_day = utc.date() != timezone.localtime(value).date()
    return f"{exact(value)} {zone} ({date_format(utc, 'D j M, H:i' if other_day else 'H:i')} UTC)"


def day(value: datetime | date) -> str:
    """`14 Jan 2026` in the person's zone."""
    return date_format(timezone.localtime(value) if isinstance(value, datetime) else value, "j M Y")


def with_times(text: str) -> SafeString:
    """`text`, escaped, with every moment that `decisions.utc_text` wrote into it as <time> in the person's zone.

    Reasons are texts wherever they go: a log and a pipeline read UTC, kept ones are years old; only a page knows its reader.
    """
    return mark_safe(IN_TEXT.sub(_as_time, conditional_escape(text)))  # noqa: S308 - escaped just before


def _as_time(found: re.Match[str]) -> str:
    try:
        moment = datetime.strptime(found[0], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
    except ValueError:
        return found[0]
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact_with_zone(moment), exact(moment)
    )
