"""What the palette finds in the catalogue; rows that pages join in one query."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value

from cybercube_portal.catalog.models import Service


def found_services(text: str, *, most: int) -> QuerySet[Any, tuple[Any, ...]]:
    """(kind, slug, name, team) of the services whose slug or name holds `text`."""
    rows = Service.objects.filter(Q(slug__icontains=text) | Q(name__icontains=text)).order_by("slug")
    kind = Value("service", output_field=CharField())
    return rows.values_list(kind, "slug", "name", "team__slug")[:most]


def services_holding(words: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """For each word the services whose slug holds it. One query: who looks for their rows by number lets the planner know how many there are."""
    wanted = tuple(words)
    if not wanted:
        return {}
    asked = reduce(or_, (Q(slug__icontains=word) for word in wanted))
    known = list(Service.objects.filter(asked).values_list("pk", "slug"))
    return {word: tuple(pk for pk, slug in known if word.lower() in slug) for word in wanted}
