"""Alertmanager tells: what fires opens an incident and kills the flag it names, what is resolved ends it, what was told before changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from releases import permissions
from releases.actions.flags import switch_off_for_alert
from releases.actions.incidents import LONGEST_TITLE, Trouble, end_incident, open_incident
from releases.models import Incident
from releases.selectors.incidents import open_alert
from releases.states import IncidentSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as it was sent. `service`, `environment` and `flag` are its labels' texts, `ends_at` None while it fires."""

    fingerprint: str
    service: str
    environment: str
    title: str
    severity: str
    url: str
    starts_at: datetime
    ends_at: datetime | None = None
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one alert: opened, known, resolved, nothing_open, or refused with a reason in `message`.

    `flag` was switched off by it; an alert whose flag could not be says in `message` why.
    """

    fingerprint: str
    outcome: str
    incident: str = ""
    message: str = ""
    flag: str = ""


def take_alerts(*, alerts: Iterable[Alert], actor: Actor, now: datetime) -> list[Taken]:
    """Each by itself: one about an unknown service keeps no other from being heard. Raises NotPermitted."""
    require(actor, permissions.RECEIVE_ALERTS, now=now, services=actor.key.services if actor.key else ())
    return [_taken(alert, actor=actor, now=now) for alert in alerts]


@transaction.atomic
def _taken(alert: Alert, *, actor: Actor, now: datetime) -> Taken:
    environment = ENVIRONMENT_NAMES.get(alert.environment.lower())
    if refusal := _refusal(alert, environment, actor):
        return Taken(alert.fingerprint, "refused", message=refusal)
    catalog.lock_service(alert.service)
    known = open_alert(alert.fingerprint)
    if alert.ends_at is not None:
        return _over(alert, known, actor=actor, now=now)
    if known is not None:
        return Taken(alert.fingerprint, "known", known.reference)
    trouble = Trouble(
        service=alert.service,
        environment=str(environment),
        title=alert.title[:LONGEST_TITLE],
        severity=alert.severity,
        url=alert.url,
        detected_at=min(alert.starts_at, now),
    )
    opened = open_incident(trouble, source=IncidentSource.ALERT, actor=actor, now=now, external_id=alert.fingerprint)
    if not alert.flag:
        return Taken(alert.fingerprint, "opened", opened.reference)
    # Once, when it begins to fire: whoever switches it on again while it fires knows why.
    off, why_not = switch_off_for_alert(
        alert.flag,
        service=alert.service,
        environment=str(environment),
        reason=f"{opened.reference}: {alert.title}",
        actor=actor,
        now=now,
    )
    return Taken(alert.fingerprint, "opened", opened.reference, why_not, off)


def _over(alert: Alert, known: Incident | None, *, actor: Actor, now: datetime) -> Taken:
    if known is None:
        return Taken(alert.fingerprint, "nothing_open")
    ended = min(max(alert.ends_at or now, known.detected_at), now)
    end_incident(known, actor=actor, at=ended, now=now)
    return Taken(alert.fingerprint, "resolved", known.reference)


def _refusal(alert: Alert, environment: str | None, actor: Actor) -> str:
    if environment is None:
        return f"There is no environment {alert.environment!r}: dev, stg or prd."
    if not catalog.team_by_service([alert.service]):
        return f"There is no service {alert.service!r}: register it, or correct the label `service` of the alert."
    if actor.key and actor.key.services and alert.service not in actor.key.services:
        return f"This API key does not cover {alert.service}."
    return ""
