"""The gate's log: what was asked, the newest first."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_safe

from cybercube_portal.people.guard import require
from cybercube_portal.people.views.lists import show_list
from cybercube_portal.web import ChipGroup, Column, Listing, PageRequest
from cybercube_portal.web.badges import words_of
from releases.permissions import ASK_GATE
from releases.selectors.gate_history import decisions_shown
from releases.selectors.words.gate import LANGUAGE
from releases.states import GateOutcome
from releases.views.chips import ENVIRONMENTS, MY_TEAM

EXAMPLE = {"service": "billing-service", "version": "v2.3.1", "environment": "prd"}
# Its rows are decisions with what their last answer says.
LISTING: Listing[Any] = Listing(
    name="gate",
    api="api-gate-decisions",
    language=LANGUAGE,
    rows=decisions_shown,
    chips=(
        ChipGroup(
            label=gettext_lazy("Decision"),
            word="is",
            values=words_of("gate", GateOutcome),
            one=True,
            every=gettext_lazy("All"),
        ),
        ENVIRONMENTS,
        MY_TEAM,
    ),
    columns=(
        Column(gettext_lazy("Id"), lambda row: row.pk),
        Column(gettext_lazy("Service"), lambda row: row.service),
        Column(gettext_lazy("Version"), lambda row: row.version),
        Column(gettext_lazy("Environment"), lambda row: row.environment),
        Column(gettext_lazy("Action"), lambda row: row.action),
        Column(gettext_lazy("Decision"), lambda row: row.outcome),
        Column(gettext_lazy("In the way"), lambda row: " ".join(row.blockers or ())),
        Column(gettext_lazy("Change"), lambda row: row.change),
        Column(gettext_lazy("Asked by"), lambda row: row.asked_by),
        Column(gettext_lazy("Asked"), lambda row: row.asked_at),
        Column(gettext_lazy("Decided"), lambda row: row.decided_at),
    ),
    counted=ngettext_lazy("%(count)s decision", "%(count)s decisions", "number"),
)


@require_safe
def gate(request: PageRequest) -> HttpResponseBase:
    """Decisions, the newest first."""
    require(request.actor, ASK_GATE, now=request.now)
    return show_list(request, LISTING, "releases/gate.html", lambda _shown: {"curl": curl()})


def curl() -> str:
    """A call that a pipeline can copy: it fails unless the gate allows."""
    return (
        f"curl --fail-with-body '{settings.BASE_URL}{reverse('api-gate-decisions')}?strict=1' \\\n"
        '  -H "Authorization: Bearer $CYBERCUBE_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(EXAMPLE)}'"
    )
