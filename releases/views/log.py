"""The gate's log: what was asked, the newest first."""

from __future__ import annotations

import json

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.people.guard import require
from cybercube_portal.web import Chip, PageRequest, page_of_rows, show
from cybercube_portal.web.badges import badge_of
from releases.permissions import ASK_GATE
from releases.selectors.gate_history import decisions_narrowed
from releases.states import GateOutcome
from releases.views.filters import Filters, choices, typed

ORDER = ("-asked_at", "-id")
LONGEST: dict[str, int] = {"service": 64, "change": 24}
EXAMPLE = {"service": "billing-service", "version": "v2.3.1", "environment": "prd"}


@require_safe
def gate(request: PageRequest) -> HttpResponse:
    """Decisions, with filters."""
    require(request.actor, ASK_GATE, now=request.now)
    filters = _filters(request.GET)
    rows = decisions_narrowed(
        service=filters["service"],
        environment=filters["environment"],
        outcome=filters["outcome"],
        change=filters["change"],
        team=(request.actor.team or "") if filters["team"] else "",
    )
    context = {
        "page": page_of_rows(request, rows, order=ORDER),
        "filters": filters,
        "kept": {name: value for name, value in filters.items() if value and name not in LONGEST},
        "is_narrowed": any(filters.values()),
        "services": catalog.slugs(),
        "curl": curl(),
        **_chips(filters, has_team=request.actor.team is not None),
    }
    return show(request, "releases/gate.html", context)


def curl() -> str:
    """A call that a pipeline can copy: it fails unless the gate allows."""
    return (
        f"curl --fail-with-body '{settings.BASE_URL}{reverse('api-gate-decisions')}?strict=1' \\\n"
        '  -H "Authorization: Bearer $CYBERCUBE_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(EXAMPLE)}'"
    )


def _filters(sent: QueryDict) -> Filters:
    """What was asked for; a word nobody knows narrows nothing."""
    environment, outcome = sent.get("environment", ""), sent.get("outcome", "")
    return {
        **typed(sent, LONGEST),
        "environment": environment if environment in set(EnvironmentCode) else "",
        "outcome": outcome if outcome in set(GateOutcome) else "",
        "team": "1" if sent.get("team") else "",
    }


def _chips(filters: Filters, *, has_team: bool) -> dict[str, list[Chip]]:
    outcomes = [(outcome.value, badge_of("gate", outcome).word) for outcome in GateOutcome]
    environments = [(code.value, code.value) for code in EnvironmentCode]
    return {
        "outcomes": list(choices(filters, "outcome", outcomes)),
        "environments": list(choices(filters, "environment", environments)),
        "whose": list(choices(filters, "team", [("1", _("My team"))])) if has_team else [],
    }
