"""Would it pass? A dry run through the action that REST calls, and the days ahead. Nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Invalid
from cybercube_portal.people.guard import require
from cybercube_portal.web import PageRequest, show, show_again
from releases.actions.gate import Asked, decide_gate
from releases.api.questions import read_question
from releases.forms import AskForm
from releases.permissions import ASK_GATE
from releases.policy.gate.forecast import forecast
from releases.selectors.gate import read_facts
from releases.views.answers import shown
from releases.views.forecast import stretches

TEMPLATE = "releases/ask.html"
AHEAD = timedelta(days=14)
MOST_VERSIONS = 200
MOST_STRETCHES = 40
# A link that says this much is a question; one that says less only fills in the form.
ENOUGH = ("service", "environment")


@require_safe
def gate_ask(request: PageRequest) -> HttpResponse:
    """The question stands in the address, so that it can be asked again tomorrow."""
    require(request.actor, ASK_GATE, now=request.now)
    is_asked = all(name in request.GET for name in ENOUGH)
    form = AskForm(request.GET) if is_asked else AskForm(initial=request.GET.dict())
    context = {
        "services": catalog.slugs(),
        "versions": _versions(request.GET.get("service", "")),
        "days": AHEAD.days,
        "crumbs": [(_("Gate"), reverse("gate"))],
    }
    if not form.is_valid():
        return show(request, TEMPLATE, context, form=form)
    try:
        asked = read_question(form.body(), idempotency_key="", vouched_run={})
    except Invalid as error:
        return show_again(request, TEMPLATE, context, form=form, error=error)
    return show(request, TEMPLATE, {**context, **_answered(request, asked)}, form=form)


def _answered(request: PageRequest, asked: Asked) -> Mapping[str, Any]:
    """What the gate would say, and the stretches of the days that follow."""
    answer = decide_gate(asked=asked, actor=request.actor)
    reading = read_facts(asked.question, actor=request.actor, at=answer.decided_at, look_ahead=AHEAD)
    until = reading.facts.at + AHEAD
    found = forecast(reading.facts, until=until)
    rows = stretches(reading.facts, found.slots, until=until)
    return {
        "question": asked.question,
        "answer": shown(answer, supposed=True),
        "is_other_moment": asked.at is not None,
        "rows": rows[:MOST_STRETCHES],
        "has_more_rows": len(rows) > MOST_STRETCHES,
        "conditions": found.conditions,
        "is_ever_open": bool(found.slots),
    }


def _versions(service: str) -> list[str]:
    """What may be meant: the versions of `service`, else the newest of all."""
    known = catalog.artifacts_listed(service=service, git_sha=None, digest=None) if _is_storable(service) else None
    versions = list(known.values_list("version", flat=True)[:MOST_VERSIONS]) if known is not None else []
    newest = versions or [name.partition(":")[2] for name in catalog.newest_releases(most=MOST_VERSIONS)]
    return list(dict.fromkeys(newest))


def _is_storable(text: str) -> bool:
    return bool(text) and "\x00" not in text
