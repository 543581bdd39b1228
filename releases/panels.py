"""Panels on a change's page: the gate's, asked for once the page stands (`releases.views.change`), and its deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from changes.panels import register_panel
from cybercube_portal.people.guard import may
from cybercube_portal.web import PageRequest
from releases.permissions import ASK_GATE
from releases.selectors.deployments import of_change

if TYPE_CHECKING:
    from changes.models import ChangeRequest

MOST_DEPLOYMENTS = 20


def register() -> None:
    """Called when the app is loaded."""
    register_panel(gate_panel)
    register_panel(deployments_panel)


def gate_panel(change: ChangeRequest, request: PageRequest) -> SafeString:
    """A place for what the gate says, with a link for whoever runs no scripts; empty for whoever may not ask. No query."""
    if not may(request.actor, ASK_GATE, now=request.now).allowed:
        return SafeString("")
    return render_to_string("releases/parts/gate_place.html", {"change": change}, request=request)


def deployments_panel(change: ChangeRequest, request: PageRequest) -> SafeString:
    """What was deployed under the change, and what took it back; empty while nothing was. One query."""
    rows = list(of_change(change.number)[:MOST_DEPLOYMENTS])
    if not rows:
        return SafeString("")
    return render_to_string("releases/parts/deployments_panel.html", {"deployments": rows}, request=request)
