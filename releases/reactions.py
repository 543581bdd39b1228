"""What follows from what happened: event -> work. One table; the work itself is in `tasks`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cybercube_portal.audit.registry import Task, register_intent, register_reactions
from releases import tasks
from releases.actions.deployments import TIME_OUT

REACTIONS: dict[str, tuple[str, ...]] = {}
HANDLERS: dict[str, Callable[[Task, datetime], None]] = {TIME_OUT: tasks.time_out_deployment}


def register() -> None:
    """Hang both tables on the record. Once in every process."""
    for kind, handle in HANDLERS.items():
        register_intent(kind, handle)
    register_reactions(REACTIONS)
