"""What the palette finds in the catalogue; rows that pages join in one query."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Q, QuerySet, Value

from cybercube_portal.catalog.models import Service


def found_services(text: str, *, most: int) -> QuerySet[Any, tuple[Any, ...]]:
    """(kind, slug, name, team) of the services whose slug or name holds `text`."""
    rows = Service.objects.filter(Q(slug__icontains=text) | Q(name__icontains=text)).order_by("slug")
    kind = Value("service", output_field=CharField())
    return rows.values_list(kind, "slug", "name", "team__slug")[:most]
