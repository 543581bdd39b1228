"""How the branches of a service's repository are protected, and how that changed (§2.5)."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cybercube_portal.catalog import selectors
from cybercube_portal.catalog.protection import Platform, moved
from cybercube_portal.web import PageRequest, page_of_rows, show

PER_PAGE = 25
PLATFORMS = {Platform.GITHUB: "GitHub", Platform.GITLAB: "GitLab"}


@require_safe
def protection(request: PageRequest, slug: str) -> HttpResponse:
    """The newest report in full, then every report with what got lost and what was mended since the one before."""
    service = selectors.get_service(slug)
    page = page_of_rows(request, selectors.protection_history(slug), order=("-reported_at", "-id"), size=PER_PAGE)
    context = {
        "service": service,
        "page": page,
        "newest": selectors.protection_reports(slug).first() if page.previous else next(iter(page.rows), None),
        "rows": [
            (
                row,
                PLATFORMS[Platform(row.platform)],
                _failing(row.findings),
                *moved(row.findings, getattr(row, "earlier", None) or ()),
            )
            for row in page.rows
        ],
        "crumbs": [(_("Services"), reverse("services")), (slug, reverse("service", args=[slug]))],
    }
    return show(request, "catalog/protection.html", context)


def _failing(findings: list[dict[str, object]]) -> int:
    return sum(finding["outcome"] != "pass" for finding in findings)
