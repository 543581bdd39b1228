"""The rooms of the audit pages."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cybercube_portal.people.guard import require
from cybercube_portal.record.permissions import READ_RECORD
from cybercube_portal.web import PageRequest, Tab


def enter(request: PageRequest, here: str) -> dict[str, Any]:
    """The context that every page of auditors has. Raises NotPermitted for whoever is none."""
    require(request.actor, READ_RECORD, now=request.now)
    rooms = (("audit", _("Events")), ("audit-chain", _("Chain")), ("audit-packs", _("Evidence packs")))
    return {"tabs": [Tab(label=label, url=reverse(name), active=name == here) for name, label in rooms]}
