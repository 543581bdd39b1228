"""What was deployed before a test begins: rows that went through the moves, without the gate's questions about them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from changes.actions.numbers import take_reference
from changes.policy.scope import Action
from cybercube_portal.catalog.models import Artifact
from cybercube_portal.people.models import User
from releases.actions.outcomes import fail_deployment, pass_deployment
from releases.models import Deployment, GateDecision, Migration
from releases.states import DeploymentState, Method
from tests.factories import changes as story

HOUR = timedelta(hours=1)
SERVICE = "billing-service"


def digest_of(version: str) -> str:
    """The digest that goes with a version in these stories."""
    return "sha256:" + hashlib.sha256(version.encode()).hexdigest()


def deployed(
    version: str,
    *,
    at: datetime,
    state: DeploymentState = DeploymentState.HEALTHY,
    environment: str = "prd",
    service: str = SERVICE,
    **fields: Any,
) -> Deployment:
    """A deployment that reached `state`: running, verifying, healthy or failed."""
    row = story.service(service)
    if not Artifact.objects.filter(service=row, version=version).exists():
        story.artifact(row, version, at=at, digest=digest_of(version))
    decision = GateDecision.objects.create(
        service=service,
        version=version,
        environment=environment,
        action=Action.DEPLOY,
        asked_by="ci-payments",
        asked_at=at,
    )
    key, reference = take_reference("DEP", table=Deployment._meta.db_table)
    deployment = Deployment.objects.create(
        **{
            "pk": key,
            "reference": reference,
            "service": row,
            "version": version,
            "digest": digest_of(version),
            "environment": environment,
            "method": Method.ROLLING,
            "decision": decision,
            "created_at": at,
            "deadline_at": at + 2 * HOUR,
            **fields,
        }
    )
    deployment.start(at=at)
    deployment.save()
    if state in {DeploymentState.VERIFYING, DeploymentState.HEALTHY}:
        deployment.finish(at=at, deadline=at + HOUR)
        deployment.save()
    if state is DeploymentState.HEALTHY:
        return pass_deployment(reference=reference, observed_version=version, now=at)
    if state is DeploymentState.FAILED:
        return fail_deployment(reference=reference, reason="5xx everywhere", now=at)
    return deployment


def applied(deployment: Deployment, *, phase: str, at: datetime) -> None:
    """A migration of this version that ran in production."""
    migration = Migration.objects.create(
        reference="MIG-1",
        service=deployment.service,
        version=deployment.version,
        environment="prd",
        filename="20260114100000_drop_tax.sql",
        kind="schema",
        phase=phase,
        created_at=at,
        created_by=User.objects.get(username="alice"),
    )
    for verb in ("test", "run", "apply"):
        getattr(migration, verb)(at=at)
        migration.save()
