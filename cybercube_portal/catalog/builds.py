"""Versions beside each other: the other builds of a commit, and the newest one of many services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, JSONField, OuterRef, QuerySet

from cybercube_portal.catalog.models import Artifact, Evidence

MOST_BUILDS = 20


def builds_of_commit(artifact: Artifact) -> list[tuple[str, str]]:
    """(version, digest) of the other builds of its commit and type: a reproducible build gives one digest (§3.1)."""
    rows = Artifact.objects.filter(service=artifact.service, git_sha=artifact.git_sha, type=artifact.type)
    return list(rows.exclude(pk=artifact.pk).order_by("id").values_list("version", "digest")[:MOST_BUILDS])


def newest_artifacts(slugs: Iterable[str]) -> QuerySet[Any]:
    """The newest version registered for each of these services, builds of branches left out.

    `reports`: [[stage, last status, its summary]]; `rebuilt`: the digests of the other builds of its commit (§3.1).
    """
    rows = Artifact.objects.filter(service__slug__in=tuple(slugs), major__isnull=False)
    newest = rows.order_by("service_id", "-registered_at", "-id").distinct("service_id").values("pk")
    reports = Evidence.objects.filter(artifact=OuterRef("pk")).order_by("stage", "-id").distinct("stage")
    report = Func("stage", "status", "summary", "reported_at", function="jsonb_build_array", output_field=JSONField())
    others = Artifact.objects.filter(service=OuterRef("service"), git_sha=OuterRef("git_sha"), type=OuterRef("type"))
    found = Artifact.objects.filter(pk__in=newest).select_related("service")
    return found.annotate(
        reports=ArraySubquery(reports.values(report=report)),
        rebuilt=ArraySubquery(others.exclude(pk=OuterRef("pk")).order_by("id").values("digest")[:MOST_BUILDS]),
    )
