"""Panels on a change's page: its release, the gate's, asked for once the page stands (`releases.views.change`), and its deployments.

And what the switch of its flag takes back (§8.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from changes.panels import register_panel
from cybercube_portal.people.guard import may
from cybercube_portal.web import PageRequest
from flags.panels import register_way_back
from releases.models import Deployment, Release
from releases.permissions import ASK_GATE, ROLL_BACK_DEPLOYMENT
from releases.policy.releases import PHASE_OF, shown_state
from releases.policy.rollback import trigger_of
from releases.rollback_forms import RollBackForm
from releases.selectors.deployments import of_change
from releases.selectors.releases import release_of_change
from releases.selectors.rollbacks import standing_by_flag
from releases.states import RollbackMethod
from releases.views.release import PHASE_WORDS

if TYPE_CHECKING:
    from changes.models import ChangeRequest

MOST_DEPLOYMENTS = 20


def register() -> None:
    """Called when the app is loaded."""
    register_panel(release_panel, asks=release_asks)
    register_panel(gate_panel)
    register_panel(deployments_panel, asks=deployments_asks)
    register_way_back(way_back)


def release_asks(change: ChangeRequest) -> tuple[QuerySet[Release]]:
    """Its release; nothing for a change that names none."""
    return (release_of_change(change.number) if change.release else Release.objects.none(),)


def release_panel(change: ChangeRequest, request: PageRequest, found: list[Release]) -> SafeString:
    """The release that this change authorises (R16); empty for a change without one."""
    if not found:
        return SafeString("")
    [release] = found
    context = {
        "release": release,
        "state": shown_state(release.state, change=change.state),
        "phase": PHASE_WORDS.get(PHASE_OF.get(release.state, "")),
    }
    return render_to_string("releases/parts/release_panel.html", context, request=request)


def gate_panel(change: ChangeRequest, request: PageRequest) -> SafeString:
    """A place for what the gate says, with a link for whoever runs no scripts; empty for whoever may not ask. No query."""
    if not may(request.actor, ASK_GATE, now=request.now).allowed:
        return SafeString("")
    return render_to_string("releases/parts/gate_place.html", {"change": change}, request=request)


def deployments_asks(change: ChangeRequest) -> tuple[QuerySet[Deployment]]:
    """What was deployed under it, and what took that back."""
    return (of_change(change.number)[:MOST_DEPLOYMENTS],)


def deployments_panel(change: ChangeRequest, request: PageRequest, rows: list[Deployment]) -> SafeString:  # noqa: ARG001 - as every panel
    """What was deployed under the change, and what took it back; empty while nothing was."""
    if not rows:
        return SafeString("")
    return render_to_string("releases/parts/deployments_panel.html", {"deployments": rows}, request=request)


def way_back(change: ChangeRequest, request: PageRequest) -> dict[str, SafeString]:
    """By environment: a form that switches the change's flag off and takes back all that was deployed under it there, for whoever may. One query."""
    there: dict[str, list[Deployment]] = {}
    for row in standing_by_flag(change.number).order_by("pk"):
        there.setdefault(row.environment, []).append(row)
    found = {where: _switch(rows, request) for where, rows in there.items()}
    return {where: html for where, html in found.items() if html}


def _switch(rows: list[Deployment], request: PageRequest) -> SafeString:
    """One switch for all of them: it is posted to the first that the reader may take back; "" when they may none."""
    mine = next((row for row in rows if _may_take_back(row, request)), None)
    if mine is None:
        return SafeString("")
    by_flag = RollbackMethod.FLAG
    form = RollBackForm(
        versions=(),
        methods=(by_flag,),
        initial={"method": by_flag, "trigger": trigger_of(mine.state)},
        auto_id=f"id_{mine.reference}_%s",
    )
    others = [row for row in rows if row is not mine]
    services = ", ".join(row.service.slug for row in (mine, *others))
    context = {"deployment": mine, "form": form, "others": others, "services": services}
    return render_to_string("releases/parts/way_back.html", context, request=request)


def _may_take_back(row: Deployment, request: PageRequest) -> bool:
    service = row.service
    return may(
        request.actor, ROLL_BACK_DEPLOYMENT, now=request.now, teams=[service.team.slug], services=[service.slug]
    ).allowed
