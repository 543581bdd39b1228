"""What ran before the portal came, looked at and answered for."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.guard import may
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again
from releases import permissions
from releases.actions.adopting import adopt_running
from releases.policy.drift import is_unrecorded
from releases.rollback_forms import AdoptForm
from releases.selectors.places import find_place

TEMPLATE = "releases/adopt.html"


@require_http_methods(["GET", "HEAD", "POST"])
def adopt(request: PageRequest, slug: str, environment: str) -> HttpResponse:
    """Say why what runs there may stay; from then on it is the baseline."""
    service = catalog.get_service(slug)
    found = find_place(slug, environment)
    running = found.observation.version if found.observation else ""
    form = AdoptForm(request.POST or None, initial={"version": running})
    context = {
        "service": service,
        "environment": environment,
        "seen": found.observation,
        "is_unrecorded": is_unrecorded(found.place),
        "blockers": may(request.actor, permissions.ADOPT_RUNNING, now=request.now, teams=[service.team.slug]).blockers,
        "crumbs": [(_("Services"), reverse("services")), (slug, reverse("service", args=[slug]))],
    }
    if not form.is_valid():
        return show(request, TEMPLATE, context, form=form)
    try:
        adopt_running(slug=slug, environment=environment, **form.cleaned_data, actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, TEMPLATE, context, form=form, error=error)
    messages.success(request, _("%(version)s is adopted.") % {"version": form.cleaned_data["version"]})
    return redirect("service", slug)
