"""`POST /deployments/<reference>/<verb>/`: one row for each verb, the same words as over REST (house.md section 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cybercube_portal.web import SHOWN_AGAIN, PageRequest, back_to, show, show_again
from releases.actions import deployments as actions
from releases.actions import verification
from releases.views.deployment_words import FORMS
from releases.views.deployments import TEMPLATE, deployment_context


@dataclass(frozen=True, slots=True)
class Verb:
    """`act(reference=…, actor=…, now=…, **cleaned)` does it; `takes` are its form's fields, `said` what follows."""

    name: str
    act: Callable[..., Any]
    said: str | Promise
    takes: tuple[str, ...] = ()


VERBS: tuple[Verb, ...] = (
    Verb("advance", actions.advance_deployment, _("Advanced to the next step.")),
    Verb("finish", actions.finish_deployment, _("Noted."), ("status", "note")),
    Verb("verify", verification.verify_deployment, _("The checks are made again.")),
    Verb("fail", verification.fail_unverified, _("It counts as failed."), ("reason",)),
    Verb("abort", actions.abort_deployment, _("Given up."), ("reason",)),
)


def move_routes() -> list[URLPattern]:
    """An address for each verb."""
    return [
        path(f"deployments/<str:reference>/{verb.name}/", move, {"verb": verb}, name=f"deployment-{verb.name}")
        for verb in VERBS
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: PageRequest, reference: str, verb: Verb) -> HttpResponse:
    """Do it and go back; a refusal shows the page with what was typed. A link only opens the page."""
    page = reverse("deployment", args=[reference])
    if request.method != "POST":
        return redirect(page)
    form = FORMS[verb.name](request.POST)
    if not form.is_valid():
        context = deployment_context(request, reference, failed=verb.name, bound=form)
        return show(request, TEMPLATE, context, form=form)
    given = {name: form.cleaned_data[name] for name in verb.takes}
    try:
        verb.act(reference=reference, actor=request.actor, now=request.now, **given)
    except SHOWN_AGAIN as error:
        context = deployment_context(request, reference, failed=verb.name, bound=form)
        return show_again(request, TEMPLATE, context, form=form, error=error)
    messages.success(request, str(verb.said))
    return redirect(back_to(request, default=page))
