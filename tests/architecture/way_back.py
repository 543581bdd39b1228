"""What the world of the routes has to roll back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from releases.actions.incidents import Trouble, report_incident
from releases.actions.rollback import start_rollback
from releases.models import Deployment
from tests.factories import changes as story
from tests.factories.deployments import SERVICE, deployed


def what_goes_back(before: datetime, *, now: datetime) -> dict[str, dict[str, Any]]:
    """What can be rolled back, what is being rolled back, and an incident."""
    for version in ("v2.1.0", "v2.1.1"):
        deployed(version, at=before, environment="stg")
    deployed("v2.1.0", at=before, environment="prd")
    rollable = deployed("v2.1.1", at=before, environment="prd")
    taken_back = Deployment.objects.get(version="v2.1.1", environment="stg")
    grace = story.actor("grace")
    rollback = start_rollback(reference=taken_back.reference, reason="Slow", actor=grace, now=now)
    trouble = Trouble(service=SERVICE, environment="prd", title="Checkout fails")
    incident = report_incident(trouble=trouble, actor=grace, now=now)
    return {
        "rollable": {"reference": rollable.reference},
        "rollback": {"reference": rollback.reference},
        "incident": {"reference": incident.reference},
    }
