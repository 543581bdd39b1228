"""The catalogue of standard changes, to read."""

from __future__ import annotations

from django.db.models import QuerySet

from changes.models import Template
from cybercube_portal.errors import NotFound


def templates_listed(*, state: str = "") -> QuerySet[Template]:
    """By slug, with who proposed them and who signed."""
    rows = Template.objects.select_related("proposed_by").prefetch_related("signatures__signer")
    return rows.filter(state=state) if state else rows


def get_template(slug: str) -> Template:
    """Raises NotFound."""
    template = templates_listed().filter(slug=slug).first()
    if template is None:
        raise NotFound(f"There is no template {slug}.", code="template.unknown")
    return template
