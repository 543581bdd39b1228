"""A rollback on its way: the service's driver is told, and what it says is written down. No person acts here."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.registry import Again
from cybercube_portal.catalog.states import RollbackDriver
from releases.actions.deadlines import watch_deadline
from releases.actions.outcomes import fail_deployment
from releases.actions.recording import record_deployment
from releases.actions.verification import queue_verification
from releases.drivers import DRIVERS, Progress, Report
from releases.events import DeploymentEvent
from releases.models import Deployment
from releases.selectors.deployments import lock_deployment
from releases.selectors.rollbacks import order_of
from releases.states import DeploymentState

PAUSE = timedelta(seconds=5)


def ask_driver(*, reference: str, now: datetime) -> Report | None:
    """Let the driver begin, or look how far it is; None when nothing is left to do. Writes nothing, may run more than once.

    Raises DriverUnavailable, NotFound.
    """
    order, driver = order_of(reference)
    return None if order is None else DRIVERS[RollbackDriver(driver)](order, now=now)


@transaction.atomic
def note_report(*, reference: str, report: Report | None, now: datetime) -> Again | None:
    """Write down what the driver said: done is verified next, refused fails it. `Again` while it goes on."""
    if report is None:
        return None
    rollback = lock_deployment(reference)
    if rollback.state != DeploymentState.RUNNING:
        return None
    row = rollback.rollback
    row.driver_said = report.words
    if report.progress is Progress.HANDED_OVER:
        row.handed_over_at = row.handed_over_at or now
    row.save()
    if report.progress is Progress.REFUSED:
        fail_deployment(reference=reference, reason=report.words, now=now)
    elif report.progress is Progress.DONE:
        finish_rollback(rollback, said=report.words, now=now)
    elif report.progress is Progress.GOING_ON:
        return Again(now + PAUSE)
    else:
        record_deployment(
            DeploymentEvent.HANDED_OVER, rollback, actor=SYSTEM, at=now, driver=row.driver, said=report.words
        )
    return None


@transaction.atomic
def give_driver_up(*, reference: str, error: str, now: datetime) -> None:
    """The driver could not be reached in as many tries as it gets, or in time: the rollback failed (§8.3)."""
    rollback = lock_deployment(reference)
    if rollback.state == DeploymentState.RUNNING and rollback.rollback.handed_over_at is None:
        fail_deployment(reference=reference, reason=f"Its driver did not carry it out: {error}", now=now)


def finish_rollback(rollback: Deployment, *, said: str, now: datetime) -> None:
    """It is carried out: its checks are made next. `rollback` is locked."""
    rollback.finish(at=now, deadline=now + settings.VERIFICATION_DEADLINE)
    rollback.save()
    record_deployment(DeploymentEvent.FINISHED, rollback, actor=SYSTEM, at=now, note=said)
    watch_deadline(rollback, at=now)
    queue_verification(rollback, actor=SYSTEM, now=now)
