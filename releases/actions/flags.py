"""The flag that a change names as its way back (§8.2 "Feature flag: instant"): killed before anything is deployed again."""

from __future__ import annotations

from datetime import datetime

import structlog

from changes.selectors.changes import get_change
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.audit.actors import SystemActor
from cybercube_portal.errors import MoveRefused, NotFound
from cybercube_portal.people.actors import Actor
from flags.actions.serving import kill_for_rollback
from flags.selectors.flags import flag_named
from flags.selectors.freezes import services_of
from releases.models import Deployment
from releases.selectors.deployments import get_deployment

log = structlog.get_logger(__name__)


def switch_off(key: str, standing: Deployment, *, reason: str, actor: Recorded, now: datetime) -> str:
    """Serve the flag's safe variant to everybody where `standing` runs; returns that in words. Raises NotFound, MoveRefused."""
    where = standing.environment
    served = kill_for_rollback(
        key=key,
        environment=where,
        reason=f"{standing.reference} ({standing.service.slug} {standing.version}) is being rolled back: {reason}"[
            :1000
        ],
        actor=actor,
        by=actor.id if isinstance(actor, Actor) else None,
        now=now,
    )
    safe = served.row.flag.safe_variant
    since = " already" if served.version is None else ""
    return f"{key} is off in {where}{since}: {safe if safe is not None else 'the default of the code'} is served to everybody."


def switch_off_for_alert(
    key: str, *, service: str, environment: str, reason: str, actor: Actor, now: datetime
) -> tuple[str, str]:
    """Serve the safe variant where an alert of `service` names the flag (§8.5). Returns the flag that was on and is off now, or why there is none."""
    flag = flag_named(key)
    if flag is None:
        return "", f"There is no flag {key:.100}."
    if service not in services_of(flag):
        return "", f"{key} is not a flag of {service}."
    try:
        served = kill_for_rollback(
            key=key, environment=environment, reason=reason[:1000], actor=actor, by=actor.id or None, now=now
        )
    except MoveRefused as error:
        return "", str(error)
    return (key, "") if served.version is not None else ("", f"{key} is off in {environment} already.")


def kill_rollback_flag(*, reference: str, now: datetime) -> None:
    """Serve the safe variant where the deployment is being taken back; nothing for a change that names no flag.

    A flag that is gone holds no rollback up: the version that is redeployed takes the fault away in any case.
    """
    deployment = get_deployment(reference)
    key = get_change(deployment.change).rollback_flag if deployment.change else ""
    if not key:
        return
    try:
        kill_for_rollback(
            key=key,
            environment=deployment.environment,
            reason=f"{reference} ({deployment.service.slug} {deployment.version}) is being rolled back.",
            actor=SystemActor(id="rollback"),
            by=None,
            now=now,
        )
    except (NotFound, MoveRefused) as error:
        log.warning("rollback_flag_not_killed", flag=key, deployment=reference, why=str(error))
