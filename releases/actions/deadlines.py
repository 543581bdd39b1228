"""Rows that wake: when a deadline passes, so that every deployment reaches a final state, and while it is watched."""

from __future__ import annotations

from datetime import datetime, timedelta

from cybercube_portal.audit.actions import open_intent
from releases.models import Deployment

TIME_OUT = "releases.time_out_deployment"
WATCH = "releases.watch_deployment"


def watch_deadline(deployment: Deployment, *, at: datetime) -> None:
    """Look once more when `deployment.deadline_at` is over."""
    open_intent(TIME_OUT, deployment.reference, at=at, not_before=deployment.deadline_at + timedelta(seconds=1))


def promise_watch(deployment: Deployment, *, at: datetime) -> None:
    """Look at it from now on, where it is watched at all (§5.3)."""
    if deployment.watch_until is not None:
        open_intent(WATCH, deployment.reference, at=at)
