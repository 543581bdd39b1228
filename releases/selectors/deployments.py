"""Deployments: one, those of a place, what ran there before, and what a change still owes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from changes.policy.scope import Action
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES, EnvironmentCode
from cybercube_portal.errors import NotFound
from releases.models import Deployment
from releases.states import UNDER_WAY, DeploymentState

STANDING: frozenset[DeploymentState] = UNDER_WAY | {DeploymentState.HEALTHY, DeploymentState.FAILED}


def deployments() -> QuerySet[Deployment]:
    """All, the newest first, with what a list shows."""
    return Deployment.objects.select_related("service__team", "started_by", "rolls_back", "decision").order_by(
        "-created_at", "-id"
    )


def deployments_filtered(
    *,
    service: str = "",
    team: str = "",
    environment: str = "",
    state: str = "",
    version: str = "",
    change: str = "",
    release: str = "",
) -> QuerySet[Deployment]:
    """The list, narrowed by everything given. `service` and `team` are slugs, `environment` a code or a long name."""
    exactly = {
        "service__slug": service,
        "service__team__slug": team,
        "environment": ENVIRONMENT_NAMES[environment] if environment else "",
        "state": state,
        "version": version,
        "change": change,
        "release": release,
    }
    return deployments().filter(**{name: value for name, value in exactly.items() if value})


def of_change(number: str) -> QuerySet[Deployment]:
    """What was deployed under a change, and what took that back, the newest first: rows for `database.together`.

    Each has its service's `slug` and what it `takes_back`.
    """
    rows = Deployment.objects.filter(Q(change=number) | Q(rolls_back__change=number))
    return rows.annotate(slug=F("service__slug"), takes_back=F("rolls_back__reference")).order_by("-created_at", "-id")


def get_deployment(reference: str) -> Deployment:
    """Raises NotFound."""
    return _found(deployments().filter(reference=reference).first(), reference)


def lock_deployment(reference: str) -> Deployment:
    """Held until the transaction ends. Raises NotFound."""
    held = Deployment.objects.select_for_update(of=("self",), no_key=True).select_related(
        "service__team", "rolls_back", "decision"
    )
    return _found(held.filter(reference=reference).first(), reference)


def in_place(*, service: str, environment: str) -> QuerySet[Deployment]:
    """What was deployed of a service there, the newest first."""
    return deployments().filter(service__slug=service, environment=environment).order_by("-id")


def last_healthy(*, service: str, environment: str, before: int | None = None) -> Deployment | None:
    """The last deployment there that is healthy; `before` is the id of one that is itself left out with all later ones."""
    rows = in_place(service=service, environment=environment).filter(state=DeploymentState.HEALTHY)
    return (rows if before is None else rows.filter(pk__lt=before)).first()


def standing_there(*, service: str, environment: str) -> Deployment | None:
    """What a rollback there would take back: the newest one that was neither given up nor taken back yet."""
    return in_place(service=service, environment=environment).filter(state__in=STANDING).first()


def is_carried_out(*, change: str, artifacts: list[Mapping[str, Any]]) -> bool:
    """Whether everything the change names is healthy in production."""
    healthy = Deployment.objects.filter(
        change=change, environment=EnvironmentCode.PRD, state=DeploymentState.HEALTHY, action=Action.DEPLOY
    )
    done = set(healthy.values_list("service__slug", "version"))
    return all((entry["service"], entry["version"]) in done for entry in artifacts)


def is_watched(*, change: str) -> bool:
    """Whether no production deployment of the change is still being watched."""
    healthy = Deployment.objects.filter(change=change, environment=EnvironmentCode.PRD, state=DeploymentState.HEALTHY)
    return not healthy.filter(watched_at__isnull=True).exists()


def _found(deployment: Deployment | None, reference: str) -> Deployment:
    if deployment is None:
        raise NotFound(f"There is no deployment {reference}.", code="deployment.unknown")
    return deployment


def last_production_uses(*, now: datetime) -> dict[tuple[str, str], datetime]:
    """When each (service slug, version) last ran in production: `now` for what stands there, else when the next one took its place."""
    rows = Deployment.objects.filter(environment=EnvironmentCode.PRD, verified_at__isnull=False).order_by(
        "service", "id"
    )
    uses: dict[tuple[str, str], datetime] = {}
    before: tuple[str, str] | None = None
    for slug, version, verified_at in rows.values_list("service__slug", "version", "verified_at"):
        if verified_at is None:
            continue
        if before is not None and before[0] == slug:
            uses[before] = verified_at
        before = (slug, version)
        uses[before] = now
    return uses
