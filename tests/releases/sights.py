"""What a look at billing-service saw, without the look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cybercube_portal.catalog.models import Service
from releases.actions.observations import note_sighting
from releases.models import Observation
from releases.policy.drift import drift_of
from releases.policy.sighting import Sighting
from releases.selectors.places import read_place

MINUTE = timedelta(minutes=1)
V1, V9 = "v1.0.0", "v9.9.9"


def see(version: str, *, at: datetime, environment: str = "prd", **fields: Any) -> Observation:
    """One look that saw `version`."""
    Observation.objects.get_or_create(
        service=Service.objects.get(slug="billing-service"), environment=environment, defaults={"due_at": at}
    )
    sighting = Sighting(version=version, status="healthy", **fields)
    row = note_sighting(service="billing-service", environment=environment, sighting=sighting, now=at)
    assert row is not None
    return row


def drift(now: datetime) -> tuple[str, str]:
    """What is said of production first."""
    first = drift_of(read_place("billing-service", "prd").place, now=now).reasons[0]
    return first.code, first.outcome.value
