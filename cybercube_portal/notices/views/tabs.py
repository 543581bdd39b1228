"""The three pages about notices stand beside each other."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from cybercube_portal.web import Tab


def tabs(here: str) -> list[Tab]:
    """`here` is the name of the present page's address."""
    names = (
        ("notifications", _("What you were told")),
        ("notification-choices", _("What reaches you")),
        ("channels", _("Team chats")),
    )
    return [Tab(label=label, url=reverse(name), active=name == here) for name, label in names]
