"""Deployments: the list with its filters, and the page of one with everything known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from changes.views.merge_box import Button
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.web import Chip, PageRequest, page_of_rows, show
from releases.models import Deployment
from releases.selectors.deployment_moves import moves_for, possible_from
from releases.selectors.deployment_view import rollback_of, verification_of, watch_of
from releases.selectors.deployments import STATE_GROUPS, deployments_in, get_deployment
from releases.selectors.rollbacks import flag_of
from releases.views.answers import run_of
from releases.views.deployment_words import BUTTONS, FORMS, headline_of
from releases.views.filters import Filters, choices, typed
from releases.views.timeline import entries_of
from releases.views.watching import picture_of

TEMPLATE = "releases/deployment.html"
ORDER = ("-created_at", "-id")
LONGEST: dict[str, int] = {"service": 64, "version": 128}


@require_safe
def deployments(request: PageRequest) -> HttpResponse:
    """The newest first, with filters."""
    filters = _filters(request.GET)
    team = (request.actor.team or "") if filters["team"] else ""
    rows = deployments_in(
        filters["state"],
        service=filters["service"],
        version=filters["version"],
        environment=filters["environment"],
        team=team,
    )
    context = {
        "page": page_of_rows(request, rows, order=ORDER),
        "filters": filters,
        "kept": {name: value for name, value in filters.items() if value and name not in LONGEST},
        "is_narrowed": any(filters.values()),
        "services": catalog.slugs(),
        **_chips(filters, has_team=request.actor.team is not None),
    }
    return show(request, "releases/deployments.html", context)


@require_safe
def deployment(request: PageRequest, reference: str) -> HttpResponse:
    """One deployment."""
    return show(request, TEMPLATE, deployment_context(request, reference))


def deployment_context(
    request: PageRequest, reference: str, *, failed: str = "", bound: forms.BaseForm | None = None
) -> dict[str, Any]:
    """What the page draws; `bound` is the form of the verb `failed`, as it was typed."""
    row = get_deployment(reference)
    buttons = list(_buttons(request, row, failed=failed, bound=bound))
    verification, watch = verification_of(row), watch_of(row)
    tone, words = headline_of(row, verdict=verification["verdict"] if verification else None)
    return {
        "deployment": row,
        "tone": tone,
        "words": words,
        "buttons": [button for button in buttons if button.allowed],
        "not_now": [button for button in buttons if not button.allowed],
        "steps": list(_steps(row)),
        "verification": verification,
        "watch": watch,
        "picture": picture_of(row, watch),
        "rollback": rollback_of(row),
        "has_way_back": row.state in possible_from("roll_back"),
        "way_back_flag": flag_of(row),
        "run": run_of(row),
        "entries": entries_of(row.reference),
        "crumbs": [(_("Deployments"), reverse("deployments"))],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a canary as it is drawn. `place`: done, current or to come."""

    weight: int
    pause: timedelta
    place: str
    words: str | Promise


def _steps(row: Deployment) -> Iterator[Step]:
    is_over = row.finished_at is not None
    for index, step in enumerate(row.steps):
        place, words = "todo", _("To come")
        if index < row.step or (is_over and index == row.step):
            place, words = "done", _("Done")
        elif index == row.step:
            place, words = ("here", _("Here")) if row.state == "running" else ("stopped", _("Stopped here"))
        yield Step(weight=step["weight"], pause=timedelta(seconds=step["pause_seconds"]), place=place, words=words)


def _buttons(request: PageRequest, row: Deployment, *, failed: str, bound: forms.BaseForm | None) -> Iterator[Button]:
    for option in moves_for(row, actor=request.actor, now=request.now):
        look = BUTTONS.get(option.verb)
        if look is None:  # its page is another one
            continue
        form = bound if option.verb == failed else FORMS[option.verb]()
        yield Button(
            verb=option.verb,
            label=option.label,
            url=reverse(f"deployment-{option.verb}", args=[row.reference]),
            icon=look.icon,
            tone=look.tone,
            allowed=option.allowed,
            why=option.reasons,
            form=form if form is not None and form.fields else None,
            opened=option.verb == failed,
        )


def _filters(sent: QueryDict) -> Filters:
    """What was asked for; a word nobody knows narrows nothing."""
    environment, state = sent.get("environment", ""), sent.get("state", "")
    return {
        **typed(sent, LONGEST),
        "environment": environment if environment in set(EnvironmentCode) else "",
        "state": state if state in STATE_GROUPS else "",
        "team": "1" if sent.get("team") else "",
    }


def _chips(filters: Filters, *, has_team: bool) -> dict[str, list[Chip]]:
    states = [
        ("under_way", _("Under way")),
        ("healthy", _("Healthy")),
        ("failed", _("Failed")),
        ("taken_back", _("Taken back")),
    ]
    environments = [(code.value, code.value) for code in EnvironmentCode]
    return {
        "states": list(choices(filters, "state", states)),
        "environments": list(choices(filters, "environment", environments)),
        "whose": list(choices(filters, "team", [("1", _("My team"))])) if has_team else [],
    }
