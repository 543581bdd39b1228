"""Ending a planned step before it is through."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import refuse
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from flags import permissions
from flags.actions.recording import bump, record_flag
from flags.events import FlagEvent
from flags.models import FlagEnvironment, PlannedStep
from flags.selectors.flags import lock_served, open_step


def stop_open_step(row: FlagEnvironment, *, because: str, actor: Recorded, now: datetime) -> PlannedStep | None:
    """Stop what waits or runs there, if anything does. The row is locked by the caller."""
    step = open_step(row)
    if step is None:
        return None
    step.stop(at=now, because=because)
    step.save()
    record_flag(
        FlagEvent.WITHDRAWN,
        row.flag,
        actor=actor,
        at=now,
        change=step.change,
        environment=row.environment,
        because=because,
    )
    return step


@transaction.atomic
def withdraw_step(*, key: str, environment: str, actor: Actor, now: datetime, reason: str = "") -> PlannedStep:
    """Take a planned step or a running ramp back; what is served stays as it is. Raises NotFound, NotPermitted, MoveRefused."""
    bump(environment, now=now)
    row = lock_served(key, environment)
    flag = row.flag
    require(
        actor,
        permissions.CHANGE_FLAG,
        now=now,
        teams=[flag.team.slug],
        services=[flag.service.slug] if flag.service else (),
        owner=flag.owner.username if flag.owner else None,
    )
    step = stop_open_step(row, because=reason.strip() or "Withdrawn.", actor=actor, now=now)
    if step is None:
        raise refuse(
            "flag.no_step", "§7.5", f"Nothing is planned for {key} in {environment}.", "There is nothing to withdraw."
        )
    return step
