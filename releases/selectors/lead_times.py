"""How long the commits of a deployment took to production: kept with it, for a figure cannot read ten thousand artifacts."""

from __future__ import annotations

from datetime import datetime

from django.utils.dateparse import parse_datetime

from cybercube_portal.catalog.selectors import find_artifact
from cybercube_portal.catalog.states import EnvironmentCode
from releases.models import Deployment


def lead_times_of(deployment: Deployment, *, now: datetime) -> list[float]:
    """Seconds from each commit of its artifact to `now`; none unless it is the first to bring that version to production."""
    if deployment.environment != EnvironmentCode.PRD or deployment.is_rollback or _was_there_before(deployment):
        return []
    artifact = find_artifact(service=deployment.service.slug, version=deployment.version)
    moments = [parse_datetime(commit["committed_at"]) for commit in artifact.commits] if artifact else []
    return [(now - moment).total_seconds() for moment in moments if moment is not None and moment < now]


def _was_there_before(deployment: Deployment) -> bool:
    there = Deployment.objects.filter(
        service_id=deployment.service_id, environment=deployment.environment, version=deployment.version
    )
    return there.filter(pk__lt=deployment.pk, verified_at__isnull=False).exists()
