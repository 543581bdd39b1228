"""The worker's edge of the record's own work: ids in, one action out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from celery import shared_task

from cybercube_portal import clock
from cybercube_portal.audit.registry import Task
from cybercube_portal.record.actions import packs, walking

WALK = "record.walk_chain"
_TEN_MINUTES = 600.0
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    WALK: {"task": WALK, "schedule": _TEN_MINUTES, "options": {"expires": _TEN_MINUTES}}
}


@shared_task(name=WALK)
def walk_chain() -> None:
    """The next part of it."""
    walking.walk_on(now=clock.now())


def build_pack(task: Task, now: datetime) -> None:
    """One step of it."""
    packs.build_pack(pack_id=UUID(task.subject), now=now)


def give_up_pack(task: Task, now: datetime, _error: str) -> None:
    """Say so to whoever waits."""
    packs.give_up_pack(pack_id=UUID(task.subject), now=now)


def drop_pack(task: Task, _now: datetime) -> None:
    """Its time is over."""
    packs.drop_pack(pack_id=UUID(task.subject))
