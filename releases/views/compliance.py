"""Compliance: services beside each other, one service in full, and its badge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.signing import Signer
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cybercube_portal import clock
from cybercube_portal.api import etag_of, names_tag
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.decisions import Outcome
from cybercube_portal.errors import NotFound
from cybercube_portal.web import Chip, PageRequest, page_of_rows, show
from releases.policy.compliance import Judged, Status, tally
from releases.proofs import address_of
from releases.selectors.compliance import compliance_of, with_counts

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Service

PER_PAGE = 25
# Of the badge, in pixels: a sign is about this wide, beside the space around the text.
SIGN, SPACE = 7, 12
# Seconds that proxies keep it.
BADGE_AGE = 300


@require_safe
def compliance(request: PageRequest) -> HttpResponse:
    """The services, each with how many rows are complete."""
    team = request.actor.team
    is_mine = bool(request.GET.get("team")) and team is not None
    rows = catalog.services_of_team(team) if is_mine and team else catalog.services()
    page = page_of_rows(request, with_counts(rows, now=request.now), order=("slug",), size=PER_PAGE)
    found = compliance_of(page.rows, now=request.now)
    context = {
        "page": page,
        "rows": [(row, summary(found[row.slug]), *_next(row.slug, found[row.slug])) for row in page.rows],
        "whose": [_mine(is_mine=is_mine)] if team else [],
    }
    return show(request, "releases/compliance.html", context)


@require_safe
def service_compliance(request: PageRequest, slug: str) -> HttpResponse:
    """Every row of the table, what shows it, and what to do next."""
    service, rows = _judged(slug, now=request.now)
    demands = getattr(service, "protection", None) or []
    open_demands = [row for row in demands if row["outcome"] != Outcome.PASS]
    context = {
        "service": service,
        "groups": list(_grouped(slug, rows)),
        "summary": summary(rows),
        "trend": [{**row, "day": date.fromisoformat(row["day"])} for row in getattr(service, "trend", ())],
        "demands_held": len(demands) - len(open_demands),
        "is_unprotected": bool(open_demands),
        "badge_path": badge_path(slug),
        "badge_markdown": f"[![STD-ENG-006]({badge_url(slug)})]({settings.BASE_URL}{request.path})",
        "crumbs": [(_("Compliance"), reverse("compliance"))],
    }
    return show(request, "releases/service_compliance.html", context)


@login_not_required
@require_safe
def badge(request: HttpRequest, token: str, slug: str) -> HttpResponse:
    """An SVG for a README, to whoever holds its address: what fetches it there logs in nowhere. It tells two numbers and no more."""
    if not constant_time_compare(token, _token(slug)):
        raise NotFound("There is no such badge.", code="compliance.no_such_badge")
    told = summary(_judged(slug, now=clock.now())[1])
    label, value = "STD-ENG-006", f"{told['complete']} / {told['all']}"
    left, right = (len(text) * SIGN + SPACE for text in (label, value))
    context = {
        "label": label,
        "value": value,
        "left": left,
        "width": left + right,
        "label_at": left // 2,
        "value_at": left + right // 2,
        "tone": "ok" if told["complete"] == told["all"] else "wait",
    }
    text = render_to_string("releases/compliance_badge.svg", context)
    tag = etag_of(hashlib.sha256(text.encode()).hexdigest())
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={BADGE_AGE}", "X-Robots-Tag": "noindex"}
    if names_tag(request, tag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(text, content_type="image/svg+xml", headers=headers)


def badge_url(slug: str) -> str:
    """Where the badge of a service is, for everybody: it stays until the portal's secret key changes."""
    return settings.BASE_URL + badge_path(slug)


def badge_path(slug: str) -> str:
    """The same within the portal: whatever name it was reached by, its pages show pictures of their own address only."""
    return reverse("compliance-badge", args=[_token(slug), slug])


def _token(slug: str) -> str:
    return Signer(salt="compliance.badge").signature(slug)


def summary(rows: Iterable[Judged]) -> dict[str, int]:
    """How many rows are complete, partial, pending, and all together."""
    counts = tally(rows)
    return {**{status.value.lower(): counts[status] for status in Status}, "all": counts.total()}


def next_step(rows: Iterable[Judged]) -> Judged | None:
    """The first row that is partly done, else the first that is pending: what costs least comes first."""
    order = (Status.PARTIAL, Status.PENDING)
    left = [row for row in rows if row.status is not Status.COMPLETE]
    return min(left, key=lambda row: order.index(row.status), default=None)


def _grouped(slug: str, rows: Iterable[Judged]) -> Iterator[tuple[str, str, bool, list[tuple[Judged, str, str]]]]:
    """What is left comes first, each with the addresses of its proof and its next step."""
    found = list(rows)
    for title, icon, is_done in ((_("What is left"), "list-todo", False), (_("Complete"), "circle-check", True)):
        group = [row for row in found if (row.status is Status.COMPLETE) is is_done]
        if group:
            yield (
                title,
                icon,
                is_done,
                [(row, address_of(row.shown_on, slug), address_of(row.done_on, slug)) for row in group],
            )


def _next(slug: str, rows: Iterable[Judged]) -> tuple[Judged | None, str]:
    step = next_step(rows)
    return step, address_of(step.done_on if step else None, slug)


def _judged(slug: str, *, now: datetime) -> tuple[Service, tuple[Judged, ...]]:
    service = with_counts(catalog.services().filter(slug=slug), now=now).first()
    if service is None:
        raise NotFound(f"There is no service {slug}.", code="service.unknown")
    return service, compliance_of([service], now=now)[slug]


def _mine(*, is_mine: bool) -> Chip:
    query = QueryDict(mutable=True)
    if not is_mine:
        query["team"] = "1"
    return Chip(label=_("My team"), url=f"?{query.urlencode()}", active=is_mine)
