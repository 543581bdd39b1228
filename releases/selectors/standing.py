"""How a service stands: its places with their drift, and staging beside production (§1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.decisions import Decision
from releases.models import Deployment
from releases.policy.drift import PlaceWord, drift_of, word_of
from releases.policy.parity import parity_of
from releases.selectors.places import PlaceRow, ServicePlaces, coming_versions, places_with_history
from releases.selectors.stood import RolledOut

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`rows` and `drift` by environment code in the order of promotion; `parity` holds the six rows of §1.5."""

    service: str
    rows: Mapping[str, PlaceRow]
    drift: Mapping[str, Decision]
    parity: Decision
    history: tuple[Deployment, ...] = ()
    stood: tuple[RolledOut, ...] = ()

    @property
    def words(self) -> dict[str, PlaceWord]:
        """What each place comes to."""
        return {code: word_of(decision) for code, decision in self.drift.items()}

    @property
    def is_drifting(self) -> bool:
        """Whether something runs somewhere that was not deployed there."""
        return any(decision.failures for decision in self.drift.values())


def standings(services: QuerySet[Service], *, now: datetime) -> dict[str, Standing]:
    """By slug, without what is coming and what was deployed: three queries however many services."""
    places = places_with_history(services, most=0)
    return {slug: _standing(slug, found, frozenset(), now) for slug, found in places.items()}


def standing_of(slug: str, *, now: datetime, history: int = 0) -> Standing:
    """One service's with its last `history` deployments and what stood where, in five queries. Raises KeyError for one that is not registered."""
    found = places_with_history(catalog.services().filter(slug=slug), most=history)[slug]
    return _standing(slug, found, coming_versions(slug), now)


def _standing(slug: str, found: ServicePlaces, coming: frozenset[str], now: datetime) -> Standing:
    rows = found.rows
    return Standing(
        service=slug,
        rows=rows,
        history=found.history,
        stood=found.stood,
        drift={code: drift_of(row.place, now=now) for code, row in rows.items()},
        parity=parity_of(rows[EnvironmentCode.STG].place, rows[EnvironmentCode.PRD].place, coming=coming, now=now),
    )
