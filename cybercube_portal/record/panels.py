"""What auditors find on a change's page: its evidence pack, and everything recorded about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from cybercube_portal.people.guard import may
from cybercube_portal.record.permissions import READ_RECORD
from cybercube_portal.web import PageRequest

if TYPE_CHECKING:
    from changes.models import ChangeRequest


def evidence_panel(change: ChangeRequest, request: PageRequest) -> SafeString:
    """Two links; empty for whoever may not follow them. No query."""
    if not may(request.actor, READ_RECORD, now=request.now).allowed:
        return SafeString("")
    return render_to_string("record/parts/evidence.html", {"change": change}, request=request)
