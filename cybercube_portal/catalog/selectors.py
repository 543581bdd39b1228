"""What the portal asks about services, environments, artifacts and evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery

from cybercube_portal.catalog.facts import (
    Address,
    ArtifactFact,
    ArtifactTraits,
    EvidenceFact,
    ServiceFact,
    commit_facts,
    is_breaking,
    migration_facts,
)
from cybercube_portal.catalog.metadata import names_commit
from cybercube_portal.catalog.models import (
    Artifact,
    Environment,
    Evidence,
    ProtectionReport,
    Retention,
    Service,
    TrustedIdentity,
)
from cybercube_portal.catalog.states import ArtifactType, MigrationKind, Stage, StageStatus
from cybercube_portal.catalog.versions import parse_version
from cybercube_portal.errors import NotFound


def environments() -> QuerySet[Environment]:
    """dev, stg, prd in this order."""
    return Environment.objects.order_by("order")


def get_environment(code: str) -> Environment:
    """Raises NotFound."""
    found = environments().filter(code=code).first()
    if found is None:
        raise NotFound(f"There is no environment {code}.", code="environment.unknown")
    return found


def services() -> QuerySet[Service]:
    """All services with what a list shows (two queries)."""
    return Service.objects.select_related("team").prefetch_related("depends_on")


def get_service(slug: str) -> Service:
    """Raises NotFound."""
    return _found(services().filter(slug=slug).first(), slug)


def service_with_needs(slug: str, *, asked: Exists) -> tuple[Service, list[str], bool]:
    """The service, the slugs of what it depends on, and the answer to what is `asked` with it, in one query. Raises NotFound."""
    needs = ArrayAgg("depends_on__slug", filter=Q(depends_on__isnull=False), order_by="depends_on__slug", default=[])
    row = Service.objects.select_related("team").filter(slug=slug)
    found: Any = _found(row.annotate(needs=needs, answer=asked).first(), slug)
    return found, list(found.needs), found.answer


def lock_service(slug: str) -> Service:
    """The service, held until the transaction ends; rows may still come to point at it. Raises NotFound."""
    held = Service.objects.select_for_update(of=("self",), no_key=True).select_related("team")
    return _found(held.filter(slug=slug).first(), slug)


def slugs() -> list[str]:
    """Every service's slug."""
    return list(Service.objects.values_list("slug", flat=True))


def slugs_with_teams() -> list[tuple[str, str]]:
    """Every service's slug with its team's."""
    return list(Service.objects.values_list("slug", "team__slug"))


def newest_releases(*, services: Collection[str] = (), most: int = 200) -> list[str]:
    """The versions registered last, of `services` or of all, as `service:version`; builds of branches left out."""
    rows = Artifact.objects.filter(Q(service__slug__in=services) if services else Q(), major__isnull=False)
    newest = rows.order_by("-registered_at", "-id").values_list("service__slug", "version")
    return [f"{slug}:{version}" for slug, version in newest[:most]]


def services_of_team(team: str) -> QuerySet[Service]:
    """The services of the team with this slug."""
    return services().filter(team__slug=team)


def service_facts(slugs: Iterable[str]) -> dict[str, ServiceFact]:
    """The known ones of `slugs` as facts, in two queries. What is missing is not registered."""
    return {service.slug: service_fact(service) for service in services().filter(slug__in=tuple(slugs))}


def service_fact(service: Service) -> ServiceFact:
    """The service as a frozen fact; needs `team` selected and `depends_on` prefetched."""
    return ServiceFact(
        slug=service.slug,
        name=service.name,
        team=service.team.slug,
        tier=service.tier,
        minimum_coverage=service.minimum_coverage,
        depends_on=frozenset(needed.slug for needed in service.depends_on.all()),
    )


def teams_of(slugs: Iterable[str]) -> frozenset[str]:
    """The slugs of the teams that own these services."""
    return frozenset(Service.objects.filter(slug__in=tuple(slugs)).values_list("team__slug", flat=True))


def team_by_service(slugs: Iterable[str]) -> dict[str, str]:
    """The owning team's slug of each known one of `slugs`, in one query."""
    return dict(Service.objects.filter(slug__in=tuple(slugs)).values_list("slug", "team__slug"))


def owned(*, service: str = "", team: str = "") -> dict[int, tuple[str, str]]:
    """Id -> (slug, team's slug) of every service, or of that one, or of that team's; by slug, in one query."""
    wanted = {name: value for name, value in (("slug", service), ("team__slug", team)) if value}
    rows = Service.objects.filter(**wanted).order_by("slug").values_list("pk", "slug", "team__slug")
    return {pk: (slug, owner) for pk, slug, owner in rows}


