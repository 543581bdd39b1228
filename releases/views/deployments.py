"""Deployments: the list with its filters, and the page of one with everything known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_safe

from changes.views.merge_box import Button
from cybercube_portal.people.views.lists import show_list
from cybercube_portal.web import ChipGroup, Column, Listing, PageRequest, show
from releases.models import Deployment
from releases.selectors.deployment_moves import moves_for, possible_from
from releases.selectors.deployment_view import rollback_of, verification_of, watch_of
from releases.selectors.deployments import deployments as all_deployments
from releases.selectors.deployments import get_deployment
from releases.selectors.rollbacks import flag_of
from releases.selectors.words.deployments import LANGUAGE
from releases.views.answers import run_of
from releases.views.chips import ENVIRONMENTS, MY_TEAM
from releases.views.deployment_words import BUTTONS, FORMS, headline_of
from releases.views.timeline import entries_of
from releases.views.watching import picture_of

TEMPLATE = "releases/deployment.html"


LISTING: Listing[Deployment] = Listing(
    name="deployments",
    api="api-deployments",
    language=LANGUAGE,
    rows=all_deployments,
    chips=(
        ChipGroup(
            label=gettext_lazy("State"),
            word="is",
            values={
                "under_way": gettext_lazy("Under way"),
                "healthy": gettext_lazy("Healthy"),
                "failed": gettext_lazy("Failed"),
                "taken_back": gettext_lazy("Taken back"),
            },
            one=True,
            every=gettext_lazy("All"),
        ),
        ENVIRONMENTS,
        MY_TEAM,
    ),
    columns=(
        Column(gettext_lazy("Reference"), lambda row: row.reference),
        Column(gettext_lazy("Service"), lambda row: row.service.slug),
        Column(gettext_lazy("Version"), lambda row: row.version),
        Column(gettext_lazy("Environment"), lambda row: row.environment),
        Column(gettext_lazy("State"), lambda row: row.state),
        Column(gettext_lazy("Action"), lambda row: row.action),
        Column(gettext_lazy("Method"), lambda row: row.method),
        Column(gettext_lazy("Change"), lambda row: row.change),
        Column(gettext_lazy("Started by"), lambda row: row.started_by.username if row.started_by else ""),
        Column(gettext_lazy("Reported"), lambda row: row.created_at),
        Column(gettext_lazy("Verified"), lambda row: row.verified_at),
    ),
    counted=ngettext_lazy("%(count)s deployment", "%(count)s deployments", "number"),
)


@require_safe
def deployments(request: PageRequest) -> HttpResponseBase:
    """The newest first."""
    return show_list(request, LISTING, "releases/deployments.html")


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
        "way_back_flag": flag_of(row)[0],
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
