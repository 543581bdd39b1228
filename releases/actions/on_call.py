"""Tell whoever is on call that a deployment needs a person (§8.5). Each event is told once."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from changes.selectors.recipients import addresses_of
from cybercube_portal.audit.actions import queue_mail
from cybercube_portal.people.roles import Role
from releases.events import DeploymentEvent
from releases.selectors.deployments import get_deployment

PAGED = (Role.ON_CALL, Role.ON_CALL_LEAD)
TEMPLATES = {
    DeploymentEvent.UNCERTAIN.value: "deployment_uncertain",
    DeploymentEvent.ALERTED.value: "deployment_alerted",
}


@transaction.atomic
def ask_on_call(*, reference: str, verb: str, message: str, occasion: str, now: datetime) -> int:
    """One mail to everybody on call for the service's team; `occasion` names the event. Returns how many. Raises NotFound."""
    deployment = get_deployment(reference)
    template = TEMPLATES[verb]
    context = {
        "deployment": deployment,
        "message": message,
        "url": f"{settings.BASE_URL}/deployments/{reference}/",
    }
    subject, _, body = render_to_string(f"emails/{template}.txt", context).partition("\n")
    mails = queue_mail(
        to=addresses_of(PAGED, teams=[deployment.service.team.slug], now=now),
        subject=subject,
        body=f"{body.strip()}\n",
        at=now,
        about=reference,
        dedupe_key=f"{template}:{reference}:{occasion}",
    )
    return len(mails)
