"""The worker's edge of notices: ids in, one action out. The clock is read at the edge and nowhere below."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery import shared_task

from cybercube_portal import clock
from cybercube_portal.audit.registry import Again, Task
from cybercube_portal.notices.actions.carrying import carry_held
from cybercube_portal.notices.actions.reading import forget_old

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "notices.forget_old": {"task": "notices.forget_old", "schedule": 3600.0, "options": {"expires": 3600.0}},
}


@shared_task(name="notices.forget_old")
def forget_old_notices() -> None:
    """Drop what was told long ago."""
    forget_old(now=clock.now())


def carry(task: Task, now: datetime) -> Again | None:
    """What is held back for a reader of `task.subject`."""
    later = carry_held(about=task.subject, now=now, **task.payload)
    return Again(later) if later else None
