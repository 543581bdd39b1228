"""What every rollback writes, whoever carries it out: why and how, the incident it answers, and that the other is taken back."""

from __future__ import annotations

from datetime import datetime

from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.audit.actors import SystemActor
from cybercube_portal.errors import refuse
from releases.actions.incidents import incident_of_rollback
from releases.actions.outcomes import take_back
from releases.models import Deployment, Rollback
from releases.policy.rollback import trigger_of
from releases.selectors.deployments import lock_deployment
from releases.states import UNDER_WAY, DeploymentState, Method, RollbackMethod, Trigger

PIPELINE = "pipeline"


def begin_rollback(
    rollback: Deployment,
    standing: Deployment,
    *,
    method: RollbackMethod,
    trigger: Trigger,
    driver: str,
    reason: str,
    actor: Recorded,
    now: datetime,
    flag: str = "",
) -> None:
    """`standing`, which is locked, is being taken back from now on by `rollback`, which was just opened."""
    rollback.note = reason
    Rollback.objects.create(
        by=rollback,
        method=method,
        trigger=trigger,
        driver=driver,
        reason=reason,
        is_automatic=isinstance(actor, SystemActor),
        incident=incident_of_rollback(rollback, standing, actor=actor, now=now),
        flag=flag,
    )
    take_back(standing, by=rollback, reason=reason, actor=actor, now=now)


def begin_rollback_of_pipeline(rollback: Deployment, *, actor: Recorded, now: datetime) -> None:
    """A pipeline asked the gate to go back and does it itself: no driver of ours is told."""
    if rollback.rolls_back is None:
        return
    standing = lock_deployment(rollback.rolls_back.reference)
    begin_rollback(
        rollback,
        standing,
        method=RollbackMethod.TRAFFIC if rollback.method == Method.BLUE_GREEN else RollbackMethod.REDEPLOY,
        trigger=trigger_of(standing.state),
        driver=PIPELINE,
        reason=rollback.note or "A pipeline went back.",
        actor=actor,
        now=now,
    )


def refuse_useless_rollback(standing: Deployment | None, *, digest: str) -> None:
    """Two rollbacks never run in one place, and none goes back to what stands there. Raises MoveRefused."""
    if standing is not None and standing.is_rollback and standing.state in UNDER_WAY:
        message = f"{standing.reference} is itself a rollback under way."
        raise refuse("rollback.under_way", "§8", message, "Wait until it has ended, or abort it.", ("On-call",))
    if standing is not None and standing.digest == digest and standing.state == DeploymentState.HEALTHY:
        message = f"{standing.reference} runs {standing.version} already."
        raise refuse("rollback.already_there", "§8.2", message, "Name the version to go back to.", ("On-call",))
