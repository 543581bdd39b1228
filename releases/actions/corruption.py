"""§8.5, last row: data corruption. Traffic is stopped by people, the incident commander decides, nothing is automatic."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from changes.policy.emergency import Severity
from changes.selectors.recipients import holders_of
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Invalid, refuse
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.roles import Role
from releases import messages, permissions
from releases.actions.incidents import LONGEST_TITLE, Trouble, open_incident
from releases.actions.recording import record_deployment
from releases.events import DeploymentEvent
from releases.models import Deployment, Incident
from releases.selectors.deployments import get_deployment, lock_deployment
from releases.selectors.incidents import corruption_of, is_corruption_reported
from releases.states import DeploymentState, IncidentSource

LONGEST_REASON = 10_000
COMMANDERS = (Role.INCIDENT_COMMANDER, Role.ON_CALL_LEAD, Role.ON_CALL)
NEVER_RAN: frozenset[DeploymentState] = frozenset({DeploymentState.PENDING})


@transaction.atomic
def report_corruption(*, reference: str, reason: str, actor: Actor, now: datetime) -> Incident:
    """A SEV-1 incident for the incident commander, with the restore of a backup prepared; the system rolls nothing back then.

    Raises NotFound, NotPermitted, Invalid, MoveRefused when it never ran or was reported before.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        message = f"Say what is corrupt, in at most {LONGEST_REASON} characters."
        raise Invalid.field("/reason", "corruption.reason", message)
    service = catalog.lock_service(get_deployment(reference).service.slug)
    deployment = lock_deployment(reference)
    require(actor, permissions.REPORT_CORRUPTION, now=now, teams=[service.team.slug], services=[service.slug])
    if deployment.state in NEVER_RAN:
        raise refuse("corruption.never_ran", "§8.5", f"{reference} never ran.", "Name the deployment that did it.")
    if is_corruption_reported(reference):
        message = f"The corruption of data by {reference} is known already."
        raise refuse("corruption.known", "§8.5", message, "See its incident.", ("Incident commander",))
    title = f"Data corruption: {' '.join(reason.split())}"
    trouble = Trouble(
        service=service.slug,
        environment=deployment.environment,
        title=title[:LONGEST_TITLE],
        severity=Severity.SEV_1.value,
    )
    incident = open_incident(
        trouble,
        source=IncidentSource.PERSON,
        actor=actor,
        now=now,
        external_id=corruption_of(reference),
        deployment=reference,
    )
    record_deployment(
        DeploymentEvent.CORRUPTION_REPORTED, deployment, actor=actor, at=now, reason=reason, incident=incident.reference
    )
    _call_commander(deployment, incident, reason=reason, actor=actor, now=now)
    return incident


def _call_commander(deployment: Deployment, incident: Incident, *, reason: str, actor: Actor, now: datetime) -> None:
    team = deployment.service.team.slug
    tell(
        Kind.DATA_CORRUPTION,
        about=incident.reference,
        occasion="corruption",
        to=holders_of(COMMANDERS, teams=[team], now=now),
        teams=[team],
        write=partial(messages.data_corruption, deployment, incident=incident, reporter=actor.name, reason=reason),
        now=now,
    )
