"""The worker's edge of releases: ids in, one action out. The clock is read at the edge and nowhere below."""

from __future__ import annotations

from datetime import datetime

from cybercube_portal.audit.registry import Again, Task
from releases.actions import driving, following, outcomes
from releases.drivers import Report


def time_out_deployment(task: Task, now: datetime) -> None:
    """A deadline passed: `task.subject` is a deployment's reference."""
    outcomes.time_out_deployment(reference=task.subject, now=now)


def ask_driver(task: Task, now: datetime) -> Report | None:
    """`task.subject` is a rollback's reference; runs in no transaction and may run again."""
    return driving.ask_driver(reference=task.subject, now=now, attempt=task.attempt)


def drive_rollback(task: Task, now: datetime, report: Report | None) -> Again | None:
    """Write down what the driver said."""
    return driving.note_report(reference=task.subject, report=report, now=now)


def give_driver_up(task: Task, now: datetime, error: str) -> None:
    """The driver could not be reached."""
    driving.give_driver_up(reference=task.subject, error=error, now=now)


def follow_change(task: Task, now: datetime) -> None:
    """The change `task.subject` moved or was edited."""
    following.follow_change(number=task.subject, now=now)


def follow_artifact(task: Task, now: datetime) -> None:
    """Something was reported of the artifact `task.subject`, as `service:version`."""
    service, _, version = task.subject.partition(":")
    following.follow_artifact(service=service, version=version, now=now)