def services_of_teams(teams: Iterable[str]) -> QuerySet[Service]:
    """Bare rows of the services of any of these teams, to ask within another query."""
    return Service.objects.filter(team__slug__in=tuple(teams))


def slugs_of_teams(teams: Iterable[str]) -> frozenset[str]:
    """The slugs of every service that these teams own, in one query."""
    return frozenset(Service.objects.filter(team__slug__in=tuple(teams)).values_list("slug", flat=True))


def dependencies_around(slugs: Iterable[str]) -> dict[str, frozenset[str]]:
    """What each service needs, for every link that one of `slugs` is an end of, in one query."""
    around = tuple(slugs)
    links = Service.depends_on.through.objects.filter(Q(from_service__slug__in=around) | Q(to_service__slug__in=around))
    needed: dict[str, set[str]] = {}
    for slug, other in links.values_list("from_service__slug", "to_service__slug"):
        needed.setdefault(slug, set()).add(other)
    return {slug: frozenset(others) for slug, others in needed.items()}


def owners_and_artifacts(
    slugs: Iterable[str], versions: Iterable[str]
) -> tuple[dict[str, str], dict[tuple[str, str], ArtifactTraits]]:
    """Team slug by service slug of the known `slugs`, and by (service, version) the traits of what is registered, in one query."""
    # No version is empty; a list without any would make Django leave out the services too.
    wanted = FilteredRelation("artifacts", condition=Q(artifacts__version__in=["", *set(versions)]))
    rows = Service.objects.filter(slug__in=tuple(slugs)).annotate(wanted=wanted)
    teams: dict[str, str] = {}
    traits: dict[tuple[str, str], ArtifactTraits] = {}
    columns = ("slug", "team__slug", "wanted__version", "wanted__migrations", "wanted__commits")
    for slug, team, version, migrations, commits in rows.values_list(*columns):
        teams[slug] = team
        if version is not None:
            traits[slug, version] = ArtifactTraits(
                migration_kinds=frozenset(MigrationKind(row["kind"]) for row in migrations),
                has_breaking_commits=any(is_breaking(row["message"]) for row in commits),
            )
    return teams, traits


def artifacts_named(names: Iterable[tuple[str, str]]) -> QuerySet[Artifact]:
    """The registered ones of these (service slug, version) pairs; versions as `parse_version` writes them."""
    wanted = Q(pk__in=())
    for service, version in names:
        wanted |= Q(service__slug=service, version=version)
    return artifacts().filter(wanted)


def version_before(*, service: str, version: str) -> str | None:
    """The highest release registered for `service` that is lower than `version`; None when there is none."""
    try:
        this = parse_version(version)
    except ValueError:
        return None
    if this.is_sha_build:
        return None
    lower = (
        Q(major__lt=this.major)
        | Q(major=this.major, minor__lt=this.minor)
        | Q(major=this.major, minor=this.minor, patch__lt=this.patch)
    )
    found = Artifact.objects.filter(lower, service__slug=service, prerelease="").order_by("-major", "-minor", "-patch")
    return found.values_list("version", flat=True).first()


def artifacts_since(*, service: str, after: str | None, upto: str) -> list[Artifact]:
    """Versions of `service` above `after` (None: `upto` alone) up to and with `upto`, the lowest first; builds of branches left out."""
    last = parse_version(upto)
    rows = Artifact.objects.filter(service__slug=service, major__isnull=False)
    if after is None:
        return list(rows.filter(version=last.text))
    first = parse_version(after)
    between = [row for row in rows.filter(major__lte=last.major) if first < parse_version(row.version) <= last]
    return sorted(between, key=lambda row: parse_version(row.version))


def artifacts() -> QuerySet[Artifact]:
    """All artifacts, newest first, with what a list shows."""
    return Artifact.objects.select_related("service__team", "registered_by").order_by("-registered_at", "-id")


def artifacts_listed(
    *, service: str | None, git_sha: str | None, digest: str | None, expired: bool | None = None
) -> QuerySet[Artifact]:
    """Artifacts that match what is given, without the long columns that only one artifact's page shows."""
    wanted = {"service__slug": service, "git_sha": git_sha, "digest": digest}
    given = {name: value for name, value in wanted.items() if value is not None}
    rows = artifacts().filter(**given)
    if expired is not None:
        gone = Q(kept__expired_at__isnull=False)
        rows = rows.filter(gone) if expired else rows.exclude(gone)
    return rows.defer("migrations", "commits", "dependencies", "signature")


