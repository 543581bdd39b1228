"""Watch a release, or no longer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cybercube_portal.notices.actions.watching import set_watch
from cybercube_portal.web import PageRequest
from releases.selectors.releases import get_release


@require_POST
def release_watch(request: PageRequest, reference: str) -> HttpResponse:
    """`watch` is on or off."""
    found, on = get_release(reference), request.POST.get("watch") == "on"
    set_watch(subject=found.reference, on=on, actor=request.actor, now=request.now)
    messages.success(request, _("You are told what becomes of it.") if on else _("You no longer watch it."))
    return redirect("release", reference)
