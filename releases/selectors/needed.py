"""What of the deployments needs one person, and what the palette finds among releases; rows that pages join in one query."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Concat

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.actors import Actor
from releases.models import Deployment, Incident, Release, Verification
from releases.permissions import ROLL_BACK_DEPLOYMENT
from releases.states import DeploymentState, VerificationState

MOST = 20
Rows = QuerySet[Any, tuple[Any, ...]]
Services = Mapping[str, tuple[int, ...]]


class Need(StrEnum):
    """What somebody is asked to do."""

    DOUBT = "doubt"
    WAY_BACK_FAILED = "way_back_failed"


def needed_deployments(actor: Actor, *, now: datetime) -> Rows:
    """(kind, reference, title, state, at) of what the checks left in doubt and of ways back that failed, for whoever may roll back."""
    teams = actor.teams_of(ROLL_BACK_DEPLOYMENT.roles, at=now)
    rows = Deployment.objects.filter(state__in=[DeploymentState.VERIFYING, DeploymentState.ROLLBACK_FAILED])
    if teams is not None:
        rows = rows.filter(service__in=catalog.services_of_teams(teams))
    last = Verification.objects.filter(deployment=OuterRef("pk")).order_by("-number").values("state")[:1]
    later = Deployment.objects.filter(
        service=OuterRef("service"), environment=OuterRef("environment"), id__gt=OuterRef("id")
    )
    doubted = Q(state=DeploymentState.VERIFYING, checked=VerificationState.INCONCLUSIVE)
    lost = Q(state=DeploymentState.ROLLBACK_FAILED) & ~Exists(later.filter(state=DeploymentState.HEALTHY))
    kind = Case(
        When(state=DeploymentState.VERIFYING, then=Value(Need.DOUBT.value)),
        default=Value(Need.WAY_BACK_FAILED.value),
        output_field=CharField(),
    )
    asked = rows.annotate(checked=Subquery(last)).filter(doubted | lost).order_by("-id")
    return asked.values_list(kind, "reference", _named(), "state", "created_at")[:MOST]


def found_deployments(text: str, *, services: Services, most: int) -> Rows:
    """(kind, reference, title, state) of deployments by reference, or by service and version; the newest first.

    `services` by word of `text` as of `catalog.finding.services_holding`.
    """
    rows = _speaking_of(Deployment.objects.all(), text, services).annotate(named=_named()).order_by("-id")
    found: Rows = rows.values_list(Value("deployment", output_field=CharField()), "reference", "named", "state")[:most]
    return found


def found_releases(text: str, *, services: Services, most: int) -> Rows:
    """The same of releases."""
    rows = (
        _speaking_of(Release.objects.all(), text, services)
        .annotate(named=Concat("service__slug", Value(" "), "version"))
        .order_by("-id")
    )
    found: Rows = rows.values_list(Value("release", output_field=CharField()), "reference", "named", "state")[:most]
    return found


def found_incidents(text: str, *, most: int) -> Rows:
    """The same of incidents; the third column is the title."""
    rows = Incident.objects.filter(Q(reference__iexact=text) | Q(title__icontains=text))
    return rows.order_by("-id").values_list(Value("incident", output_field=CharField()), "reference", "title", "state")[
        :most
    ]


def _speaking_of(rows: QuerySet[Any, Any], text: str, services: Services) -> QuerySet[Any, Any]:
    for word in text.split():
        of_service = Q(service__in=services[word]) if services.get(word) else Q()
        rows = rows.filter(Q(reference__iexact=word) | Q(version__icontains=word) | of_service)
    return rows


def _named() -> Concat:
    return Concat(F("service__slug"), Value(" "), F("version"), Value(" → "), F("environment"))
