"""The gate's panel on a change's page. What it says is asked for once the page stands (`releases.views.change`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from changes.panels import register_panel
from cybercube_portal.people.guard import may
from cybercube_portal.web import PageRequest
from releases.permissions import ASK_GATE

if TYPE_CHECKING:
    from changes.models import ChangeRequest


def register() -> None:
    """Called when the app is loaded."""
    register_panel(gate_panel)


def gate_panel(change: ChangeRequest, request: PageRequest) -> SafeString:
    """A place for what the gate says, with a link for whoever runs no scripts; empty for whoever may not ask. No query."""
    if not may(request.actor, ASK_GATE, now=request.now).allowed:
        return SafeString("")
    return render_to_string("releases/parts/gate_place.html", {"change": change}, request=request)
