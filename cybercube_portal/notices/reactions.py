"""What follows from a notice that waits: its intent -> work."""

from __future__ import annotations

from cybercube_portal.audit.registry import register_intent
from cybercube_portal.notices import tasks
from cybercube_portal.notices.actions.carrying import CARRY


def register() -> None:
    """Once in every process."""
    register_intent(CARRY, tasks.carry)
