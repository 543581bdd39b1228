"""As many services as verifications, each with a deployment to staging that was just finished."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from changes.policy.scope import Action
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.catalog.models import Service
from cybercube_portal.people.models import Team
from releases.actions.verification import queue_verification
from releases.models import Deployment, GateDecision
from releases.selectors.deployments import deployments
from releases.states import DeploymentState, Method

VERSION, PLACE = "v1.0.0", "stg"
DIGEST = "sha256:" + "1" * 64


def services(count: int, *, url: str, now: datetime) -> list[Service]:
    """`count` services of one team, at `url`."""
    team = Team.objects.create(slug="team", name="Team")
    return Service.objects.bulk_create(
        Service(
            slug=f"service-{number}",
            name=f"Service {number}",
            team=team,
            urls={PLACE: url},
            allowed_hosts=["127.0.0.1"],
            created_at=now,
        )
        for number in range(count)
    )


def finished(of: list[Service], *, now: datetime) -> list[Deployment]:
    """One deployment of each service that waits to be verified, written past the triggers that each cost a call."""
    decisions = GateDecision.objects.bulk_create(
        GateDecision(
            service=service.slug, version=VERSION, environment=PLACE, action=Action.DEPLOY, asked_by="ci", asked_at=now
        )
        for service in of
    )
    first = Deployment.objects.count()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Deployment.objects.filter(state=DeploymentState.VERIFYING).update(state=DeploymentState.FAILED)
        made = Deployment.objects.bulk_create(
            Deployment(
                reference=f"DEP-{first + number}",
                service=service,
                version=VERSION,
                digest=DIGEST,
                environment=PLACE,
                method=Method.ROLLING,
                state=DeploymentState.VERIFYING,
                decision=decision,
                created_at=now,
                started_at=now,
                finished_at=now,
                deadline_at=now + timedelta(hours=1),
            )
            for number, (service, decision) in enumerate(zip(of, decisions, strict=True))
        )
    return list(deployments().filter(pk__in=[row.pk for row in made]))


def queue(rows: list[Deployment], *, now: datetime) -> None:
    """Promise all verifications, each in a transaction of its own, as pipelines do."""
    for row in rows:
        with transaction.atomic():
            queue_verification(row, actor=SYSTEM, now=now)
