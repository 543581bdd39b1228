"""Places: one service in one environment, with what was deployed there and what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Func, JSONField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, JSONObject

from changes.selectors.changes import changes_listed
from changes.states import ChangeState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.errors import NotFound
from releases.models import Deployment, Observation, Release
from releases.policy.drift import Deployed, Place, Seen
from releases.selectors.stood import RolledOut, read_rolled_out, rolled_out
from releases.states import RELEASE_OVER, UNDER_WAY, DeploymentState

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Service

# What takes a version to production: until it is over it explains that staging runs ahead.
COMING = (ChangeState.IN_REVIEW, ChangeState.APPROVED, ChangeState.IMPLEMENTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A Place with the rows it was read from, for whoever shows them."""

    place: Place
    url: str
    expected: Deployment | None
    newest: Deployment | None
    observation: Observation | None

    @property
    def under_way(self) -> Deployment | None:
        """The deployment that is going on there."""
        return self.newest if self.newest is not None and self.newest.state in UNDER_WAY else None


def places_of(services: QuerySet[Service]) -> dict[str, Mapping[str, PlaceRow]]:
    """By slug and environment code, in three queries however many services."""
    return {slug: found.rows for slug, found in places_with_history(services, most=0).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlaces:
    """A service's places by environment code, what was deployed of it, the newest first, and what stood where, the oldest first."""

    rows: Mapping[str, PlaceRow]
    history: tuple[Deployment, ...] = ()
    stood: tuple[RolledOut, ...] = ()


def places_with_history(services: QuerySet[Service], *, most: int) -> dict[str, ServicePlaces]:
    """The same with the last `most` deployments of each service anywhere, and what stood where, in no more queries."""
    stood = rolled_out() if most else {}
    latest = Deployment.objects.filter(service=OuterRef("pk")).order_by("-id").values("pk")[:most]
    annotated = services.annotate(
        history=ArraySubquery(latest) if most else Value([], output_field=ArrayField(BigIntegerField())),
        **deployed_there(),
    )
    return _read(list(annotated.annotate(**stood).values("pk", "slug", "urls", "history", *stood, *_columns())))


def deployed_there() -> dict[str, Subquery]:
    """What a service is annotated with for `places_among`."""
    return {
        **{f"expected_{code}": _last(code, state=DeploymentState.HEALTHY) for code in EnvironmentCode},
        **{f"newest_{code}": _last(code) for code in EnvironmentCode},
    }


def places_among(services: Iterable[Service]) -> dict[str, Mapping[str, PlaceRow]]:
    """`places_of` services that were read with `deployed_there`, in two queries."""
    read = _read([{**vars(service), "pk": service.pk, "history": ()} for service in services])
    return {slug: found.rows for slug, found in read.items()}


def _read(rows: Sequence[Mapping[str, Any]]) -> dict[str, ServicePlaces]:
    wanted = {row[column] for row in rows for column in _columns() if row[column] is not None}
    wanted.update(pk for row in rows for pk in row["history"])
    deployments = Deployment.objects.select_related("rolls_back", "service", "started_by").in_bulk(wanted)
    seen = {
        (row.service_id, row.environment): row
        for row in Observation.objects.filter(service_id__in=[row["pk"] for row in rows]).select_related("adopted_by")
    }
    return {
        row["slug"]: ServicePlaces(
            rows={
                code.value: place_row(
                    row["slug"],
                    code,
                    url=row["urls"].get(code, ""),
                    expected=deployments.get(row[f"expected_{code}"]),
                    newest=deployments.get(row[f"newest_{code}"]),
                    observation=seen.get((row["pk"], code.value)),
                )
                for code in EnvironmentCode
            },
            history=tuple(deployments[pk] for pk in row["history"]),
            stood=read_rolled_out(row),
        )
        for row in rows
    }


def place_row(
    service: str,
    environment: EnvironmentCode,
    *,
    url: str,
    expected: Deployment | None,
    newest: Deployment | None,
    observation: Observation | None,
) -> PlaceRow:
    """The rows with the facts that policies judge."""
    place = Place(
        service=service,
        environment=environment.value,
        has_address=bool(url),
        expected=_deployed(expected) if expected else None,
        newest=_deployed(newest) if newest else None,
        seen=_seen(observation) if observation else None,
        first_version=observation.first_version if observation else "",
        adopted_version=observation.adopted_version if observation else "",
        bypass_version=observation.bypass_version if observation else "",
        bypass_change=observation.bypass_change if observation else "",
    )
    return PlaceRow(place=place, url=url, expected=expected, newest=newest, observation=observation)


def read_place(service: str, environment: str) -> PlaceRow:
    """One place. Raises KeyError for a service that is not registered."""
    return places_of(catalog.services().filter(slug=service))[service][environment]


def find_place(service: str, environment: str) -> PlaceRow:
    """The same. Raises NotFound for a service or environment that nobody knows."""
    found = places_of(catalog.services().filter(slug=service))
    if service not in found:
        raise NotFound(f"There is no service {service}.", code="service.unknown")
    if environment not in found[service]:
        raise NotFound(f"There is no environment {environment}.", code="environment.unknown")
    return found[service][environment]


def let_through_since(expected: Deployment | None, *, service: str, environment: str, version: str) -> bool:
    """Whether a deployment of `version` was started there after the last healthy one, whatever became of it."""
    rows = Deployment.objects.filter(service__slug=service, environment=environment, version=version)
    return rows.filter(pk__gt=expected.pk if expected else 0).exists()


def coming_versions(service: str) -> frozenset[str]:
    """The versions that an open release or change takes to production, in one query."""
    releases = (
        Release.objects.filter(service__slug=service)
        .exclude(state__in=RELEASE_OVER)
        .values_list(Cast(JSONObject(service="service__slug", version="version"), JSONField()))
    )
    changes = changes_listed().filter(
        services__contains=[service], environments__contains=[EnvironmentCode.PRD.value], state__in=COMING
    )
    named = (
        changes.order_by()
        .annotate(entry=Func("artifacts", function="jsonb_array_elements", output_field=JSONField()))
        .values_list("entry")
    )
    found = [entry for (entry,) in releases.order_by().union(named, all=True)]
    return frozenset(entry["version"] for entry in found if entry["service"] == service)


def _columns() -> list[str]:
    return [f"{kind}_{code}" for kind in ("expected", "newest") for code in EnvironmentCode]


def _last(environment: EnvironmentCode, **filters: str) -> Subquery:
    rows = Deployment.objects.filter(service=OuterRef("pk"), environment=environment.value, **filters)
    return Subquery(rows.order_by("-id").values("pk")[:1])


def _deployed(row: Deployment) -> Deployed:
    return Deployed(
        reference=row.reference,
        version=row.version,
        previous_version=row.previous_version,
        taken_back_version=row.rolls_back.version if row.rolls_back else "",
        is_healthy=row.state == DeploymentState.HEALTHY,
        is_under_way=row.state in UNDER_WAY,
        since=row.started_at or row.created_at,
        settled_at=row.ended_at or row.verified_at,
    )


def _seen(row: Observation) -> Seen:
    return Seen(
        version=row.version,
        status=row.status,
        config_keys=frozenset(row.config_keys),
        dependencies=row.dependencies,
        since=row.since,
        seen_at=row.seen_at,
        error=row.error,
    )
