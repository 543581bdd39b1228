"""What follows from what happened: event -> work. One table; the work itself is in `tasks`."""

from __future__ import annotations

from changes.events import ChangeEvent
from cybercube_portal.audit.registry import register_intent, register_reactions
from flags import tasks

FOLLOW_CHANGE = "flags.follow_change"

REACTIONS: dict[str, tuple[str, ...]] = {
    ChangeEvent.RESCHEDULED: (FOLLOW_CHANGE,),
    ChangeEvent.CANCELLED: (FOLLOW_CHANGE,),
}


def register() -> None:
    """Hang the table on the record. Once in every process."""
    register_intent(FOLLOW_CHANGE, tasks.follow_change)
    register_reactions(REACTIONS)
