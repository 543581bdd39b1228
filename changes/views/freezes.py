"""Freezes (§6.5): the list, one freeze with its exceptions, and its moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from changes import permissions
from changes.actions import freezes as actions
from changes.actions.periods import tag_of
from changes.forms.moves import NothingForm
from changes.forms.periods import EndForm, ExceptionForm, FreezeForm, initial_of_freeze
from changes.models import Freeze
from changes.policy.freezes import restriction_of
from changes.selectors.freezes import freeze_facts, freezes_listed, get_freeze, next_occurrence, phase_of
from changes.states import FreezeState
from changes.views.periods import COMMON_RULES, choices, next_ones, scope_words
from cybercube_portal.people.guard import Permission, may
from cybercube_portal.people.views.editing import Editing
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, Tab, show, show_again
from cybercube_portal.web.sentences import in_words

LIST, FORM, ONE = "changes/freezes.html", "changes/freeze_form.html", "changes/freeze.html"
MOST = 100
Verb = tuple[type[forms.BaseForm], Callable[..., Any], str | Promise]
VERBS: dict[str, Verb] = {
    "publish": (NothingForm, actions.publish_freeze, gettext_lazy("Published: from now on it counts.")),
    "lift": (EndForm, actions.lift_freeze, gettext_lazy("Lifted, for everybody.")),
    "cancel": (EndForm, actions.cancel_freeze, gettext_lazy("Cancelled.")),
    "exceptions": (ExceptionForm, actions.grant_exception, gettext_lazy("The exception is granted.")),
}


@require_safe
def freezes(request: PageRequest) -> HttpResponse:
    """Freezes that are not over, or those that are."""
    when = "past" if request.GET.get("when") == "past" else "current"
    rows = list(freezes_listed(now=request.now, when=when)[:MOST])
    context = {
        "rows": [_row(row, request) for row in rows],
        "when": when,
        "tabs": period_tabs("past" if when == "past" else "freezes"),
        "may_create": _may(request, permissions.CREATE_FREEZE),
    }
    return show(request, LIST, context)


@require_http_methods(["GET", "HEAD", "POST"])
def freeze_new(request: PageRequest) -> HttpResponse:
    """Write a draft."""
    first = {"timezone": timezone.get_current_timezone_name(), "environments": ["prd"], "kind": "holiday"}
    form = FreezeForm(request.POST or None, initial=first, **choices())
    context = {"crumbs": _above(), "rules": COMMON_RULES} | recall(request, form)
    if not form.is_valid():
        return show(request, FORM, context, form=form)
    try:
        with sending(request):
            freeze = actions.create_freeze(
                plan=actions.FreezePlan(**form.fields_of()), actor=request.actor, now=request.now
            )
    except SHOWN_AGAIN as error:
        return show_again(request, FORM, context, form=form, error=error)
    messages.success(request, _("The draft is kept. It counts once it is published."))
    return redirect("freeze", freeze.reference)


@require_http_methods(["GET", "HEAD", "POST"])
def freeze_edit(request: PageRequest, reference: str) -> HttpResponse:
    """Edit a draft."""
    freeze = get_freeze(reference)
    form = FreezeForm(request.POST or None, initial=initial_of_freeze(freeze), **choices())
    editing = Editing(request, form, version=tag_of(actions.plan_of(freeze)))
    context = {"crumbs": [*_above(), (reference, _page(reference))], "freeze": freeze, "rules": COMMON_RULES}

    def save() -> None:
        actions.edit_freeze(
            reference=reference,
            tag=editing.version,
            changes=form.fields_of(),
            actor=request.actor,
            now=request.now,
        )

    return editing.answer(FORM, context, save=save, then=_page(reference))


@require_safe
def freeze(request: PageRequest, reference: str) -> HttpResponse:
    """One freeze: what it forbids, when next, whom it let pass."""
    return show(request, ONE, _context(request, reference))


@require_http_methods(["GET", "HEAD", "POST"])
def freeze_move(request: PageRequest, reference: str, verb: str) -> HttpResponse:
    """Publish, lift, cancel, or let one change pass. A link only opens the page."""
    kind, act, said = VERBS[verb]
    if request.method != "POST":
        return redirect("freeze", reference)
    form = kind(request.POST)
    if not form.is_valid():
        return show(request, ONE, _context(request, reference, verb=verb, bound=form), form=form)
    try:
        act(reference=reference, actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        return show_again(request, ONE, _context(request, reference, verb=verb, bound=form), form=form, error=error)
    messages.success(request, str(said))
    return redirect("freeze", reference)


def period_tabs(active: str) -> list[Tab]:
    """What is about when changes may happen."""
    current = reverse("freezes")
    tabs = {
        "freezes": (_("Freezes"), current),
        "past": (_("Past freezes"), f"{current}?when=past"),
        "windows": (_("Deployment windows"), reverse("windows")),
    }
    return [Tab(label=label, url=url, active=name == active) for name, (label, url) in tabs.items()]


def _row(row: Freeze, request: PageRequest) -> dict[str, Any]:
    return {
        "freeze": row,
        "phase": phase_of(row, now=request.now),
        "words": _words(row),
        "next": next_occurrence(row, after=request.now),
        "scope": scope_words(row),
    }


def _words(row: Freeze) -> str:
    words = in_words(restriction_of(freeze_facts([row])[0]).words)
    return f"{words[:1].upper()}{words[1:]}"


def _context(
    request: PageRequest, reference: str, *, verb: str = "", bound: forms.BaseForm | None = None
) -> dict[str, Any]:
    row = get_freeze(reference)
    is_draft, is_published = row.state == FreezeState.DRAFT, row.state == FreezeState.PUBLISHED
    owns = is_draft and row.created_by_id == request.actor.id
    return {
        **_row(row, request),
        "occurrences": next_ones(row, now=request.now),
        "exceptions": list(row.exceptions.select_related("change", "granted_by")),
        "may_edit": is_draft and _may(request, permissions.EDIT_FREEZE),
        "may_publish": is_draft and _may(request, permissions.PUBLISH_FREEZE),
        "may_lift": is_published and _may(request, permissions.LIFT_FREEZE),
        "may_cancel": (is_draft or is_published)
        and _may(request, permissions.EDIT_FREEZE if owns else permissions.CANCEL_FREEZE),
        "may_except": is_published and _may(request, permissions.GRANT_EXCEPTION),
        "asked": {
            "lift": bound if verb == "lift" else EndForm(auto_id="lift_%s"),
            "cancel": bound if verb == "cancel" else EndForm(auto_id="cancel_%s"),
            "exceptions": bound if verb == "exceptions" else ExceptionForm(auto_id="exception_%s"),
        },
        "failed": verb,
        "crumbs": _above(),
    }


def _may(request: PageRequest, permission: Permission) -> bool:
    return may(request.actor, permission, now=request.now).allowed


def _above() -> list[tuple[str, str]]:
    return [(_("Freezes"), reverse("freezes"))]


def _page(reference: str) -> str:
    return reverse("freeze", args=[reference])
