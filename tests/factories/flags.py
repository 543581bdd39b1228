"""Life stories of flags: each goes the way a real one goes, through the real actions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cybercube_portal.people.selectors import actor_named
from flags.actions.flags import FlagPlan, create_flag
from flags.actions.serving import Served, change_flag
from flags.models import Flag
from flags.selectors.flags import get_served


def flag(key: str = "release_new_dashboard", *, now: datetime, by: str = "alice", **fields: Any) -> Flag:
    """Defined, off everywhere. Needs the service to exist."""
    given = {"name": key, "type": key.partition("_")[0], "service": "billing-service", **fields}
    return create_flag(plan=FlagPlan(key=key, **given), actor=actor_named(by), now=now)


def served(
    key: str = "release_new_dashboard", environment: str = "dev", *, now: datetime, by: str = "alice", **changes: Any
) -> Served:
    """Something else is asked to be served."""
    named = {name: changes.pop(name) for name in ("reason", "change", "scheduled_time") if name in changes}
    version = get_served(key, environment).version
    return change_flag(
        key=key, environment=environment, version=version, changes=changes, actor=actor_named(by), now=now, **named
    )
