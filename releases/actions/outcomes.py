"""How a deployment ends: healthy, failed, given up, taken back. What else must follow from it follows in the same transaction."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.catalog.states import EnvironmentCode
from releases.actions.deadlines import promise_watch
from releases.actions.following import follow_end, follow_health, follow_watch, follow_way_back
from releases.actions.incidents import end_incident_of_rollback
from releases.actions.recording import record_deployment
from releases.events import DeploymentEvent
from releases.models import Deployment
from releases.selectors.deployments import lock_deployment
from releases.selectors.lead_times import lead_times_of
from releases.selectors.rollbacks import falls_back
from releases.states import UNDER_WAY, DeploymentState


@transaction.atomic
def pass_deployment(*, reference: str, observed_version: str, now: datetime, actor: Recorded = SYSTEM) -> Deployment:
    """Every check passed: healthy, and in production watched from now on. A rollback that passes has restored what it takes back.

    Raises NotFound, MoveRefused.
    """
    deployment = lock_deployment(reference)
    is_watched = deployment.environment == EnvironmentCode.PRD
    deployment.pass_verification(at=now, watch_until=now + settings.WATCH_DURATION if is_watched else None)
    deployment.observed_version = observed_version
    deployment.lead_times = lead_times_of(deployment, now=now)
    deployment.save()
    record_deployment(DeploymentEvent.VERIFIED, deployment, actor=actor, at=now, observed_version=observed_version)
    promise_watch(deployment, at=now)
    follow_health(deployment, actor=actor, now=now)
    if deployment.rolls_back is not None:
        _restore(deployment.rolls_back.reference, by=deployment, actor=actor, now=now)
    return deployment


@transaction.atomic
def fail_deployment(
    *,
    reference: str,
    reason: str,
    now: datetime,
    actor: Recorded = SYSTEM,
    verb: DeploymentEvent = DeploymentEvent.FAILED,
) -> Deployment:
    """It is not good. A rollback that fails leaves what it takes back in the hands of on-call, unless the system falls back to another method.

    Raises NotFound, MoveRefused.
    """
    deployment = lock_deployment(reference)
    deployment.fail(at=now)
    deployment.note = reason
    deployment.save()
    record_deployment(verb, deployment, actor=actor, at=now, reason=reason)
    follow_end(deployment, actor=actor, now=now)
    if not falls_back(deployment):
        lose_way_back(deployment, reason=reason, actor=actor, now=now)
    return deployment


@transaction.atomic
def end_watch(*, reference: str, now: datetime) -> Deployment:
    """The 30 minutes are over and it still stands (§5.3). Raises NotFound."""
    deployment = lock_deployment(reference)
    if deployment.state != DeploymentState.HEALTHY or deployment.watched_at is not None:
        return deployment
    deployment.watched_at = now
    deployment.save()
    record_deployment(DeploymentEvent.WATCHED, deployment, actor=SYSTEM, at=now)
    follow_watch(deployment, actor=SYSTEM, now=now)
    return deployment


@transaction.atomic
def time_out_deployment(*, reference: str, now: datetime) -> Deployment | None:
    """A deployment that nobody finished, or that could not be verified in time, failed; None when it ended or has time left."""
    deployment = lock_deployment(reference)
    if deployment.state not in UNDER_WAY or now < deployment.deadline_at:
        return None
    if deployment.state == DeploymentState.PENDING:
        deployment.abort(at=now)
        deployment.save()
        record_deployment(DeploymentEvent.ABORTED, deployment, actor=SYSTEM, at=now, reason="It was never started.")
        return deployment
    was = "verified" if deployment.state == DeploymentState.VERIFYING else "finished"
    return fail_deployment(
        reference=reference, reason=f"Nobody {was} it in time.", now=now, verb=DeploymentEvent.TIMED_OUT
    )


def take_back(deployment: Deployment, *, by: Deployment, reason: str, actor: Recorded, now: datetime) -> None:
    """Being rolled back from now on, by the deployment `by`; `deployment` is locked."""
    deployment.roll_back(at=now)
    deployment.save()
    record_deployment(
        DeploymentEvent.ROLLBACK_STARTED, deployment, actor=actor, at=now, by=by.reference, reason=reason, to=by.version
    )


def _restore(reference: str, *, by: Deployment, actor: Recorded, now: datetime) -> None:
    deployment = lock_deployment(reference)
    if deployment.state != DeploymentState.ROLLING_BACK:
        return
    deployment.restore(at=now)
    deployment.save()
    reason = by.rollback.reason
    record_deployment(
        DeploymentEvent.ROLLED_BACK, deployment, actor=actor, at=now, by=by.reference, to=by.version, reason=reason
    )
    end_incident_of_rollback(by.rollback.incident, actor=actor, now=now)
    follow_way_back(deployment, reason=reason, actor=actor, now=now)
    if deployment.rolls_back is not None:
        # It was itself a way back that led on to this one.
        _restore(deployment.rolls_back.reference, by=by, actor=actor, now=now)


def lose_way_back(rollback: Deployment, *, reason: str, actor: Recorded, now: datetime) -> None:
    """A rollback failed or was given up: what it should have taken back is in the hands of on-call. Nothing for another one."""
    if rollback.rolls_back is None:
        return
    deployment = lock_deployment(rollback.rolls_back.reference)
    if deployment.state != DeploymentState.ROLLING_BACK:
        return
    deployment.fail(at=now)
    deployment.save()
    record_deployment(
        DeploymentEvent.ROLLBACK_FAILED,
        deployment,
        actor=actor,
        at=now,
        by=rollback.reference,
        to=rollback.version,
        reason=reason,
    )
    follow_way_back(deployment, reason=reason, actor=actor, now=now)
    lose_way_back(deployment, reason=reason, actor=actor, now=now)
