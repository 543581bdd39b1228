"""One version as it was built, and everything a pipeline said of it: what gate and compliance judge by, for a person to read (§3.6, §4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cybercube_portal.catalog import selectors
from cybercube_portal.catalog.builds import builds_of_commit
from cybercube_portal.catalog.reproducible import not_reproducible
from cybercube_portal.web import PageRequest, show

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Evidence

MOST_REPORTS = 50


@require_safe
def artifact(request: PageRequest, slug: str, version: str) -> HttpResponse:
    """By any spelling of its version."""
    found = selectors.get_artifact(service=slug, version=version)
    builds = builds_of_commit(found)
    unlike = [name for name, digest in builds if digest != found.digest]
    reports = list(selectors.all_evidence(found.pk).reverse()[:MOST_REPORTS])
    seen = set[str]()
    context = {
        "artifact": found,
        "facts": _facts(found),
        "dependencies": sorted(found.dependencies.items()),
        "kept": selectors.retention_of(found),
        "builds": builds,
        "findings": [not_reproducible(found.git_sha, unlike)] if unlike else [],
        "reports": [(row, _numbers(row), _is_first(row.stage, seen), _safe(row.url)) for row in reports],
        "crumbs": [(_("Services"), reverse("services")), (slug, reverse("service", args=[slug]))],
    }
    return show(request, "catalog/artifact.html", context)


def _facts(found: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - an Artifact
    return [
        (_("Digest"), found.digest),
        (_("Commit"), found.git_sha),
        (_("Built from"), found.git_ref),
        (_("Build"), f"{found.build_number} · {found.builder}"),
    ]


def _numbers(report: Evidence) -> str:
    """`coverage 91.5`: what the report counted, in its own words."""
    return ", ".join(f"{name} {value}" for name, value in report.summary.items() if not isinstance(value, (dict, list)))


def _is_first(stage: str, seen: set[str]) -> bool:
    """The newest of a stage is the one that counts."""
    is_first = stage not in seen
    seen.add(stage)
    return is_first


def _safe(url: str) -> str:
    """Pipelines write it: only what a browser may open is a link."""
    return url if urlsplit(url).scheme in {"http", "https"} else ""
