"""Incidents: what went wrong where, and what was deployed there before it (§8.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.errors import NotFound
from cybercube_portal.people.guard import may
from cybercube_portal.web import SHOWN_AGAIN, Chip, PageRequest, page_of_rows, show, show_again
from cybercube_portal.web.badges import badge_of
from releases import permissions
from releases.actions.incidents import Trouble, report_incident, resolve_incident
from releases.models import Incident
from releases.rollback_forms import IncidentForm
from releases.selectors.incidents import incidents_filtered
from releases.states import IncidentSource, IncidentState

LIST, FORM = "releases/incidents.html", "releases/incident_form.html"


@require_safe
def incidents(request: PageRequest) -> HttpResponse:
    """All of them, the newest first."""
    filters = _filters(request)
    team = request.actor.team or ""
    page = page_of_rows(
        request,
        incidents_filtered(
            state=filters["state"],
            environment=filters["environment"],
            source=filters["source"],
            service=filters["service"],
            team=team if filters["team"] else "",
        ),
        order=("-detected_at", "-id"),
    )
    context = {
        "page": page,
        "rows": [(row, _may_resolve(request, row)) for row in page.rows],
        "filters": filters,
        "is_narrowed": any(filters.values()),
        "chips": _chips(filters, has_team=bool(team)),
        "may_report": may(request.actor, permissions.REPORT_INCIDENT, now=request.now).allowed,
    }
    return show(request, LIST, context)


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


def _filters(request: PageRequest) -> dict[str, str]:
    """What was asked for; a word nobody knows narrows nothing."""
    sent = request.GET
    known: dict[str, set[str]] = {
        "state": {state.value for state in IncidentState},
        "environment": {code.value for code in EnvironmentCode},
        "source": {source.value for source in IncidentSource},
    }
    chosen = {name: sent.get(name, "") if sent.get(name, "") in words else "" for name, words in known.items()}
    service = sent.get("service", "").replace("\x00", "").strip()[:64]
    return {**chosen, "service": service, "team": "1" if sent.get("team") else ""}


def _chips(filters: dict[str, str], *, has_team: bool) -> list[tuple[str, list[Chip]]]:
    rows: list[tuple[str, str, list[tuple[str, str | Promise]]]] = [
        ("state", _("State"), [(state.value, badge_of("incident", state).word) for state in IncidentState]),
        ("environment", _("Environment"), [(code.value, code.value) for code in EnvironmentCode]),
        (
            "source",
            _("Noticed by"),
            [(source.value, badge_of("incident_source", source).word) for source in IncidentSource],
        ),
    ]
    if has_team:
        rows.append(("team", _("Whose services"), [("1", _("My team"))]))
    return [(label, list(_choices(filters, name, values))) for name, label, values in rows]


def _choices(filters: dict[str, str], name: str, values: list[tuple[str, Any]]) -> Iterator[Chip]:
    """One of these at most; following the active one takes it away."""
    for value, label in values:
        active = filters[name] == value
        query = QueryDict(mutable=True)
        query.update({key: kept for key, kept in {**filters, name: "" if active else value}.items() if kept})
        yield Chip(label=str(label), url=f"?{query.urlencode()}", active=active)
