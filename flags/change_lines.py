"""What flags add to the one timeline of a change: how their moves under it read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy

from changes.panels import register_looks
from cybercube_portal.web import Look
from flags.events import FlagEvent

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

F = FlagEvent
# The flag follows as a link.
LOOKS: dict[str, Look] = {
    F.CHANGED: Look(gettext_lazy("changed what is served by"), "flag", "accent"),
    F.PROPOSED: Look(gettext_lazy("planned a step of"), "flag"),
    F.WITHDRAWN: Look(gettext_lazy("withdrew the planned step of"), "flag-off", "wait"),
    F.KILLED: Look(gettext_lazy("killed"), "power-off", "bad"),
    F.RESTORED: Look(gettext_lazy("restored"), "power", "ok"),
    F.RAMP_STARTED: Look(gettext_lazy("started the ramp of"), "trending-up", "accent"),
}
PAGES = {"flag": lambda key: reverse("flag", args=[key])}


def register() -> None:
    """Called when the app is loaded."""
    register_looks(LOOKS, said=said, pages=PAGES)


def said(event: Event) -> str:
    """Where, how far, and why."""
    data = event.data
    exposure = data.get("exposure") or {}
    steps = [f"{exposure[name]:g} %" for name in ("before", "after") if isinstance(exposure.get(name), int | float)]
    where = " ".join(filter(None, (data.get("environment"), " → ".join(steps) if len(steps) > 1 else "")))
    return "\n".join(filter(None, (where, data.get("reason") or data.get("because") or "")))
