"""How releases, deployments, migrations and incidents name themselves in the record: their timeline is one query over subjects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cybercube_portal.audit import actions as audit
from cybercube_portal.audit.actors import Actor
from releases.events import (
    DeploymentEvent,
    IncidentEvent,
    MigrationEvent,
    ObservationEvent,
    ReleaseEvent,
    VerificationEvent,
)
from releases.models import Deployment, Incident, Migration, Release


def record_deployment(
    verb: DeploymentEvent | VerificationEvent, deployment: Deployment, *, actor: Actor, at: datetime, **data: Any
) -> None:
    """One event of a deployment, on its own timeline and those of its service, change, release and of what it takes back."""
    taken_back = deployment.rolls_back
    audit.record(
        verb,
        object_type="deployment",
        object_id=deployment.reference,
        subjects=_known(
            f"service:{deployment.service.slug}",
            deployment.change,
            deployment.release,
            taken_back.reference if taken_back else "",
            taken_back.change if taken_back else "",
            taken_back.release if taken_back else "",
        ),
        actor=actor,
        at=at,
        data={
            "state": deployment.state,
            "service": deployment.service.slug,
            "version": deployment.version,
            "digest": deployment.digest,
            "environment": deployment.environment,
            "action": deployment.action,
            **data,
        },
    )


def record_release(
    verb: ReleaseEvent,
    release: Release,
    *,
    actor: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **data: Any,
) -> None:
    """One event of a release, on its own timeline and those of its service and change."""
    audit.record(
        verb,
        object_type="release",
        object_id=release.reference,
        subjects=_known(f"service:{release.service.slug}", release.change),
        actor=actor,
        at=at,
        before=before,
        after=after,
        data={"state": release.state, "service": release.service.slug, "version": release.version, **data},
    )


def record_migration(verb: MigrationEvent, migration: Migration, *, actor: Actor, at: datetime, **data: Any) -> None:
    """One event of a migration, on its own timeline and those of its service, change and release."""
    audit.record(
        verb,
        object_type="migration",
        object_id=migration.reference,
        subjects=_known(f"service:{migration.service.slug}", migration.change, migration.release),
        actor=actor,
        at=at,
        data={
            "state": migration.state,
            "service": migration.service.slug,
            "filename": migration.filename,
            "environment": migration.environment,
            **data,
        },
    )


def record_incident(verb: IncidentEvent, incident: Incident, *, actor: Actor, at: datetime, **data: Any) -> None:
    """One event of an incident, on its own timeline and those of its service and of the deployment before it."""
    audit.record(
        verb,
        object_type="incident",
        object_id=incident.reference,
        subjects=_known(f"service:{incident.service.slug}", incident.deployment),
        actor=actor,
        at=at,
        data={
            "state": incident.state,
            "service": incident.service.slug,
            "environment": incident.environment,
            "title": incident.title,
            **data,
        },
    )


def record_observation(
    verb: ObservationEvent, *, service: str, environment: str, actor: Actor, at: datetime, **data: Any
) -> None:
    """One event of what runs somewhere, on the timeline of its service."""
    audit.record(
        verb,
        object_type="observation",
        object_id=f"{service}/{environment}",
        subjects=_known(f"service:{service}", data.get("change", "")),
        actor=actor,
        at=at,
        data={"service": service, "environment": environment, **data},
    )


def _known(*subjects: str) -> list[str]:
    return [subject for subject in subjects if subject]
