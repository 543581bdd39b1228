"""Tell whoever is on call that a deployment needs a person (§8.5). Each event is told once."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from changes.selectors.recipients import holders_of
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.people.roles import Role
from releases import messages
from releases.events import DeploymentEvent
from releases.selectors.deployments import get_deployment

PAGED = (Role.ON_CALL, Role.ON_CALL_LEAD)
NOTICES = {
    DeploymentEvent.UNCERTAIN.value: (Kind.DEPLOYMENT_UNCERTAIN, messages.deployment_uncertain),
    DeploymentEvent.ALERTED.value: (Kind.DEPLOYMENT_ALERTED, messages.deployment_alerted),
}


@transaction.atomic
def ask_on_call(*, reference: str, verb: str, message: str, occasion: str, now: datetime) -> int:
    """Tell everybody on call for the service's team; `occasion` names the event. Returns how many. Raises NotFound."""
    deployment = get_deployment(reference)
    kind, words = NOTICES[verb]
    team = deployment.service.team.slug
    return tell(
        kind,
        about=reference,
        occasion=occasion,
        to=holders_of(PAGED, teams=[team], now=now),
        teams=[team],
        write=partial(words, deployment, message=message),
        now=now,
    )
