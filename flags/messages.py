"""What people are told of flags: the words of each notice (`notices.kinds`), written in the reader's zone."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from cybercube_portal.notices.message import Message, one_line
from cybercube_portal.web.times import day, exact_with_zone
from flags.models import Flag


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
