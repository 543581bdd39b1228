"""Kinds of intents that only tests open. A worker process learns them by `-I tests.audit.kinds`."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event

from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.registry import Task, register_intent

HANG_FIRST = "test.hang_first"


def hang_first(task: Task, _now: datetime) -> int:
    """The first worker never gets any further: it waits to be killed."""
    if task.attempt == 1:
        Event().wait()
    return task.attempt


def note(task: Task, now: datetime, attempt: int) -> None:
    record(
        "test.worked",
        object_type="test",
        object_id=task.subject,
        subjects=[],
        actor=SYSTEM,
        at=now,
        data={"attempt": attempt},
    )


register_intent(HANG_FIRST, note, gather=hang_first, lease=timedelta(seconds=2))
