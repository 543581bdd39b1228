"""Incidents: what went wrong where, and what was deployed there before it (§8.5)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import NotFound
from cybercube_portal.people.guard import may
from cybercube_portal.people.views.lists import show_list
from cybercube_portal.web import (
    SHOWN_AGAIN,
    ChipGroup,
    Column,
    Listing,
    ListPage,
    PageRequest,
    show,
    show_again,
)
from cybercube_portal.web.badges import words_of
from releases import permissions
from releases.actions.incidents import Trouble, report_incident, resolve_incident
from releases.models import Incident
from releases.rollback_forms import IncidentForm
from releases.selectors.incidents import incidents as all_incidents
from releases.selectors.words.incidents import LANGUAGE
from releases.states import IncidentSource, IncidentState
from releases.views.chips import ENVIRONMENTS, MY_TEAM

LIST, FORM = "releases/incidents.html", "releases/incident_form.html"


LISTING: Listing[Incident] = Listing(
    name="incidents",
    api="api-incidents",
    language=LANGUAGE,
    rows=all_incidents,
    chips=(
        ChipGroup(
            label=gettext_lazy("State"),
            word="is",
            values=words_of("incident", IncidentState),
            one=True,
            every=gettext_lazy("All"),
        ),
        ENVIRONMENTS,
        ChipGroup(label=gettext_lazy("Noticed by"), word="source", values=words_of("incident_source", IncidentSource)),
        MY_TEAM,
    ),
    columns=(
        Column(gettext_lazy("Reference"), lambda row: row.reference),
        Column(gettext_lazy("Title"), lambda row: row.title),
        Column(gettext_lazy("Service"), lambda row: row.service.slug),
        Column(gettext_lazy("Environment"), lambda row: row.environment),
        Column(gettext_lazy("State"), lambda row: row.state),
        Column(gettext_lazy("Severity"), lambda row: row.severity),
        Column(gettext_lazy("Noticed by"), lambda row: row.source),
        Column(gettext_lazy("Deployment"), lambda row: row.deployment),
        Column(gettext_lazy("Noticed"), lambda row: row.detected_at),
        Column(gettext_lazy("Over"), lambda row: row.resolved_at),
    ),
    counted=ngettext_lazy("%(count)s incident", "%(count)s incidents", "number"),
)


@require_safe
def incidents(request: PageRequest) -> HttpResponseBase:
    """All of them, the newest first."""

    def more(shown: ListPage[Incident]) -> dict[str, Any]:
        return {
            "rows": [(row, _may_resolve(request, row)) for row in shown.page.rows],
            "may_report": may(request.actor, permissions.REPORT_INCIDENT, now=request.now).allowed,
        }

    return show_list(request, LISTING, LIST, more)


@require_http_methods(["GET", "HEAD", "POST"])
def incident_new(request: PageRequest) -> HttpResponse:
    """Something is wrong."""
    form = IncidentForm(request.POST or None, initial={name: request.GET.get(name, "") for name in ("service",)})
    context = {"services": catalog.slugs(), "crumbs": [(_("Incidents"), reverse("incidents"))]}
    if not form.is_valid():
        return show(request, FORM, context, form=form)
    try:
        incident = report_incident(trouble=Trouble(**form.cleaned_data), actor=request.actor, now=request.now)
    except NotFound as unknown:
        form.add_error("service", str(unknown))
        return show(request, FORM, context, form=form)
    except SHOWN_AGAIN as error:
        return show_again(request, FORM, context, form=form, error=error)
    messages.success(request, _("%(reference)s is open.") % {"reference": incident.reference})
    return redirect("incidents")


@require_POST
def incident_resolve(request: PageRequest, reference: str) -> HttpResponse:
    """It is over."""
    try:
        resolve_incident(reference=reference, actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(reference)s is resolved.") % {"reference": reference})
    return redirect("incidents")


def _may_resolve(request: PageRequest, row: Incident) -> bool:
    team = row.service.team.slug
    allowed = may(request.actor, permissions.RESOLVE_INCIDENT, now=request.now, teams=[team]).allowed
    return allowed and row.state == IncidentState.OPEN
