"""The worker's edge of people. The clock is read at the edge and nowhere below."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from cybercube_portal import clock
from cybercube_portal.people import actions

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "people.forget_old_forms": {
        "task": "people.forget_old_forms",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}


@shared_task(name="people.forget_old_forms")
def forget_old_forms() -> None:
    """Drop what nobody sent for a long time."""
    actions.forget_old_forms(now=clock.now())
