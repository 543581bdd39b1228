"""What people are told of flags: the words of each notice (`notices.kinds`), written in the reader's zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cybercube_portal.notices.message import Message, one_line
from cybercube_portal.web.times import day, exact_with_zone
from flags.models import Flag

MOST_LINES = 40


def flag_expires(flag: Flag, *, is_over: bool, still_open: Sequence[str]) -> Message:
    """§7.6: it expires or has expired, with what is left to do."""
    words = {"key": flag.key, "day": day(flag.expires_at) if flag.expires_at else ""}
    subject = _("%(key)s has expired, please clean it up") if is_over else _("%(key)s expires on %(day)s")
    label = _("Expired") if is_over else _("Expires")
    return Message(
        subject=subject % words,
        thing=f"{flag.key} {one_line(flag.name)}",
        text=(_("Temporary flags are removed after their rollout (STD-ENG-006 §7.6)."),),
        facts=((_("Flag"), one_line(flag.name)), (label, exact_with_zone(flag.expires_at) if flag.expires_at else "")),
        points=tuple(_("Still open: %(item)s") % {"item": item} for item in still_open),
        path=f"/flags/{flag.key}/",
        button=_("See what is left to do, or give it more time"),
    )


def flags_to_clean(team: str, flags: Sequence[Flag], *, now: datetime) -> Message:
    """§7.6: a team's flags that expire within two weeks, have expired, or are rolled out for long enough; the oldest expiry first."""
    words = {"count": len(flags), "team": one_line(team)}
    return Message(
        subject=ngettext(
            "%(team)s has %(count)s flag to clean up", "%(team)s has %(count)s flags to clean up", len(flags)
        )
        % words,
        thing=_("Flags of %(team)s") % words,
        text=(_("Temporary flags are removed after their rollout (STD-ENG-006 §7.6)."),),
        points=tuple(_line(flag, now=now) for flag in flags[:MOST_LINES]),
        path="/flags/",
        button=_("See the flags"),
    )


def _line(flag: Flag, *, now: datetime) -> str:
    if flag.expires_at is None:
        return _("%(key)s is fully rolled out") % {"key": flag.key}
    words = {"key": flag.key, "day": day(flag.expires_at)}
    return (_("%(key)s expired on %(day)s") if flag.expires_at <= now else _("%(key)s expires on %(day)s")) % words
