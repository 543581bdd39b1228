"""What happens in production right now: what goes on, what is watched, what runs there that was not deployed. One query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce

from cybercube_portal.catalog.states import EnvironmentCode
from releases.models import Deployment, Incident, Observation
from releases.states import UNDER_WAY, DeploymentState, IncidentState

MOST = 8


class Kind(StrEnum):
    """What a line speaks of, in the order people want to know it."""

    INCIDENT = "incident"
    DRIFT = "drift"
    UNDER_WAY = "under_way"
    WATCHED = "watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing. `words`: an incident's title, else a version; `other`: its severity, or the version that was deployed.

    `state` is a deployment's, or the version that a bypass was filed for; `at` when it was detected, seen or started, or until when it is watched.
    """

    kind: Kind
    service: str
    reference: str
    words: str
    state: str
    other: str
    at: datetime


def happening_in_production() -> tuple[Line, ...]:
    """The newest of each kind; what drifts only because a deployment goes on is left out."""
    rows = _incidents().union(_drifting(), _under_way(), _watched(), all=True)
    names = ("kind", "service", "reference", "words", "state", "other", "at")
    lines = [Line(**dict(zip(names, (Kind(kind), *row), strict=True))) for kind, *row in rows]
    return tuple(sorted(lines, key=lambda line: (list(Kind).index(line.kind), -line.at.timestamp())))


def _line(rows: QuerySet[Any], kind: Kind, *, order: str, **columns: Any) -> QuerySet[Any, tuple[Any, ...]]:
    given = {f"line_{name}": value for name, value in columns.items()}
    texts = {name: Cast(value, CharField()) for name, value in given.items() if name != "line_at"}
    named = rows.annotate(line_kind=_text(kind), line_at=given["line_at"], **texts)
    wanted = [f"line_{name}" for name in ("kind", "service", "reference", "words", "state", "other", "at")]
    found: QuerySet[Any, tuple[Any, ...]] = named.order_by(order).values_list(*wanted)[:MOST]
    return found


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


def _incidents() -> QuerySet[Any, tuple[Any, ...]]:
    return _line(
        Incident.objects.filter(state=IncidentState.OPEN),
        Kind.INCIDENT,
        order="-detected_at",
        service=F("service__slug"),
        reference=F("reference"),
        words=F("title"),
        state=F("state"),
        other=F("severity"),
        at=F("detected_at"),
    )


def _drifting() -> QuerySet[Any, tuple[Any, ...]]:
    there = Deployment.objects.filter(service=OuterRef("service"), environment=EnvironmentCode.PRD.value)
    last = there.filter(state=DeploymentState.HEALTHY).order_by("-id").values("version")[:1]
    going = Deployment.objects.filter(environment=EnvironmentCode.PRD, state__in=UNDER_WAY).values("service")
    rows = (
        Observation.objects.filter(environment=EnvironmentCode.PRD, seen_at__isnull=False, error="")
        .exclude(service__in=going)
        .annotate(expected=Coalesce(Subquery(last), _text("")))
        .exclude(version=F("expected"))
    )
    return _line(
        rows,
        Kind.DRIFT,
        order="-since",
        service=F("service__slug"),
        reference=F("bypass_change"),
        words=F("version"),
        state=F("bypass_version"),
        other=F("expected"),
        at=F("seen_at"),
    )


def _under_way() -> QuerySet[Any, tuple[Any, ...]]:
    return _deployments(Deployment.objects.filter(state__in=UNDER_WAY), Kind.UNDER_WAY, at="created_at")


def _watched() -> QuerySet[Any, tuple[Any, ...]]:
    """A watch that nobody ended is still one: the worker ends it."""
    watched = Q(state=DeploymentState.HEALTHY, watched_at__isnull=True, watch_until__isnull=False)
    return _deployments(Deployment.objects.filter(watched), Kind.WATCHED, at="watch_until")


def _deployments(rows: QuerySet[Deployment], kind: Kind, *, at: str) -> QuerySet[Any, tuple[Any, ...]]:
    return _line(
        rows.filter(environment=EnvironmentCode.PRD),
        kind,
        order="-id",
        service=F("service__slug"),
        reference=F("reference"),
        words=F("version"),
        state=F("state"),
        other=F("action"),
        at=F(at),
    )
