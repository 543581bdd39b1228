"""Sharing people out anew: another salt, so that others fall in the same percentage. It turns some on and some off, so it is governed like a raise."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.errors import Invalid, refuse
from cybercube_portal.people.actors import Actor
from flags import permissions
from flags.actions.serving import Served, change_flag, lock_permitted
from flags.policy.exposure import is_shared_out
from flags.states import VersionKind


@transaction.atomic
def reshuffle_flag(
    *,
    key: str,
    environment: str,
    version: int,
    reason: str,
    actor: Actor,
    now: datetime,
    change: str = "",
    scheduled_time: datetime | None = None,
) -> Served:
    """Give the flag another salt in one environment. `version` is the one that was read.

    Raises as change_flag, Invalid without a reason, MoveRefused where nobody is told apart by a percentage or a split.
    """
    row = lock_permitted(key, environment, permissions.CHANGE_FLAG, actor=actor, now=now)
    if not reason.strip():
        message = "Say why: people who have it will lose it, and others will get it."
        raise Invalid.field("/reason", "flag.reason_missing", message)
    if not is_shared_out(row.content):
        raise refuse(
            "flag.not_shared_out",
            "§7.3",
            f"{key} is shared out by no percentage and no split in {environment}: another salt would change nothing.",
            "Plan a rollout first.",
        )
    return change_flag(
        key=key,
        environment=environment,
        version=version,
        changes={"salt": f"{key}:{version + 1}"},
        actor=actor,
        now=now,
        reason=reason,
        change=change,
        scheduled_time=scheduled_time,
        kind=VersionKind.RESHUFFLE,
    )
