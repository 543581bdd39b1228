"""A panel on the page of a change that names a flag, as what it moves or as its way back (§8.2)."""

from __future__ import annotations

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
        context["places"] = [
            (row, KillForm(key=flag.key, auto_id=f"id_{row.environment}_%s") if may_kill else None)
            for row in flag.environments.all()
            if row.environment in change.environments
        ]
    return render_to_string("flags/parts/change_panel.html", context, request=request)
