"""Letting a ramp go on that waits for somebody's word (§7.5)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.errors import refuse, refuse_unless
from cybercube_portal.people.actors import Actor
from flags import permissions
from flags.actions.carrying import carry_out
from flags.actions.recording import record_flag
from flags.actions.serving import Served, lock_permitted
from flags.events import FlagEvent
from flags.policy.ramps import may_approve
from flags.selectors.flags import open_step


@transaction.atomic
def approve_ramp(*, key: str, environment: str, actor: Actor, now: datetime, reason: str = "") -> Served:
    """Serve the next percentage of a ramp that waits for it; in production by somebody else than who planned the ramp.

    Raises NotFound, NotPermitted, MoveRefused with whatever stands in the way: then the word is not kept, and may be given again.
    """
    row = lock_permitted(key, environment, permissions.APPROVE_RAMP, actor=actor, now=now)
    step = open_step(row)
    if step is None or not step.awaits_approval:
        message = f"No ramp of {key} waits for anybody in {environment}."
        raise refuse("flag.no_approval_due", "§7.5", message, "A ramp that is held for a time goes on by itself.")
    requester = step.requested_by.username
    refuse_unless(may_approve(requester=requester, approver=actor.username, environment=environment))
    step.approve(at=now)
    record_flag(
        FlagEvent.RAMP_APPROVED,
        row.flag,
        actor=actor,
        at=now,
        change=step.change,
        environment=environment,
        percentage=step.contents[step.done]["rollout_percentage"],
        reason=reason,
    )
    version = carry_out(step=step, row=row, actor=actor, now=now, strict=True)
    return Served(row, version, step)
