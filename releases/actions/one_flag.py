"""One flag switched off takes back everything that its change brought there, whichever service it is (§8.2)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.audit.actors import SYSTEM, SystemActor
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.selectors import actor_named
from releases.actions.rollback import LONGEST_REASON, switched_off
from releases.models import Deployment
from releases.selectors.deployments import get_deployment, lock_deployment
from releases.selectors.rollbacks import behind_same_flag, is_by_flag, plan_rollback
from releases.states import RollbackMethod, Trigger


def follow_flag(*, reference: str, now: datetime) -> None:
    """Where `reference` is being taken back by a flag, the others of its change there are too; nothing for every other rollback.

    Each in a transaction of its own, so that no two services are held at once: two rollbacks that begin in the same moment
    cannot wait for each other, and what one of them did is left as it is. Raises NotFound.
    """
    first = get_deployment(reference).rollbacks.select_related("rollback", "rolls_back", "started_by").first()
    if first is not None and first.rolls_back is not None and is_by_flag(first):
        for other in behind_same_flag(first.rolls_back):
            _follow(other, first, now=now)


@transaction.atomic
def _follow(other: Deployment, first: Deployment, *, now: datetime) -> None:
    """Nobody is asked for permission: the flag is off for it as well, this writes down what that means."""
    catalog.lock_service(other.service.slug)
    standing, row = lock_deployment(other.reference), first.rollback
    plan = plan_rollback(standing, trigger=Trigger(row.trigger), method=RollbackMethod.FLAG, is_system=row.is_automatic)
    if not plan.is_flag_off or not plan.decision.allowed:
        # Taken back by somebody meanwhile, followed by another version, on again, or left to people (§8.5).
        return
    taken_back = first.rolls_back
    what = f"{taken_back.reference} ({taken_back.service.slug} {taken_back.version})" if taken_back else first.reference
    reason = f"{row.flag} was switched off to take back {what}: {row.reason}"[:LONGEST_REASON]
    switched_off(plan, reason=reason, actor=_who(first), now=now)


def _who(first: Deployment) -> Actor | SystemActor:
    """Whoever switched the flag off."""
    is_person = first.started_by is not None and not first.rollback.is_automatic
    return actor_named(first.started_by.username) if is_person and first.started_by else SYSTEM
