"""Filing and handing in as one step: either both happen or nothing is written."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from changes import permissions
from changes.actions.changes import submit_change
from changes.actions.content import judged, keep_draft
from changes.events import ChangeEvent
from changes.models import ChangeRequest
from changes.proposals import Proposal
from changes.selectors.moves import permit
from cybercube_portal.people.actors import Actor


@transaction.atomic
def file_change(*, proposal: Proposal, submit: bool, actor: Actor, now: datetime) -> ChangeRequest:
    """A draft, and with `submit` handed to its approvers at once. Raises as create_change and submit_change."""
    situation = judged(proposal, permission=permissions.CREATE, actor=actor, now=now)
    if submit:
        permit(situation.change, "submit", actor=actor, situation=situation)
    change = keep_draft(situation.change, verb=ChangeEvent.CREATED, actor=actor, now=now)
    return submit_change(number=change.number, actor=actor, now=now) if submit else change
