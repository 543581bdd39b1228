"""What happens in production right now: what goes on, what is watched, what runs there that was not deployed. Three queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery

from cybercube_portal.catalog.states import EnvironmentCode
from releases.models import Deployment, Incident, Observation
from releases.selectors.incidents import incidents
from releases.states import UNDER_WAY, DeploymentState, IncidentState

MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """`drifting` are places whose version is not the last healthy deployment's, with that version as `expected`."""

    under_way: tuple[Deployment, ...]
    watched: tuple[Deployment, ...]
    drifting: tuple[Observation, ...]
    incidents: tuple[Incident, ...]

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to look at."""
        return not (self.under_way or self.watched or self.drifting or self.incidents)


def happening_in_production(*, now: datetime) -> Happening:
    """The newest of each; what drifts only because a deployment goes on is left out."""
    going = list(
        Deployment.objects.filter(environment=EnvironmentCode.PRD)
        .filter(Q(state__in=UNDER_WAY) | Q(state=DeploymentState.HEALTHY, watched_at__isnull=True, watch_until__gt=now))
        .select_related("service")
        .order_by("-id")[: 2 * MOST]
    )
    under_way = tuple(row for row in going if row.state in UNDER_WAY)
    return Happening(
        under_way=under_way[:MOST],
        watched=tuple(row for row in going if row.state not in UNDER_WAY)[:MOST],
        drifting=_drifting(without={row.service_id for row in under_way}),
        incidents=tuple(incidents().filter(state=IncidentState.OPEN)[:MOST]),
    )


def _drifting(*, without: set[int]) -> tuple[Observation, ...]:
    last = Deployment.objects.filter(
        service=OuterRef("service"), environment=EnvironmentCode.PRD.value, state=DeploymentState.HEALTHY
    ).order_by("-id")
    rows = (
        Observation.objects.filter(environment=EnvironmentCode.PRD, seen_at__isnull=False, error="")
        .exclude(service_id__in=without)
        .annotate(expected=Subquery(last.values("version")[:1]))
        .filter(Q(expected__isnull=True) | ~Q(version=F("expected")))
        .select_related("service")
        .order_by("-since")
    )
    return tuple(rows[:MOST])
