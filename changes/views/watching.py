"""Watch a change, or no longer: whoever does is told of its moves, edits and comments."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from changes.selectors.changes import get_change
from cybercube_portal.notices.actions.watching import set_watch
from cybercube_portal.web import PageRequest, back_to


@require_POST
def change_watch(request: PageRequest, number: str) -> HttpResponse:
    """`watch` is on or off."""
    change, on = get_change(number), request.POST.get("watch") == "on"
    set_watch(subject=change.number, on=on, actor=request.actor, now=request.now)
    said = _("You are told what becomes of it.") if on else _("You no longer watch it.")
    messages.success(request, said)
    return redirect(back_to(request, default=reverse("change", args=[number])))


@require_safe
def change_review(_request: PageRequest, number: str) -> HttpResponse:
    """Where a mail's button leads: the change's page, at the place where it is decided. Opening it decides nothing.

    An address of its own, because a log-in on the way keeps an address but not the mark behind it.
    """
    return redirect(f"{reverse('change', args=[get_change(number).number])}#review")
