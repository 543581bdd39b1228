"""Which days read differently after an event: a fact comes late for a day that is over."""

from __future__ import annotations

from datetime import UTC, date

from django.db.models import Q, QuerySet

from changes.policy.scope import Action
from cybercube_portal.catalog.states import EnvironmentCode
from releases.models import Deployment
from releases.states import DeploymentState

# One that reached its end and is not simply healthy; a healthy one fails by its incidents.
BAD = (
    DeploymentState.FAILED,
    DeploymentState.ROLLING_BACK,
    DeploymentState.ROLLED_BACK,
    DeploymentState.ROLLBACK_FAILED,
)


def days_touched(deployment: Deployment) -> list[date]:
    """UTC days on which something counts differently because of a deployment or a rollback in production; none elsewhere.

    Its own; that of the next one, which is rework when this one fails; those of failing ones that it restores: all since the
    last verified one before it, that one included.
    """
    if deployment.environment != EnvironmentCode.PRD:
        return []
    there = Deployment.objects.filter(service_id=deployment.service_id, environment=deployment.environment)
    deploys = there.filter(action=Action.DEPLOY)
    follower = deploys.filter(pk__gt=deployment.pk, state__in=[DeploymentState.HEALTHY, *BAD]).order_by("pk")[:1]
    verified = (
        there.filter(pk__lt=deployment.pk, verified_at__isnull=False).order_by("-pk").values_list("pk", flat=True)
    )
    since = verified.first() or 0
    restored = deploys.filter(pk__gte=since, pk__lt=deployment.pk, state__in=BAD)
    rows: QuerySet[Deployment] = there.filter(
        Q(pk=deployment.pk) | Q(pk__in=list(follower.values_list("pk", flat=True))) | Q(pk__in=restored.values("pk"))
    )
    return sorted({moment.astimezone(UTC).date() for moment in rows.values_list("created_at", flat=True)})
