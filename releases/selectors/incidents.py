"""Incidents: all, one, those open somewhere, and the deployment one is counted against."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from cybercube_portal.errors import NotFound
from releases.models import Deployment, Incident
from releases.states import IncidentSource, IncidentState


def incidents() -> QuerySet[Incident]:
    """All, the newest first, with what a list shows."""
    return Incident.objects.select_related("service__team").order_by("-detected_at", "-id")


def incidents_filtered(
    *, service: str = "", environment: str = "", state: str = "", source: str = "", team: str = ""
) -> QuerySet[Incident]:
    """Those that fit everything given; what is empty narrows nothing. Team and service by slug."""
    given = {
        "service__slug": service,
        "environment": environment,
        "state": state,
        "source": source,
        "service__team__slug": team,
    }
    return incidents().filter(**{name: value for name, value in given.items() if value})


def open_incidents(*, services: Iterable[str] | None = None) -> dict[str, list[Incident]]:
    """What is open, by service, the newest first; of all services, or of these."""
    rows = incidents().filter(state=IncidentState.OPEN)
    found: dict[str, list[Incident]] = {}
    for row in rows if services is None else rows.filter(service__slug__in=list(services)):
        found.setdefault(row.service.slug, []).append(row)
    return found


def incidents_after(deployments: Iterable[str], *, until: datetime) -> QuerySet[Incident]:
    """Those counted against one of these deployments (§8.5), as far as they were noticed by then, the oldest first."""
    named = [reference for reference in deployments if reference]
    return incidents().filter(deployment__in=named, detected_at__lte=until).order_by("detected_at", "id")


def get_incident(reference: str) -> Incident:
    """Raises NotFound."""
    return _found(incidents().filter(reference=reference).first(), reference)


def lock_incident(reference: str) -> Incident:
    """Held until the transaction ends. Raises NotFound."""
    held = Incident.objects.select_for_update(of=("self",), no_key=True).select_related("service__team")
    return _found(held.filter(reference=reference).first(), reference)


def open_alert(fingerprint: str) -> Incident | None:
    """The incident that an alert opened and that is still open."""
    return (
        incidents()
        .filter(source=IncidentSource.ALERT, external_id=fingerprint, state=IncidentState.OPEN)
        .select_for_update(of=("self",), no_key=True)
        .first()
    )


def open_against(deployment: str) -> Incident | None:
    """The oldest open incident counted against a deployment."""
    return incidents().filter(deployment=deployment, state=IncidentState.OPEN).order_by("detected_at", "id").first()


def open_behind(deployment: Deployment) -> Incident | None:
    """The open incident that a deployment answers, when it is itself a rollback."""
    if not deployment.is_rollback or deployment.rolls_back is None:
        return None
    return incidents().filter(reference=deployment.rollback.incident, state=IncidentState.OPEN).first()


def is_corruption_reported(deployment: str) -> bool:
    """Whether its data were reported as corrupt and nobody said that this is over."""
    return _corruption(deployment).filter(state=IncidentState.OPEN).exists()


def was_corruption_reported(deployment: str) -> bool:
    """Whether its data were ever reported as corrupt."""
    return _corruption(deployment).exists()


def _corruption(deployment: str) -> QuerySet[Incident]:
    return incidents().filter(external_id=corruption_of(deployment), source=IncidentSource.PERSON)


def corruption_of(deployment: str) -> str:
    """How the incident of corrupted data names itself: once for each deployment."""
    return f"corruption:{deployment}"


def deployment_before(*, service: str, environment: str, moment: datetime) -> str:
    """The reference of the last deployment there that had started by then; "" for none."""
    rows = Deployment.objects.filter(service__slug=service, environment=environment, started_at__lte=moment)
    return rows.order_by("-started_at", "-id").values_list("reference", flat=True).first() or ""


def _found(incident: Incident | None, reference: str) -> Incident:
    if incident is None:
        raise NotFound(f"There is no incident {reference}.", code="incident.unknown")
    return incident