def retention_of(artifact: Artifact) -> Retention | None:
    """What was judged of it; None before the first day is over."""
    return Retention.objects.filter(artifact=artifact).first()


def find_artifact(*, service: str, version: str) -> Artifact | None:
    """The artifact by any spelling of its version (`2.3.1`, `v2.3.1`, `v2.3.1-sha-…` of its own commit); None otherwise."""
    try:
        named = parse_version(version)
    except ValueError:
        return None
    artifact = artifacts().filter(service__slug=service, version=named.text).first()
    return artifact if artifact is not None and names_commit(named, git_sha=artifact.git_sha) else None


def get_artifact(*, service: str, version: str) -> Artifact:
    """Raises NotFound."""
    artifact = find_artifact(service=service, version=version)
    if artifact is None:
        raise NotFound(f"{service}:{version} is not registered.", code="artifact.unknown")
    return artifact


def latest_evidence(artifact_ids: Iterable[int]) -> dict[int, dict[Stage, Evidence]]:
    """For each artifact the last report of each stage (the latest counts), in one query."""
    latest: dict[int, dict[Stage, Evidence]] = {artifact_id: {} for artifact_id in artifact_ids}
    rows = Evidence.objects.filter(artifact_id__in=latest).select_related("reported_by")
    for row in rows.order_by("artifact_id", "stage", "-id").distinct("artifact_id", "stage"):
        latest[row.artifact_id][Stage(row.stage)] = row
    return latest


def all_evidence(artifact_id: int) -> QuerySet[Evidence]:
    """Every report about an artifact, oldest first, also those a later one superseded."""
    return Evidence.objects.filter(artifact_id=artifact_id).select_related("reported_by").order_by("id")


def artifact_facts(rows: Iterable[Artifact]) -> dict[int, ArtifactFact]:
    """Facts by artifact id; two queries for all of them together."""
    found = list(rows)
    latest = latest_evidence(row.pk for row in found)
    owners = service_facts({row.service.slug for row in found})
    return {row.pk: _artifact_fact(row, owners[row.service.slug], latest[row.pk]) for row in found}


def protection_reports(slug: str) -> QuerySet[ProtectionReport]:
    """What pipelines saw of a service's branches, the newest first."""
    rows = ProtectionReport.objects.filter(service__slug=slug).select_related("service__team", "reported_by")
    return rows.order_by("-reported_at", "-id")


def protection_history(slug: str) -> QuerySet[ProtectionReport]:
    """The same, each with the findings of the report before it as `earlier`; None for the first."""
    before = ProtectionReport.objects.filter(service=OuterRef("service"), reported_at__lt=OuterRef("reported_at"))
    return protection_reports(slug).annotate(earlier=Subquery(before.order_by("-reported_at").values("findings")[:1]))


def latest_findings(service: str) -> Subquery:
    """To be asked within a query of services whose key is in the column `service`: the findings of the newest protection report."""
    rows = ProtectionReport.objects.filter(service=OuterRef(service)).order_by("-reported_at", "-id")
    return Subquery(rows.values("findings")[:1])


def live_identities(*, issuer: str) -> list[TrustedIdentity]:
    """Every identity trusted now from this issuer whose account is active, with the account and its team."""
    rows = TrustedIdentity.objects.filter(issuer=issuer, revoked_at__isnull=True, account__is_active=True)
    return list(rows.select_related("account__team"))


def _found(service: Service | None, slug: str) -> Service:
    if service is None:
        raise NotFound(f"There is no service {slug}.", code="service.unknown")
    return service


def _artifact_fact(artifact: Artifact, service: ServiceFact, latest: Mapping[Stage, Evidence]) -> ArtifactFact:
    return ArtifactFact(
        service=service,
        version=artifact.version,
        digest=artifact.digest,
        type=ArtifactType(artifact.type),
        git_sha=artifact.git_sha,
        git_ref=artifact.git_ref,
        signature=artifact.signature,
        registered_at=artifact.registered_at,
        migrations=migration_facts(artifact.migrations),
        commits=commit_facts(artifact.commits),
        stages={
            stage: EvidenceFact(
                stage=stage,
                status=StageStatus(row.status),
                summary=row.summary,
                reported_at=row.reported_at,
                reported_by=row.reported_by.username,
                url=row.url,
            )
            for stage, row in latest.items()
        },
    )


def addresses() -> list[Address]:
    """Every address of every service, in one query."""
    return [
        Address(service_id=pk, service=slug, environment=environment, url=url, hosts=tuple(hosts))
        for pk, slug, urls, hosts in Service.objects.values_list("pk", "slug", "urls", "allowed_hosts")
        for environment, url in sorted(urls.items())
        if url
    ]
