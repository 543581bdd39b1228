"""What upper apps judge of some services at once: owners, links, and the artifacts named, in one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from cybercube_portal.catalog.facts import ArtifactFact, EvidenceFact, ServiceFact, commit_facts, migration_facts
from cybercube_portal.catalog.models import Artifact, Evidence, Service
from cybercube_portal.catalog.selectors import version_before
from cybercube_portal.catalog.states import ArtifactType, Stage, StageStatus

Named = tuple[str, str]
SERVICE = ("slug", "name", "team__slug", "tier", "minimum_coverage")
ARTIFACT = (
    "version",
    "digest",
    "type",
    "git_sha",
    "git_ref",
    "signature",
    "registered_at",
    "migrations",
    "commits",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """`team_of` holds the known services asked for; `depends_on` every link that one of them is an end of.

    `artifacts` are the registered ones of those named; `before` the release registered below each of those named, or None.
    """

    team_of: Mapping[str, str]
    depends_on: Mapping[str, frozenset[str]]
    artifacts: tuple[ArtifactFact, ...]
    before: Mapping[Named, str | None]


def neighbourhood(slugs: Iterable[str], named: Iterable[Named]) -> Neighbourhood:
    """`named` are (service slug, version) pairs. One query, and one more for each version that is not registered."""
    asked, wanted = frozenset(slugs), tuple(dict.fromkeys(named))
    teams: dict[str, str] = {}
    links: dict[str, set[str]] = {}
    facts: dict[Named, ArtifactFact] = {}
    before: dict[Named, str | None] = {}
    for row in _rows(asked | {slug for slug, _ in wanted}, {version for _, version in wanted}):
        slug = row["slug"]
        if slug in asked:
            teams[slug] = row["team__slug"]
            links.setdefault(slug, set()).update(row["needs"])
            for other in row["needed_by"]:
                links.setdefault(other, set()).add(slug)
        pair = (slug, row["wanted__version"])
        if pair in wanted:
            facts[pair], before[pair] = _fact(row), row["before"]
    for slug, version in wanted:
        if (slug, version) not in facts:
            before[slug, version] = version_before(service=slug, version=version)
    return Neighbourhood(
        team_of=teams,
        depends_on={slug: frozenset(others) for slug, others in links.items() if others},
        artifacts=tuple(facts[pair] for pair in wanted if pair in facts),
        before=before,
    )


def _rows(slugs: frozenset[str], versions: set[str]) -> QuerySet[Service, dict[str, Any]]:
    """A row for each service and artifact of one of `versions`; versions of other services are told apart by the caller."""
    links = Service.depends_on.through.objects
    lower = (
        Q(major__lt=OuterRef("wanted__major"))
        | Q(major=OuterRef("wanted__major"), minor__lt=OuterRef("wanted__minor"))
        | Q(major=OuterRef("wanted__major"), minor=OuterRef("wanted__minor"), patch__lt=OuterRef("wanted__patch"))
    )
    below = Artifact.objects.filter(lower, service=OuterRef("pk"), prerelease="").order_by("-major", "-minor", "-patch")
    latest = Evidence.objects.filter(artifact=OuterRef("wanted__pk")).order_by("stage", "-id").distinct("stage")
    # No version is empty; a list without any would make Django leave out the services too.
    told = JSONObject(
        stage="stage", status="status", summary="summary", at="reported_at", by="reported_by__username", url="url"
    )
    rows: QuerySet[Service, dict[str, Any]] = (
        Service.objects.filter(slug__in=slugs)
        .annotate(wanted=FilteredRelation("artifacts", condition=Q(artifacts__version__in=["", *versions])))
        .annotate(
            needs=ArraySubquery(links.filter(from_service=OuterRef("pk")).values("to_service__slug")),
            needed_by=ArraySubquery(links.filter(to_service=OuterRef("pk")).values("from_service__slug")),
            evidence=ArraySubquery(latest.values(told=told)),
            before=Subquery(below.values("version")[:1]),
        )
        .values(*SERVICE, *(f"wanted__{name}" for name in ARTIFACT), "needs", "needed_by", "evidence", "before")
    )
    return rows


def _fact(row: Mapping[str, Any]) -> ArtifactFact:
    artifact = {name: row[f"wanted__{name}"] for name in ARTIFACT}
    return ArtifactFact(
        **{
            **artifact,
            "service": ServiceFact(
                slug=row["slug"],
                name=row["name"],
                team=row["team__slug"],
                tier=row["tier"],
                minimum_coverage=row["minimum_coverage"],
                depends_on=frozenset(row["needs"]),
            ),
            "type": ArtifactType(artifact["type"]),
            "migrations": migration_facts(artifact["migrations"]),
            "commits": commit_facts(artifact["commits"]),
            "stages": {
                Stage(told["stage"]): EvidenceFact(
                    stage=Stage(told["stage"]),
                    status=StageStatus(told["status"]),
                    summary=told["summary"],
                    reported_at=datetime.fromisoformat(told["at"]),
                    reported_by=told["by"],
                    url=told["url"],
                )
                for told in row["evidence"]
            },
        }
    )
