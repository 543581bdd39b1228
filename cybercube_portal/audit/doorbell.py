"""The doorbell: tells a worker, after the commit, that a row waits.

A ring may be lost, the row is not: the sweep finds it (reliability.md section 1). So a broker that cannot be reached costs one log
line and, for the next seconds, no further attempt; it never breaks the request that wrote the row.

Two queues: what talks to the outside may wait for seconds and has workers of its own, so that it never holds up sealing or
any other work that only needs the database.
"""

from __future__ import annotations

import time

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

QUIET_SECONDS = 5.0
WORK_INTENT = "audit.work_intent"
SEND_DELIVERY = "audit.send_delivery"
INSIDE, OUTSIDE = "celery", "outside"

log = structlog.get_logger(__name__)
_quiet_until = 0.0


def ring_after_commit(task: str, row_id: int, *, queue: str) -> None:
    """Ring for one row once the caller's transaction is committed."""
    transaction.on_commit(lambda: ring(task, row_id, queue=queue), robust=True)


def ring(task: str, row_id: int, *, queue: str) -> bool:
    """Send the task now, True when the broker took it."""
    global _quiet_until  # noqa: PLW0603 - one broker per process
    if time.monotonic() < _quiet_until:
        return False
    try:
        current_app.send_task(task, args=(row_id,), queue=queue, ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("doorbell_unreachable", task=task, row=row_id, error=str(error))
        return False
    return True
