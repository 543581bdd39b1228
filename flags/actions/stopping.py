"""Ending a planned step before it is through: by hand, by what was served meanwhile, or with its change. Its change ends with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from changes.actions.carried import carry_out_change, conclude_change, drop_change
from changes.states import ChangeOutcome
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import refuse
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from flags import permissions
from flags.actions.recording import lock_environment, record_flag
from flags.events import FlagEvent
from flags.models import FlagEnvironment, PlannedStep
from flags.selectors.flags import lock_served, open_step, unsettled_step
from flags.selectors.steps import open_steps_of, steps_of


def stop_open_step(row: FlagEnvironment, *, because: str, actor: Recorded, now: datetime) -> PlannedStep | None:
    """Stop what waits or runs there, if anything does. The row is locked by the caller."""
    step = open_step(row)
    if step is not None:
        stop_step(step, row, because=because, actor=actor, now=now)
    return step


def stop_step(step: PlannedStep, row: FlagEnvironment, *, because: str, actor: Recorded, now: datetime) -> None:
    """It will not happen, or not further; nor will its change, unless that carries others."""
    step.stop(at=now, because=because)
    _ended(step, row, because=because, actor=actor, now=now)


def conflict_step(step: PlannedStep, row: FlagEnvironment, *, because: str, actor: Recorded, now: datetime) -> None:
    """Something else was served meanwhile: kept as it was written, so that it can be planned again from what is served now."""
    step.conflict(at=now, because=because[:300])
    _ended(step, row, because=because, actor=actor, now=now)


def settle_conflict(row: FlagEnvironment, *, actor: Recorded, now: datetime) -> None:
    """Somebody looked at what is served and wrote it anew: what conflicted there is told no longer."""
    step = unsettled_step(row)
    if step is not None:
        stop_step(step, row, because="It was written anew.", actor=actor, now=now)


def _ended(step: PlannedStep, row: FlagEnvironment, *, because: str, actor: Recorded, now: datetime) -> None:
    step.awaits_approval = False
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
    if step.change:
        _end_change(step, row, because=because, actor=actor, now=now)


def _end_change(step: PlannedStep, row: FlagEnvironment, *, because: str, actor: Recorded, now: datetime) -> None:
    """No change stays open for what will not happen: one of which nothing was served is cancelled, any other one is carried out as far as it came."""
    if open_steps_of(step.change).exists():
        return
    about: dict[str, Any] = {"number": step.change, "actor": actor, "now": now}
    drop_change(**about, reason=because)
    if any(other.done for other in steps_of(step.change)):
        carry_out_change(**about, deployment=str(row))
        if step.standard:
            conclude_change(**about, deployment=str(row), outcome=ChangeOutcome.SUCCESSFUL_WITH_ISSUES)


@transaction.atomic
def withdraw_step(*, key: str, environment: str, actor: Actor, now: datetime, reason: str = "") -> PlannedStep:
    """Take back a planned step, a running ramp, or one that conflicted; what is served stays as it is.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    lock_environment(environment, now=now)
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
    step = open_step(row) or unsettled_step(row)
    if step is None:
        raise refuse(
            "flag.no_step", "§7.5", f"Nothing is planned for {key} in {environment}.", "There is nothing to withdraw."
        )
    stop_step(step, row, because=reason.strip() or "Withdrawn.", actor=actor, now=now)
    return step
