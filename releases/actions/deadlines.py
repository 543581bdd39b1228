"""Every deployment reaches a final state: a row wakes when its deadline passes."""

from __future__ import annotations

from datetime import datetime, timedelta

from cybercube_portal.audit.actions import open_intent
from releases.models import Deployment

TIME_OUT = "releases.time_out_deployment"


def watch_deadline(deployment: Deployment, *, at: datetime) -> None:
    """Look once more when `deployment.deadline_at` is over."""
    open_intent(TIME_OUT, deployment.reference, at=at, not_before=deployment.deadline_at + timedelta(seconds=1))
