"""What goes wrong in an environment: reported by people, and opened by the rollback it leads to (domain.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from changes.actions.numbers import take_reference
from changes.policy.emergency import Severity
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from releases import permissions
from releases.actions.recording import record_incident
from releases.events import IncidentEvent
from releases.models import Deployment, Incident
from releases.selectors.incidents import deployment_before, lock_incident, open_against, open_behind
from releases.selectors.notices import degraded_since
from releases.states import IncidentSource, IncidentState

LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is known of an incident. `severity` is SEV-1 to SEV-4 or ""; `detected_at` None is now; see Incident."""

    service: str
    environment: str
    title: str
    severity: str = ""
    url: str = ""
    detected_at: datetime | None = None


@transaction.atomic
def report_incident(*, trouble: Trouble, actor: Actor, now: datetime) -> Incident:
    """A person, or a pipeline of the team, says that something is wrong. Raises NotFound, NotPermitted, Invalid."""
    service = catalog.lock_service(trouble.service)
    require(actor, permissions.REPORT_INCIDENT, now=now, teams=[service.team.slug], services=[service.slug])
    _check(trouble, now=now)
    return open_incident(trouble, source=IncidentSource.PERSON, actor=actor, now=now)


@transaction.atomic
def resolve_incident(*, reference: str, actor: Actor, now: datetime, resolved_at: datetime | None = None) -> Incident:
    """It is over, perhaps since a while. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    incident = lock_incident(reference)
    service = incident.service
    require(actor, permissions.RESOLVE_INCIDENT, now=now, teams=[service.team.slug], services=[service.slug])
    at = resolved_at or now
    if not incident.detected_at <= at <= now:
        message = "An incident is resolved after it was detected, and not in the future."
        raise Invalid.field("/resolved_at", "incident.resolved_at", message)
    return end_incident(incident, actor=actor, at=at, now=now)


def open_incident(
    trouble: Trouble,
    *,
    source: IncidentSource,
    actor: Recorded,
    now: datetime,
    external_id: str = "",
    deployment: str = "",
) -> Incident:
    """Write it down, counted against the last deployment there before it. Raises NotFound for an unknown service."""
    service = catalog.lock_service(trouble.service)
    at = trouble.detected_at or now
    key, reference = take_reference("INC", table=Incident._meta.db_table)  # noqa: SLF001 - Django's own name for it
    incident = Incident(
        pk=key,
        reference=reference,
        service=service,
        environment=trouble.environment,
        title=trouble.title.strip(),
        severity=trouble.severity,
        source=source,
        external_id=external_id,
        url=trouble.url,
        deployment=deployment or deployment_before(service=service.slug, environment=trouble.environment, moment=at),
        detected_at=at,
    )
    incident.save(force_insert=True)
    record_incident(
        IncidentEvent.DETECTED,
        incident,
        actor=actor,
        at=now,
        source=source.value,
        severity=trouble.severity,
        deployment=incident.deployment,
        detected_at=at,
        url=trouble.url,
    )
    return incident


def end_incident(incident: Incident, *, actor: Recorded, at: datetime, now: datetime) -> Incident:
    """Over since `at`; `incident` is locked. Raises MoveRefused."""
    incident.resolve(at=at)
    incident.save()
    record_incident(IncidentEvent.RESOLVED, incident, actor=actor, at=now, resolved_at=at)
    return incident


def incident_of_rollback(rollback: Deployment, taken_back: Deployment, *, actor: Recorded, now: datetime) -> str:
    """The incident that a rollback in production answers: the open one against what is taken back, else a new one.

    "" elsewhere: what goes wrong in staging fails no change that a customer saw (DORA). The service is locked.
    """
    if rollback.environment != EnvironmentCode.PRD:
        return ""
    known = open_against(taken_back.reference) or open_behind(taken_back)
    if known is not None:
        return known.reference
    title = f"{taken_back.version} rolled back: {' '.join(rollback.note.split())}"
    trouble = Trouble(
        service=rollback.service.slug,
        environment=rollback.environment,
        title=title[:LONGEST_TITLE],
        detected_at=degraded_since(taken_back),
    )
    return open_incident(
        trouble,
        source=IncidentSource.ROLLBACK,
        actor=actor,
        now=now,
        external_id=rollback.reference,
        deployment=taken_back.reference,
    ).reference


def end_incident_of_rollback(reference: str, *, now: datetime, actor: Recorded = SYSTEM) -> None:
    """What ran before runs again: the incident that the rollback itself opened is over; others end as they began."""
    if not reference:
        return
    incident = lock_incident(reference)
    if incident.source == IncidentSource.ROLLBACK and incident.state == IncidentState.OPEN:
        end_incident(incident, actor=actor, at=now, now=now)


def _check(trouble: Trouble, *, now: datetime) -> None:
    if not trouble.title.strip():
        raise Invalid.field("/title", "incident.title_missing", "Say in a line what is wrong.")
    if trouble.severity and trouble.severity not in {severity.value for severity in Severity}:
        raise Invalid.field("/severity", "incident.severity", "A severity is SEV-1 to SEV-4.")
    if trouble.detected_at is not None and trouble.detected_at > now:
        raise Invalid.field("/detected_at", "incident.detected_at", "It cannot have been noticed in the future.")
