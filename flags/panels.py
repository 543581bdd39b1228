"""A panel on the page of a change that names a flag, as what it moves or as its way back (§8.2).

Where the change was deployed the switch takes its deployment back: that is known above (`register_way_back`), and flags know nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from changes.panels import register_panel
from cybercube_portal.web import PageRequest
from flags import permissions
from flags.forms.moves import KillForm
from flags.selectors.flags import flag_named
from flags.views.flags import allows

if TYPE_CHECKING:
    from changes.models import ChangeRequest

# What else goes back with the flag, by environment: a form that does both, instead of the switch.
WayBack = Callable[["ChangeRequest", PageRequest], Mapping[str, SafeString]]
WAYS_BACK: dict[WayBack, None] = {}


def register_way_back(way: WayBack) -> None:
    """Ask `way(change, request)` where a change names a flag that is on somewhere."""
    WAYS_BACK.setdefault(way)


def register() -> None:
    """Called when the app is loaded."""
    register_panel(flag_panel)


def flag_panel(change: ChangeRequest, request: PageRequest) -> SafeString:
    """The flag with what it serves where the change happens, and the switch; empty, and no query, where none is named."""
    if not change.rollback_flag:
        return SafeString("")
    flag = flag_named(change.rollback_flag)
    context: dict[str, Any] = {"key": change.rollback_flag, "flag": flag}
    if flag is not None:
        may_kill = flag.archived_at is None and allows(request, permissions.KILL_FLAG, flag)
        rows = [row for row in flag.environments.all() if row.environment in change.environments]
        is_on = flag.archived_at is None and any(row.content["enabled"] for row in rows)
        ways = [way(change, request) for way in WAYS_BACK] if is_on else []
        context["places"] = [
            {
                "row": row,
                "kill": _kill_form(flag.key, row.environment) if may_kill else None,
                "back": [way[row.environment] for way in ways if row.environment in way],
            }
            for row in rows
        ]
    return render_to_string("flags/parts/change_panel.html", context, request=request)


def _kill_form(key: str, environment: str) -> KillForm:
    return KillForm(key=key, initial={"environment": environment}, auto_id=f"id_{environment}_%s")
