"""What the company's services would answer at /health. Their hosts are nobody's, so no look ever corrects it."""

from __future__ import annotations

from datetime import datetime

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from releases.actions.observations import note_sighting
from releases.models import Observation
from releases.policy.sighting import Sighting
from releases.selectors.places import places_of

CONFIGURATION = ("DB_HOST", "DB_POOL_SIZE", "LOG_LEVEL", "SENTRY_DSN")
DEPENDENCIES = {"node": "20.10.0", "libpq": "16.1"}
# Somebody tried something in staging and left it there.
LEFT_IN_STAGING = {"indexer": ("BULK_SIZE",)}


def look_around(*, now: datetime) -> None:
    """One look at every place something was deployed to: it runs what was deployed there."""
    for slug, rows in places_of(catalog.services()).items():
        for code, row in rows.items():
            if row.expected is None:
                continue
            Observation.objects.create(service_id=row.expected.service_id, environment=code, due_at=now)
            left = LEFT_IN_STAGING.get(slug, ()) if code == EnvironmentCode.STG else ()
            sighting = Sighting(
                version=row.expected.version,
                git_sha=row.expected.digest.removeprefix("sha256:")[:12],
                status="healthy",
                config_keys=tuple(sorted((*CONFIGURATION, *left))),
                dependencies=DEPENDENCIES,
            )
            note_sighting(service=slug, environment=code, sighting=sighting, now=row.expected.verified_at or now)
            note_sighting(service=slug, environment=code, sighting=sighting, now=now)
