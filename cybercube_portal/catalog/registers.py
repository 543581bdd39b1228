"""Services and teams as registers of names, for the words of lists."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cybercube_portal.catalog.models import Service
from cybercube_portal.catalog.selectors import slugs
from cybercube_portal.people.selectors import team_slugs, teams_listed
from cybercube_portal.query import Names


@dataclass(frozen=True, slots=True)
class Owned:
    """Services of one name: that service, or all of a team. Alike in order: `slugs` for what holds slugs, `ids` for what points at rows."""

    slugs: tuple[str, ...]
    ids: tuple[int, ...]


def services_named(names: Collection[str]) -> dict[str, Owned]:
    """The known ones of these services, in one query."""
    rows = Service.objects.filter(slug__in=names).values_list("slug", "pk")
    return {slug: Owned((slug,), (pk,)) for slug, pk in rows}


def teams_named(names: Collection[str]) -> dict[str, Owned]:
    """The known ones of these teams, in one query."""
    found: dict[str, list[tuple[str, int]]] = {}
    rows = teams_listed().filter(slug__in=names).order_by("services__slug")
    for team, slug, pk in rows.values_list("slug", "services__slug", "services__pk"):
        found.setdefault(team, []).extend([(slug, pk)] if slug else [])
    return {
        team: Owned(tuple(slug for slug, _ in owned), tuple(pk for _, pk in owned)) for team, owned in found.items()
    }


SERVICES = Names(find=services_named, every=slugs)
TEAMS = Names(find=teams_named, every=team_slugs)
