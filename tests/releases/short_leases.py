"""What a worker process in a test of kills is told by `-I`: what talks to the outside and was left by a dead worker is free again after two seconds."""

from __future__ import annotations

from datetime import timedelta

from cybercube_portal.audit.registry import register_intent
from releases import tasks
from releases.actions.rollback import DRIVE
from releases.actions.verification import VERIFY

register_intent(
    VERIFY,
    tasks.verify_deployment,
    gather=tasks.make_checks,
    give_up=tasks.give_up_verification,
    lease=timedelta(seconds=2),
)
register_intent(
    DRIVE,
    tasks.drive_rollback,
    gather=tasks.ask_driver,
    give_up=tasks.give_driver_up,
    lease=timedelta(seconds=2),
)
