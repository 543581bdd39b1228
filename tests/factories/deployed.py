"""Deployments as rows, in whatever state a figure or a place needs: the triggers that guard their life are off while one is made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from cybercube_portal.catalog.models import Service
from releases.models import Deployment, GateDecision, Incident
from releases.states import DeploymentState, IncidentState

TEN_MINUTES = timedelta(minutes=10)
VERIFIED = frozenset(
    {
        DeploymentState.HEALTHY,
        DeploymentState.ROLLING_BACK,
        DeploymentState.ROLLED_BACK,
        DeploymentState.ROLLBACK_FAILED,
    }
)


def deployed(
    service: Service,
    version: str,
    environment: str = "prd",
    *,
    at: datetime,
    state: DeploymentState = DeploymentState.HEALTHY,
    **fields: Any,
) -> Deployment:
    """Started at `at`, finished and verified ten minutes later where its state says that it got so far."""
    decision = GateDecision.objects.create(
        service=service.slug,
        version=version,
        environment=environment,
        action="deploy",
        asked_by="ci-payments",
        asked_at=at,
    )
    is_verified = state in VERIFIED
    row = Deployment(
        reference=f"DEP-{Deployment.objects.count() + 1:03}",
        service=service,
        version=version,
        digest="sha256:" + "1" * 64,
        environment=environment,
        method="rolling",
        decision=decision,
        **{
            "state": state,
            "created_at": at,
            "started_at": at,
            "finished_at": at + TEN_MINUTES if is_verified or state == DeploymentState.FAILED else None,
            "verified_at": at + TEN_MINUTES if is_verified else None,
            "deadline_at": at + timedelta(hours=1),
            **fields,
        },
    )
    with transaction.atomic(), unguarded():
        row.save(force_insert=True)
    return row


def incident(of: Deployment, *, at: datetime, resolved_at: datetime | None = None, **fields: Any) -> Incident:
    """One that is counted against the deployment."""
    row = Incident(
        reference=f"INC-{Incident.objects.count() + 1:03}",
        service=of.service,
        environment=of.environment,
        title="Payments fail",
        source="person",
        deployment=of.reference,
        state=IncidentState.RESOLVED if resolved_at else IncidentState.OPEN,
        detected_at=at,
        resolved_at=resolved_at,
        **fields,
    )
    with transaction.atomic(), unguarded():
        row.save(force_insert=True)
    return row


class unguarded:  # noqa: N801 - read as a word: `with unguarded():`
    """No trigger fires inside."""

    def __enter__(self) -> None:
        self._set("replica")

    def __exit__(self, *_: object) -> None:
        self._set("DEFAULT")

    def _set(self, role: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL session_replication_role = {role}")
