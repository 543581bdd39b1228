"""Report what a pipeline saw of an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.catalog import metadata, permissions, selectors
from cybercube_portal.catalog.events import CatalogEvent
from cybercube_portal.catalog.models import Evidence
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.people.actors import Actor


@transaction.atomic
def report_evidence(
    *,
    service: str,
    version: str,
    stage: Stage,
    status: StageStatus,
    actor: Actor,
    now: datetime,
    url: str = "",
    summary: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
) -> Evidence:
    """Append how one stage came out (§4.2); the latest of a stage counts. Pipelines only.

    `summary` scan: {critical, high}; test: {coverage}. `run` {provider, id, attempt, url} is the platform's word, never
    the caller's. Raises NotFound, NotPermitted, Invalid.
    """
    artifact = selectors.get_artifact(service=service, version=version)
    permissions.require_pipeline(
        actor, permissions.REPORT_EVIDENCE, now=now, teams=[artifact.service.team.slug], services=[service]
    )
    evidence = Evidence.objects.create(
        artifact=artifact,
        stage=stage.value,
        status=status.value,
        url=metadata.checked_link(url),
        summary=metadata.checked_summary(stage, summary or {}),
        run=dict(run or {}),
        reported_at=now,
        reported_by_id=actor.id,
    )
    reference = f"{service}:{artifact.version}"
    record(
        CatalogEvent.EVIDENCE_REPORTED,
        object_type="artifact",
        object_id=reference,
        subjects=[f"artifact:{reference}", f"service:{service}"],
        actor=actor,
        at=now,
        data={
            "stage": stage,
            "status": status,
            "digest": artifact.digest,
            "summary": evidence.summary,
            "url": url,
            "run": evidence.run,
        },
    )
    return evidence
