"""The worker's edge of releases: ids in, one action out. The clock is read at the edge and nowhere below."""

from __future__ import annotations

from datetime import datetime

from cybercube_portal.audit.registry import Task
from releases.actions import outcomes


def time_out_deployment(task: Task, now: datetime) -> None:
    """A deadline passed: `task.subject` is a deployment's reference."""
    outcomes.time_out_deployment(reference=task.subject, now=now)
