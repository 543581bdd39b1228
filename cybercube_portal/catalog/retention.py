"""How long an artifact is kept (§3.5). Pure. The portal keeps no artifacts: it says which the registry may let go."""

from __future__ import annotations

from datetime import datetime, timedelta

from cybercube_portal.catalog.states import ArtifactType

DEV, YEAR = timedelta(days=90), timedelta(days=365)


def retained_until(kind: ArtifactType, *, registered_at: datetime, last_used_at: datetime | None) -> datetime | None:
    """Until when; None is permanent. `last_used_at`: when it last ran in production, `now` for what runs there, None for never."""
    if kind is ArtifactType.SOURCE_ARCHIVE:
        return None
    if kind is ArtifactType.STATIC_ASSETS:
        return max(registered_at, last_used_at or registered_at) + YEAR
    return registered_at + DEV if last_used_at is None else last_used_at + YEAR
