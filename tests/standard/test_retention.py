"""How long §3.5 keeps an artifact: 90 days (dev), 1 year (prod), 1 year (static assets), permanent (source archives)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cybercube_portal.catalog.retention import retained_until
from cybercube_portal.catalog.states import ArtifactType

BUILT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = BUILT + timedelta(days=200)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "used", "until"),
    [
        ("container_image", None, BUILT + 90 * DAY),
        ("container_image", BUILT, BUILT + 365 * DAY),
        ("container_image", LATER, LATER + 365 * DAY),
        ("compiled_binary", None, BUILT + 90 * DAY),
        ("compiled_binary", LATER, LATER + 365 * DAY),
        ("configuration_bundle", None, BUILT + 90 * DAY),
        ("static_assets", None, BUILT + 365 * DAY),
        ("static_assets", LATER, LATER + 365 * DAY),
        ("source_archive", None, None),
        ("source_archive", LATER, None),
    ],
)
def test_retention__by_type_and_last_use_in_production__is_the_standards(
    kind: str, used: datetime | None, until: datetime | None
) -> None:
    assert retained_until(ArtifactType(kind), registered_at=BUILT, last_used_at=used) == until
