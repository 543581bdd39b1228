"""An artifact as the API answers with it: everything its serializer reads, gathered at one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cybercube_portal.catalog import selectors
from cybercube_portal.catalog.api.serializers import ArtifactSerializer
from cybercube_portal.catalog.builds import builds_of_commit

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Artifact


def shown_artifact(artifact: Artifact) -> dict[str, Any]:
    """The artifact with its latest evidence, its retention (§3.5) and the other builds of its commit (§3.1)."""
    context = {
        "latest": selectors.latest_evidence([artifact.pk]),
        "kept": selectors.retention_of(artifact),
        "builds": builds_of_commit(artifact),
    }
    return dict(ArtifactSerializer(artifact, context=context).data)
