"""Register what a pipeline built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.catalog import metadata, permissions, selectors
from cybercube_portal.catalog.events import CatalogEvent
from cybercube_portal.catalog.migration_lint import lint_migration
from cybercube_portal.catalog.models import Artifact, Service
from cybercube_portal.catalog.states import ArtifactType
from cybercube_portal.errors import Conflict
from cybercube_portal.people.actors import Actor


@dataclass(frozen=True, slots=True)
class Registration:
    """`created` is False when the same artifact was registered before."""

    artifact: Artifact
    created: bool


@transaction.atomic
def register_artifact(
    *,
    service: str,
    version: str,
    digest: str,
    git_sha: str,
    git_ref: str,
    build_time: datetime,
    build_number: str,
    builder: str,
    actor: Actor,
    now: datetime,
    type: ArtifactType = ArtifactType.CONTAINER_IMAGE,  # noqa: A002 - the public name (api.md)
    dependencies: Mapping[str, str] | None = None,
    signature: str | None = None,
    migrations: Iterable[Mapping[str, Any]] = (),
    commits: Iterable[Mapping[str, Any]] = (),
    run: Mapping[str, Any] | None = None,
) -> Registration:
    """Register a build output once and for ever (§3.1). Pipelines only; `run` {provider, id, attempt, url} goes into the record.

    `migrations` [{filename, sql, kind?}], `commits` [{sha, message, committed_at}]. Raises NotFound, NotPermitted,
    Invalid, and Conflict `artifact.immutable` when the version stands for something else already.
    """
    owner = selectors.lock_service(service)
    permissions.require_pipeline(
        actor, permissions.REGISTER_ARTIFACT, now=now, teams=[owner.team.slug], services=[service]
    )
    metadata.checked_source(digest=digest, git_sha=git_sha, git_ref=git_ref, build_time=build_time, now=now)
    number = metadata.checked_version(version, git_sha=git_sha)
    wanted = Artifact(
        service=owner,
        version=number.text,
        major=None if number.is_sha_build else number.major,
        minor=None if number.is_sha_build else number.minor,
        patch=None if number.is_sha_build else number.patch,
        prerelease=number.prerelease,
        digest=digest,
        type=type.value,
        git_sha=git_sha,
        git_ref=git_ref,
        build_time=build_time,
        build_number=build_number,
        builder=builder,
        dependencies=metadata.checked_dependencies(dependencies or {}),
        signature=signature,
        migrations=metadata.checked_migrations(migrations),
        commits=metadata.checked_commits(commits),
        registered_at=now,
        registered_by_id=actor.id,
    )
    known = Artifact.objects.filter(service=owner, version=number.text).select_related("registered_by").first()
    if known is not None:
        _refuse_unless_same(known, wanted)
        return Registration(known, created=False)
    unlike = _other_digests(owner, wanted)
    wanted.migrations = [_linted(row) for row in wanted.migrations]
    wanted.save(force_insert=True)
    reference = f"{service}:{wanted.version}"
    record(
        CatalogEvent.ARTIFACT_REGISTERED,
        object_type="artifact",
        object_id=reference,
        subjects=[f"artifact:{reference}", f"service:{service}"],
        actor=actor,
        at=now,
        data={
            "digest": digest,
            "git_sha": git_sha,
            "git_ref": git_ref,
            "migrations": [row["filename"] for row in wanted.migrations],
            "reproducible": not unlike,
            "same_commit_other_digest": unlike,
            "run": dict(run or {}),
        },
    )
    return Registration(wanted, created=True)


def _linted(row: dict[str, Any]) -> dict[str, Any]:
    """With the phase and the findings of §9.3, and what it locks (§9.4); a failing lint is no refusal, it raises the change's risk (§5.6)."""
    linted = lint_migration(filename=row["filename"], sql=row["sql"])
    return {
        **row,
        "phase": linted.phase and linted.phase.value,
        "findings": [finding.as_dict() for finding in linted.findings],
        "locks": [lock.as_dict() for lock in linted.locks],
        "lock_impact": linted.lock_impact,
        "has_way_back": linted.has_way_back,
    }


def _refuse_unless_same(known: Artifact, wanted: Artifact) -> None:
    differing = [name for name, before, after in _identity(known, wanted) if before != after]
    if differing:
        raise Conflict(
            f"{known.service.slug}:{known.version} is registered with another {' and '.join(differing)}; "
            "an artifact never changes (§3.1). Build a new version.",
            code="artifact.immutable",
        )


def _identity(known: Artifact, wanted: Artifact) -> list[tuple[str, object, object]]:
    """What makes an artifact this one; when and by which run it was built may differ when a pipeline is run again."""
    names = ("digest", "type", "git_sha", "git_ref", "signature")
    rows: list[tuple[str, object, object]] = [(name, getattr(known, name), getattr(wanted, name)) for name in names]
    return [*rows, ("migrations", _files(known), _files(wanted))]


def _files(artifact: Artifact) -> list[tuple[str, str]]:
    return [(row["filename"], row["sql"]) for row in artifact.migrations]


def _other_digests(owner: Service, wanted: Artifact) -> list[str]:
    """Versions of the same commit with another digest: the build is not reproducible (§3.1)."""
    same_commit = Artifact.objects.filter(service=owner, git_sha=wanted.git_sha, type=wanted.type)
    return list(same_commit.exclude(digest=wanted.digest).order_by("id").values_list("version", flat=True)[:10])
