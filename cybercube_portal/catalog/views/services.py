"""Register a service, and edit what the portal knows of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cybercube_portal.catalog import permissions, selectors
from cybercube_portal.catalog.actions import edit_service, register_service
from cybercube_portal.catalog.service_content import tag_of
from cybercube_portal.catalog.service_forms import NewServiceForm, ServiceForm, typed
from cybercube_portal.people.guard import may
from cybercube_portal.people.selectors import team_slugs
from cybercube_portal.people.views.editing import Editing
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again

TEMPLATE = "catalog/service_form.html"
METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(METHODS)
def service_new(request: PageRequest) -> HttpResponse:
    """A service joins the catalogue."""
    form = NewServiceForm(request.POST or None, teams=team_slugs(), initial={"team": request.actor.team})
    context = {
        "blockers": may(request.actor, permissions.REGISTER_SERVICE, now=request.now).blockers,
        "crumbs": [(_("Services"), reverse("services"))],
        **recall(request, form),
    }
    if not form.is_valid():
        return show(request, TEMPLATE, context, form=form)
    slug = form.cleaned_data["slug"]
    try:
        with sending(request):
            register_service(slug=slug, fields=form.service_fields(), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, TEMPLATE, context, form=form, error=error)
    messages.success(request, _("%(slug)s is registered.") % {"slug": slug})
    return redirect("service", slug)


@require_http_methods(METHODS)
def service_edit(request: PageRequest, slug: str) -> HttpResponse:
    """Owner, addresses, metrics, thresholds and the way back of a service; what somebody else saved meanwhile is not overwritten unseen."""
    service = selectors.get_service(slug)
    form = ServiceForm(request.POST or None, teams=team_slugs(), initial=typed(service))
    editing = Editing(request, form, version=tag_of(service))
    context = {
        "service": service,
        "blockers": may(request.actor, permissions.EDIT_SERVICE, now=request.now).blockers,
        "crumbs": [(_("Services"), reverse("services")), (slug, reverse("service", args=[slug]))],
    }

    def save() -> None:
        edit_service(slug=slug, tag=editing.version, fields=form.service_fields(), actor=request.actor, now=request.now)

    said = _("%(slug)s is saved.") % {"slug": slug}
    return editing.answer(TEMPLATE, context, save=save, then=reverse("service", args=[slug]), said=said)
