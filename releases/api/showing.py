"""A deployment as the API answers with it, in the public contract's names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from changes.api.showing import history
from cybercube_portal.people.actors import Actor
from releases.models import Deployment
from releases.selectors.deployment_moves import moves_for
from releases.selectors.deployment_view import rollback_of, verification_of, watch_of

AS_STORED = (
    "version",
    "digest",
    "environment",
    "action",
    "method",
    "state",
    "started_by",
    "created_at",
    "started_at",
    "finished_at",
    "verified_at",
    "ended_at",
)
IN_FULL = ("observed_version", "previous_version", "steps", "step", "step_judgements", "note", "deadline_at")


def listed_deployment(row: Deployment) -> dict[str, Any]:
    """What ListedDeploymentSerializer writes."""
    return {
        "id": row.reference,
        "service": row.service.slug,
        "team": row.service.team.slug,
        **{name: getattr(row, name) for name in AS_STORED},
        "change": row.change or None,
        "release": row.release or None,
        "rolls_back": row.rolls_back.reference if row.rolls_back else None,
    }


def shown_deployment(row: Deployment, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """What DeploymentSerializer writes, with the moves open to `actor`."""
    return {
        **listed_deployment(row),
        **{name: getattr(row, name) for name in IN_FULL},
        "decision": row.decision_id,
        "expected_version": row.version,
        "run": row.run or None,
        "verification": verification_of(row),
        "watch": watch_of(row),
        "rollback": rollback_of(row),
        "moves": moves_for(row, actor=actor, now=now),
        "history": history(row.reference),
    }
