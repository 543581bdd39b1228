"""Panels that upper apps show below a change's merge box: the gate's view, deployments.

An upper app registers a callable when it is loaded; changes knows nothing of it (house.md section 2).
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils.safestring import SafeString

from changes.models import ChangeRequest
from cybercube_portal.web import PageRequest

# Answers the panel's HTML, or an empty text when it has nothing to say of this change.
Panel = Callable[[ChangeRequest, PageRequest], SafeString]
PANELS: list[Panel] = []


def register_panel(panel: Panel) -> Panel:
    """Show `panel` on every change's page, after those registered before. Usable as a decorator."""
    if panel not in PANELS:
        PANELS.append(panel)
    return panel


def panels_of(change: ChangeRequest, request: PageRequest) -> list[SafeString]:
    """What every registered panel says of this change."""
    return [html for panel in PANELS if (html := panel(change, request))]
