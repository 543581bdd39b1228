"""The catalogue of standard changes (§6.2): what is approved beforehand, and CAB's seats that approve or retire it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from changes import permissions
from changes.actions import templates as actions
from changes.forms.templates import TemplateForm
from changes.models import Template
from changes.policy.standard import conditions
from changes.selectors.templates import templates_listed
from changes.states import TemplateState
from changes.views.periods import choices
from cybercube_portal.people.guard import may
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again

LIST, FORM = "changes/templates.html", "changes/template_form.html"
NEXT = {TemplateState.PROPOSED: "activate", TemplateState.ACTIVE: "retire"}
STATES = (TemplateState.PROPOSED, TemplateState.ACTIVE, TemplateState.RETIRED)


@require_safe
def templates(request: PageRequest) -> HttpResponse:
    """Every template, what waits for CAB first."""
    return show(request, LIST, _context(request))


@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request: PageRequest) -> HttpResponse:
    """Propose a kind of standard change."""
    form = TemplateForm(request.POST or None, **choices())
    context = {"crumbs": [(_("Templates"), reverse("templates"))]} | recall(request, form)
    if not form.is_valid():
        return show(request, FORM, context, form=form)
    try:
        with sending(request):
            actions.propose_template(
                plan=actions.TemplatePlan(**form.fields_of()), actor=request.actor, now=request.now
            )
    except SHOWN_AGAIN as error:
        return show_again(request, FORM, context, form=form, error=error)
    messages.success(request, _("Proposed. CAB's three seats activate it."))
    return redirect("templates")


@require_POST
def template_activate(request: PageRequest, slug: str) -> HttpResponse:
    """Sign for CAB; its last seat activates the template."""
    return _sign(request, slug, actions.activate_template)


@require_POST
def template_retire(request: PageRequest, slug: str) -> HttpResponse:
    """Sign for CAB; its last seat retires the template."""
    return _sign(request, slug, actions.retire_template)


def _sign(request: PageRequest, slug: str, act: Callable[..., Template]) -> HttpResponse:
    try:
        template = act(slug=slug, actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, LIST, _context(request), error=error)
    said = {"title": template.title, "state": template.get_state_display()}
    messages.success(request, _("You signed. %(title)s: %(state)s.") % said)
    return redirect("templates")


def _context(request: PageRequest) -> dict[str, Any]:
    rows = sorted(templates_listed(), key=lambda row: (STATES.index(row.state), row.slug))
    return {
        "rows": [_row(row) for row in rows],
        "may_propose": may(request.actor, permissions.PROPOSE_TEMPLATE, now=request.now).allowed,
        "may_sign": may(request.actor, permissions.ACTIVATE_TEMPLATE, now=request.now).allowed,
    }


def _row(row: Template) -> dict[str, Any]:
    verb = NEXT.get(TemplateState(row.state), "")
    seats = actions.seats_of(row, verb=verb) if verb else ()
    return {
        "template": row,
        "conditions": conditions(row.kind),
        "verb": verb,
        "seats": seats,
        "is_asked": verb == "activate" or any(item.signature for item in seats),
        "sign_url": reverse(f"template-{verb}", args=[row.slug]) if verb else "",
    }
