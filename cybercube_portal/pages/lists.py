"""Every list that has a query, by the name saved views hang on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from changes.views.listing import LISTING as CHANGES
from cybercube_portal.errors import NotFound
from cybercube_portal.query import parse
from cybercube_portal.web import Listing
from cybercube_portal.web.lists import address_of
from flags.views.flags import LISTING as FLAGS
from releases.views.deployments import LISTING as DEPLOYMENTS
from releases.views.incidents import LISTING as INCIDENTS
from releases.views.log import LISTING as GATE
from releases.views.migration_list import LISTING as MIGRATIONS
from releases.views.release_list import LISTING as RELEASES


@dataclass(frozen=True, slots=True)
class Place:
    """A list, the name of its route and its title."""

    listing: Listing[Any]
    route: str
    title: str | Promise

    def address(self, query: str) -> str:
        """Where the list shows what `query` asks for."""
        return reverse(self.route) + address_of(parse(query))


_ALL = (
    Place(CHANGES, "changes", _("Changes")),
    Place(DEPLOYMENTS, "deployments", _("Deployments")),
    Place(RELEASES, "releases", _("Releases")),
    Place(MIGRATIONS, "migrations", _("Migrations")),
    Place(FLAGS, "flags", _("Flags")),
    Place(INCIDENTS, "incidents", _("Incidents")),
    Place(GATE, "gate", _("Gate")),
)
PLACES: dict[str, Place] = {place.listing.name: place for place in _ALL}


def place_of(name: str) -> Place:
    """Raises NotFound."""
    place = PLACES.get(name)
    if place is None:
        raise NotFound("There is no such list.", code="view.list_unknown")
    return place
