"""Deployment windows: where one matches a service, its normal changes deploy only inside."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from changes import permissions
from changes.actions import windows as actions
from changes.actions.periods import Period, tag_of
from changes.forms.periods import PeriodForm, initial_of
from changes.selectors.freezes import get_window, next_occurrence, windows_standing
from changes.views.freezes import period_tabs
from changes.views.periods import COMMON_RULES, choices, scope_words
from cybercube_portal.people.guard import may
from cybercube_portal.people.views.editing import Editing
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again

LIST, FORM = "changes/windows.html", "changes/window_form.html"
MOST = 200


@require_safe
def windows(request: PageRequest) -> HttpResponse:
    """Every window that stands."""
    rows = [
        {"window": row, "next": next_occurrence(row, after=request.now), "scope": scope_words(row)}
        for row in windows_standing()[:MOST]
    ]
    may_edit = may(request.actor, permissions.EDIT_WINDOW, now=request.now).allowed
    return show(request, LIST, {"rows": rows, "tabs": period_tabs("windows"), "may_edit": may_edit})


@require_http_methods(["GET", "HEAD", "POST"])
def window_new(request: PageRequest) -> HttpResponse:
    """Open a window: from then on normal changes of its scope wait for it."""
    first = {"timezone": timezone.get_current_timezone_name(), "environments": ["prd"]}
    form = PeriodForm(request.POST or None, initial=first, **choices())
    context = {"crumbs": _above(), "rules": COMMON_RULES} | recall(request, form)
    if not form.is_valid():
        return show(request, FORM, context, form=form)
    try:
        with sending(request):
            actions.create_window(period=Period(**form.fields_of()), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, FORM, context, form=form, error=error)
    messages.success(request, _("The window stands."))
    return redirect("windows")


@require_http_methods(["GET", "HEAD", "POST"])
def window_edit(request: PageRequest, reference: str) -> HttpResponse:
    """Change when or where."""
    window = get_window(reference)
    form = PeriodForm(request.POST or None, initial=initial_of(window), **choices())
    editing = Editing(request, form, version=tag_of(actions.period_of(window)))
    context = {"crumbs": _above(), "window": window, "rules": COMMON_RULES}

    def save() -> None:
        actions.edit_window(
            reference=reference,
            tag=editing.version,
            changes=form.fields_of(),
            actor=request.actor,
            now=request.now,
        )

    return editing.answer(FORM, context, save=save, then=reverse("windows"))


@require_POST
def window_remove(request: PageRequest, reference: str) -> HttpResponse:
    """It holds nobody back any more."""
    actions.remove_window(reference=reference, actor=request.actor, now=request.now)
    messages.success(request, _("The window is removed."))
    return redirect("windows")


def _above() -> list[tuple[str, str]]:
    return [(_("Deployment windows"), reverse("windows"))]
