"""The facts of the notice of §8.6: how long it was bad, what customers saw of it, whom to ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Min

from cybercube_portal.errors import NotFound
from cybercube_portal.people import selectors as people
from cybercube_portal.people.roles import Role
from releases.models import CheckResult, Deployment
from releases.policy.notice import Contact, NoticeFacts
from releases.selectors.deployments import get_deployment
from releases.selectors.incidents import was_corruption_reported
from releases.selectors.rollbacks import last_rollback, origin_of
from releases.states import DeploymentState, RollbackMethod, Trigger, Verdict


def rollback_of(reference: str) -> Deployment:
    """The last rollback that takes the deployment back, or the rollback itself. Raises NotFound."""
    deployment = get_deployment(reference)
    if deployment.is_rollback:
        return deployment
    found = last_rollback(deployment)
    if found is None:
        raise NotFound(f"{reference} was never rolled back.", code="rollback.unknown")
    return get_deployment(found.reference)


def notice_facts(rollback: Deployment, *, now: datetime) -> NoticeFacts:
    """What is known of a rollback in a few queries; it may still be under way."""
    taken_back, row = origin_of(rollback), rollback.rollback
    began = (degraded_since(taken_back) if taken_back else None) or rollback.created_at
    ended = max(began, rollback.verified_at or rollback.ended_at or now)
    return NoticeFacts(
        service=rollback.service.slug,
        environment=rollback.environment,
        from_version=taken_back.version if taken_back else "",
        to_version=rollback.version,
        is_restored=rollback.state == DeploymentState.HEALTHY,
        is_over=rollback.state in {DeploymentState.HEALTHY, DeploymentState.FAILED, DeploymentState.ABORTED},
        is_automatic=row.is_automatic,
        method=RollbackMethod(row.method),
        trigger=Trigger(row.trigger),
        began_at=began,
        ended_at=ended,
        reason=row.reason,
        error_rates=tuple(_error_rates(taken_back, began, ended)) if taken_back else (),
        impact=row.impact,
        next_steps=row.next_steps,
        is_corrupted=taken_back is not None and was_corruption_reported(taken_back.reference),
        change=taken_back.change if taken_back else "",
        incident=row.incident,
        flag=row.flag,
        contacts=tuple(on_call_for(rollback.service.team.slug, now=now)),
    )


def degraded_since(deployment: Deployment) -> datetime | None:
    """The first moment at which the portal saw that it is not well: a bad sample of its watch, or a check that failed."""
    seen = [
        deployment.samples.exclude(findings=[]).aggregate(first=Min("at"))["first"],
        CheckResult.objects.filter(verification__deployment=deployment, verdict=Verdict.FAIL).aggregate(
            first=Min("at")
        )["first"],
    ]
    return min((moment for moment in seen if moment is not None), default=None)


def on_call_for(team: str, *, now: datetime) -> list[Contact]:
    """Who is on call for the team or for everybody; the on-call lead where nobody is."""
    for role in (Role.ON_CALL, Role.ON_CALL_LEAD):
        holders = people.holders(role, now=now, teams=[team]).order_by("name", "username")
        if found := [Contact(name=user.get_full_name(), email=user.email) for user in holders]:
            return found
    return []


def _error_rates(deployment: Deployment, began: datetime, ended: datetime) -> Iterable[float]:
    rows = deployment.samples.filter(at__gte=began, at__lte=ended, error_rate__isnull=False)
    return (rate for rate in rows.values_list("error_rate", flat=True) if rate is not None)
