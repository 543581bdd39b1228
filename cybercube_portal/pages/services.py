"""Services: what runs where, side by side; and one service with everything that speaks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.permissions import EDIT_SERVICE, REGISTER_SERVICE
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.decisions import Reason
from cybercube_portal.notices.actions.watching import set_watch
from cybercube_portal.notices.selectors.watches import watching
from cybercube_portal.pages.judging import groups_of, queries_of
from cybercube_portal.pages.lanes import lanes
from cybercube_portal.pages.links import change_path, deployment_path, path_of, release_path
from cybercube_portal.people.guard import may
from cybercube_portal.people.selectors import team_slugs
from cybercube_portal.web import Chip, PageRequest, page_of_rows, show
from releases.policy.drift import PlaceWord
from releases.policy.parity import ALLOWED_DIFFERENCES
from releases.selectors.incidents import open_incidents
from releases.selectors.places import PlaceRow
from releases.selectors.releases import releases
from releases.selectors.standing import Standing, standing_of, standings

if TYPE_CHECKING:
    from releases.models import Deployment

HISTORY = 15
RELEASES = 6
TIERS = (1, 2, 3, 4)
ENVIRONMENT_NAMES = {
    EnvironmentCode.DEV: gettext_lazy("Development"),
    EnvironmentCode.STG: gettext_lazy("Staging"),
    EnvironmentCode.PRD: gettext_lazy("Production"),
}
LANE_SPAN = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A place as a card or a cell draws it. `version` is what runs as far as is known; `findings` are what is to be done."""

    environment: str
    name: str
    version: str
    word: PlaceWord
    row: PlaceRow
    findings: tuple[Reason, ...]
    deployment_url: str
    under_way_url: str
    change_url: str
    bypass_url: str


@require_safe
def services(request: PageRequest) -> HttpResponse:
    """All of them with their versions in dev, stg and prd."""
    filters = _filters(request.GET)
    rows = catalog.services()
    if filters["team"]:
        rows = rows.filter(team__slug=filters["team"])
    if filters["tier"]:
        rows = rows.filter(tier=int(filters["tier"]))
    found: dict[str, Standing] = {}
    if filters["drift"]:
        found = standings(rows, now=request.now)
        rows = rows.filter(slug__in=[slug for slug, standing in found.items() if standing.is_drifting])
    page = page_of_rows(request, rows.prefetch_related(None), order=("slug",))
    if not found:
        found = standings(catalog.services().filter(pk__in=[row.pk for row in page.rows]), now=request.now)
    troubled = open_incidents(services=[row.slug for row in page.rows])
    context = {
        "page": page,
        "lines": [(row, _cells(found[row.slug]), len(troubled.get(row.slug, ()))) for row in page.rows],
        "environments": list(EnvironmentCode),
        "filters": filters,
        "may_register": may(request.actor, REGISTER_SERVICE, now=request.now).allowed,
        "is_narrowed": any(filters.values()),
        "teams": [_chip(filters, "team", slug, slug) for slug in sorted(team_slugs())],
        "tiers": [_chip(filters, "tier", str(tier), _("Tier %(tier)s") % {"tier": tier}) for tier in TIERS],
        "drift": [_chip(filters, "drift", "1", _("Drifting"))],
    }
    return show(request, "pages/services.html", context)


@require_safe
def service(request: PageRequest, slug: str) -> HttpResponse:
    """One service."""
    row, needs, is_watched = catalog.service_with_needs(slug, asked=watching(request.actor.id, f"service:{slug}"))
    standing = standing_of(slug, now=request.now, history=HISTORY)
    cells = _cells(standing)
    shipped = list(releases().filter(service=row.pk)[:RELEASES])
    context = {
        "service": row,
        "title": row.name,
        "may_edit": may(request.actor, EDIT_SERVICE, now=request.now).allowed,
        "cells": cells,
        "parity": standing.parity.reasons,
        "allowed_differences": ALLOWED_DIFFERENCES,
        "history": [_past(deployment) for deployment in standing.history],
        "releases": [(release, release_path(release.reference)) for release in shipped],
        "incidents": open_incidents(services=[slug]).get(slug, ()),
        "rollback_url": _rollback_url(standing.rows[EnvironmentCode.PRD]),
        "deployments_url": path_of("deployments"),
        "dashboard_query": f"?service={slug}",
        "is_watched": is_watched,
        "lanes": lanes(
            standing.stood,
            places=[code.value for code in EnvironmentCode],
            now=request.now,
            span=LANE_SPAN,
            production=EnvironmentCode.PRD,
        ),
        "lane_days": LANE_SPAN.days,
        "judged": groups_of(row),
        "queries": queries_of(row),
        "needs": needs,
    }
    return show(request, "pages/service.html", context)


@require_POST
def service_watch(request: PageRequest, slug: str) -> HttpResponse:
    """Be told what becomes of it in production, of its changes and its releases, or no longer."""
    row, on = catalog.get_service(slug), request.POST.get("watch") == "on"
    set_watch(subject=f"service:{row.slug}", on=on, actor=request.actor, now=request.now)
    said = (
        _("You are told when its changes are submitted and approved, its releases are out, and production changes.")
        if on
        else _("You no longer watch it.")
    )
    messages.success(request, said)
    return redirect("service", slug)


def _rollback_url(row: PlaceRow) -> str:
    standing = row.newest or row.expected
    return path_of("deployments", standing.reference, "roll_back") if standing is not None else ""


def _cells(standing: Standing) -> list[Cell]:
    return [_cell(code, row, standing) for code, row in standing.rows.items()]


def _cell(code: str, row: PlaceRow, standing: Standing) -> Cell:
    seen, expected = row.observation, row.expected
    running = seen.version if seen is not None and seen.seen_at is not None else ""
    return Cell(
        environment=code,
        name=str(ENVIRONMENT_NAMES[EnvironmentCode(code)]),
        version=running or (expected.version if expected else ""),
        word=standing.words[code],
        row=row,
        findings=standing.drift[code].blockers,
        deployment_url=deployment_path(expected.reference) if expected else "",
        under_way_url=deployment_path(row.under_way.reference) if row.under_way else "",
        change_url=change_path(expected.change) if expected else "",
        bypass_url=change_path(row.place.bypass_change),
    )


def _past(row: Deployment) -> dict[str, Any]:
    return {"row": row, "url": deployment_path(row.reference), "change_url": change_path(row.change)}


def _filters(sent: QueryDict) -> Mapping[str, str]:
    tier = sent.get("tier", "")
    return {
        "team": sent.get("team", "").replace("\x00", "")[:64],
        "tier": tier if tier in {str(known) for known in TIERS} else "",
        "drift": "1" if sent.get("drift") else "",
    }


def _chip(filters: Mapping[str, str], name: str, value: str, label: str) -> Chip:
    active = filters[name] == value
    query = QueryDict(mutable=True)
    query.update({key: kept for key, kept in {**filters, name: "" if active else value}.items() if kept})
    return Chip(label=label, url=f"?{query.urlencode()}", active=active)
