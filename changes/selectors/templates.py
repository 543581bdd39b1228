"""The catalogue of standard changes, to read."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from changes.models import ChangeRequest, Template
from changes.policy.standard import TemplateKind
from cybercube_portal.errors import NotFound


def templates_listed(*, state: str = "") -> QuerySet[Template]:
    """By slug, with who proposed them and who signed."""
    rows = Template.objects.select_related("proposed_by").prefetch_related("signatures__signer__grants__team")
    return rows.filter(state=state) if state else rows


def get_template(slug: str) -> Template:
    """Raises NotFound."""
    template = templates_listed().filter(slug=slug).first()
    if template is None:
        raise NotFound(f"There is no template {slug}.", code="template.unknown")
    return template


def template_kinds(numbers: Iterable[str]) -> dict[str, TemplateKind]:
    """Kind of the template each of these changes was filed from, by number; changes without one are left out (one query)."""
    rows = ChangeRequest.objects.filter(number__in=list(numbers), template__isnull=False)
    return {number: TemplateKind(kind) for number, kind in rows.values_list("number", "template__kind")}
