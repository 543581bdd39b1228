"""What a service says, for the record and for those who edit it at once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Service

PLAIN = (
    "name",
    "tier",
    "description",
    "repository",
    "urls",
    "metrics",
    "thresholds",
    "rollback_driver",
    "minimum_coverage",
)


def content_of(service: Service) -> dict[str, Any]:
    """What the record shows. `rollback_config` may name secrets, so it is not among it."""
    return {
        **{name: getattr(service, name) for name in PLAIN},
        "team": service.team.slug,
        "allowed_hosts": list(service.allowed_hosts),
        "depends_on": sorted(needed.slug for needed in service.depends_on.all()),
    }


def tag_of(service: Service) -> str:
    """What its ETag and its form say of it: the same words, the same tag; another secret is another tag."""
    said = {name: str(value) for name, value in content_of(service).items()}
    return hashlib.sha256(repr((said, str(service.rollback_config))).encode()).hexdigest()[:32]
