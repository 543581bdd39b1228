"""A flag was switched off and that did not help: the system goes on by the next method of §8.2."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.errors import MoveRefused
from releases.actions.outcomes import lose_way_back
from releases.actions.rollback import start_rollback
from releases.models import Deployment
from releases.selectors.deployments import lock_deployment
from releases.selectors.rollbacks import falls_back
from releases.states import DeploymentState, Trigger


@transaction.atomic
def fall_back(*, reference: str, now: datetime) -> Deployment | None:
    """Deploy the version before, where `reference` switched a flag off and its checks failed; None for every other deployment.

    What may not be deployed leaves it in the hands of on-call. Raises NotFound.
    """
    rollback = lock_deployment(reference)
    if rollback.state != DeploymentState.FAILED or not falls_back(rollback):
        return None
    row = rollback.rollback
    reason = f"{row.flag} was switched off, and it is still not well: {rollback.note}"
    try:
        return start_rollback(reference=reference, trigger=Trigger(row.trigger), reason=reason, actor=SYSTEM, now=now)
    except MoveRefused as refused:
        lose_way_back(rollback, reason=f"{reason} {refused}", actor=SYSTEM, now=now)
        return None
