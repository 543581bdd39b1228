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
from releases.policy.parity import drift_of, parity_of
from releases.selectors.places import PlaceRow, coming_versions, places_of

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`rows` and `drift` by environment code in the order of promotion; `parity` holds the six rows of §1.5."""

    service: str
    rows: Mapping[str, PlaceRow]
    drift: Mapping[str, Decision]
    parity: Decision

    @property
    def is_drifting(self) -> bool:
        """Whether something runs somewhere that was not deployed there."""
        return any(decision.failures for decision in self.drift.values())


def standings(services: QuerySet[Service], *, now: datetime) -> dict[str, Standing]:
    """By slug, in five queries however many services."""
    places = places_of(services)
    coming = coming_versions(places)
    return {slug: _standing(slug, rows, coming[slug], now) for slug, rows in places.items()}


def standing_of(slug: str, *, now: datetime) -> Standing:
    """One service's. Raises KeyError for one that is not registered."""
    return standings(catalog.services().filter(slug=slug), now=now)[slug]


def _standing(slug: str, rows: Mapping[str, PlaceRow], coming: frozenset[str], now: datetime) -> Standing:
    return Standing(
        service=slug,
        rows=rows,
        drift={code: drift_of(row.place, now=now) for code, row in rows.items()},
        parity=parity_of(rows[EnvironmentCode.STG].place, rows[EnvironmentCode.PRD].place, coming=coming, now=now),
    )
