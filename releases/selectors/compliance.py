"""The facts that compliance is judged by, for many services in a few queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.attestations import rows_vouched_for
from cybercube_portal.catalog.builds import newest_artifacts
from cybercube_portal.catalog.facts import EvidenceFact
from cybercube_portal.catalog.states import EnvironmentCode, RollbackDriver, Severity, Stage, StageStatus
from cybercube_portal.decisions import Outcome
from flags.selectors.flags import flags_listed
from releases.models import ComplianceDay, Release
from releases.policy.compliance import (
    WINDOW,
    Answered,
    Built,
    Judged,
    ServiceFacts,
    judged,
)
from releases.policy.drift import drift_of
from releases.policy.parity import parity_of
from releases.selectors.compliance_changes import bypasses, changes_behind
from releases.selectors.places import PlaceRow, deployed_there, places_among
from releases.selectors.shipped import History, shipped_of
from releases.states import RELEASE_OVER, ReleaseState

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Service

WEEK = timedelta(days=7)
TREND_WEEKS = 12
COUNTED = ("live_flags", "overdue", "released", "noted", "isolated", "bypasses")
STG, PRD = EnvironmentCode.STG.value, EnvironmentCode.PRD.value


def with_counts(services: QuerySet[Service], *, now: datetime) -> QuerySet[Service]:
    """`services` as `compliance_of` takes them: with their flags, releases and what is on its way, in the same query."""
    flags = flags_listed().filter(service=OuterRef("pk"))
    releases = Release.objects.filter(service=OuterRef("pk"))
    released = releases.filter(state=ReleaseState.RELEASED, created_at__gte=now - WINDOW)
    coming = releases.exclude(state__in=RELEASE_OVER).order_by().values("version")
    return services.prefetch_related(None).annotate(
        live_flags=_count(flags),
        overdue=_count(flags.filter(expires_at__lte=now)),
        released=_count(released),
        noted=_count(released.filter(notes_published_at__isnull=False)),
        coming=ArraySubquery(coming),
        isolated=Coalesce(rows_vouched_for(now=now), 0),
        bypasses=bypasses("slug", since=now - WINDOW),
        protection=catalog.latest_findings("pk"),
        trend=ArraySubquery(_weeks(now)),
        **deployed_there(),
    )


def _weeks(now: datetime) -> QuerySet[Any]:
    """What was kept a week ago, two weeks ago and so on, the oldest first."""
    today = now.astimezone(UTC).date()
    days = [today - week * WEEK for week in range(1, TREND_WEEKS + 1)]
    row = JSONObject(day="day", complete="complete", partial="partial", pending="pending")
    kept = ComplianceDay.objects.filter(service=OuterRef("pk"), day__in=days)
    return kept.order_by("day").values(row=row)


def compliance_of(services: Iterable[Service], *, now: datetime) -> dict[str, tuple[Judged, ...]]:
    """By slug, every row of the table. `services` come from `with_counts`; the number of queries does not depend on how many there are."""
    rows = list(services)
    slugs = [row.slug for row in rows]
    places = places_among(rows)
    built, history = _built(rows), shipped_of(slugs, since=now - WINDOW, now=now)
    changes = changes_behind(slugs, since=now - WINDOW, now=now)
    facts = (
        ServiceFacts(
            service=row.slug,
            now=now,
            repository=row.repository,
            hosts=tuple((code, urlsplit(url).hostname or "") for code, url in sorted(row.urls.items())),
            metrics=frozenset(name for name, query in row.metrics.items() if query),
            driver=RollbackDriver(row.rollback_driver),
            artifact=built.get(row.slug),
            emergencies=changes[row.slug].emergencies(),
            excepted=changes[row.slug].excepted,
            protection=_held(getattr(row, "protection", None)),
            **{name: getattr(row, name) for name in COUNTED},
            **history.get(row.slug, History())._asdict(),
            **_seen(places[row.slug], coming=changes[row.slug].coming | set(getattr(row, "coming", ())), now=now),
        )
        for row in rows
    )
    return {found.service: judged(found) for found in facts}


def _held(findings: list[dict[str, Any]] | None) -> tuple[bool, ...]:
    return tuple(finding["outcome"] == Outcome.PASS for finding in findings or ())


def _built(services: Iterable[Service]) -> dict[str, Built]:
    minimum = {row.slug: row.minimum_coverage for row in services}
    return {
        row.service.slug: Built(
            reference=f"{row.service.slug}:{row.version}",
            version=row.version,
            git_ref=row.git_ref,
            digest=row.digest,
            is_signed=bool(row.signature),
            has_commits=bool(row.commits),
            dependencies=len(row.dependencies),
            migrations=len(row.migrations),
            lint_failed=any(
                finding["severity"] == Severity.ERROR for file in row.migrations for finding in file["findings"]
            ),
            stages={Stage(report[0]): _reported(*report) for report in row.reports},
            rebuilt=tuple(digest == row.digest for digest in row.rebuilt),
            minimum_coverage=minimum[row.service.slug],
        )
        for row in newest_artifacts(minimum)
    }


def _reported(stage: str, status: str, summary: dict[str, Any], at: str) -> EvidenceFact:
    return EvidenceFact(
        stage=Stage(stage),
        status=StageStatus(status),
        summary=summary,
        reported_at=datetime.fromisoformat(at),
        reported_by="",
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many of `rows`, asked within another query."""
    bare = rows.order_by().values("service").annotate(found=Count("pk")).values("found")
    return Coalesce(Subquery(bare), 0)


def _seen(places: Mapping[str, PlaceRow], *, coming: set[str], now: datetime) -> dict[str, Any]:
    production, row = places[PRD].place, places[PRD].observation
    seen = None
    if row is not None and row.seen_at is not None:
        seen = Answered(version=row.version, git_sha=row.git_sha, status=row.status, at=row.seen_at, error=row.error)
    return {
        "seen": seen,
        "unseen_because": row.error if row is not None else "",
        "drift": drift_of(production, now=now),
        "parity": parity_of(places[STG].place, production, coming=coming, now=now),
    }
