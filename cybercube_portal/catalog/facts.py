"""Frozen facts about services and artifacts, for policies of upper apps. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from cybercube_portal.catalog.states import ArtifactType, MigrationKind, Stage, StageStatus

# Conventional Commits 1.0.0: `!` before the colon, or a BREAKING CHANGE footer.
_BREAKING = re.compile(r"\A[a-z]+(?:\([^)\n]*\))?!:|^BREAKING[ -]CHANGE: ", re.MULTILINE)


def is_breaking(message: str) -> bool:
    """Whether a commit message says that the commit breaks something."""
    return bool(_BREAKING.search(message))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFact:
    """A service as policies see it. `depends_on` holds slugs; `minimum_coverage` is percent."""

    slug: str
    name: str
    team: str
    tier: int
    minimum_coverage: Decimal | None = None
    depends_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFact:
    """One migration file (§9). `phase` and `findings` are the lint's, empty where it has not judged."""

    filename: str
    kind: MigrationKind
    phase: str | None = None
    findings: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFact:
    """One commit the artifact was built from (§2.3)."""

    sha: str
    message: str
    committed_at: datetime


def migration_facts(rows: Iterable[Mapping[str, Any]]) -> tuple[MigrationFact, ...]:
    """An artifact's `migrations` as facts."""
    return tuple(
        MigrationFact(
            filename=row["filename"],
            kind=MigrationKind(row["kind"]),
            phase=row["phase"],
            findings=tuple(row["findings"]),
        )
        for row in rows
    )


def commit_facts(rows: Iterable[Mapping[str, Any]]) -> tuple[CommitFact, ...]:
    """An artifact's `commits` as facts."""
    return tuple(
        CommitFact(sha=row["sha"], message=row["message"], committed_at=datetime.fromisoformat(row["committed_at"]))
        for row in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFact:
    """The latest report of one stage (§4.2). `summary` scan: {critical, high}; test: {coverage} in percent."""

    stage: Stage
    status: StageStatus
    summary: Mapping[str, Any]
    reported_at: datetime
    reported_by: str
    url: str = ""

    @property
    def passed(self) -> bool:
        """True when the pipeline said so."""
        return self.status is StageStatus.PASSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactTraits:
    """What of a registered artifact decides who signs (§2.4): enough for a list of changes."""

    migration_kinds: frozenset[MigrationKind]
    has_breaking_commits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFact:
    """A registered artifact with the latest evidence of each stage. `stages` lacks what was never reported."""

    service: ServiceFact
    version: str
    digest: str
    type: ArtifactType
    git_sha: str
    git_ref: str
    signature: str | None
    registered_at: datetime
    migrations: tuple[MigrationFact, ...] = ()
    commits: tuple[CommitFact, ...] = ()
    stages: Mapping[Stage, EvidenceFact] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """`service:version` (R2)."""
        return f"{self.service.slug}:{self.version}"

    @property
    def migration_kinds(self) -> frozenset[MigrationKind]:
        """The kinds of migration it carries; empty when it carries none."""
        return frozenset(migration.kind for migration in self.migrations)

    @property
    def has_breaking_commits(self) -> bool:
        """Whether any commit says that it breaks something."""
        return any(is_breaking(commit.message) for commit in self.commits)

    @property
    def lint_failed(self) -> bool:
        """Whether the lint of §9 found an error in a migration."""
        return any(
            finding.get("severity") == "error" for migration in self.migrations for finding in migration.findings
        )

    @property
    def stages_passed(self) -> frozenset[str]:
        """The stages whose latest report passed."""
        return frozenset(stage.value for stage, evidence in self.stages.items() if evidence.passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service answers in one environment, and the hosts registered for it."""

    service_id: int
    service: str
    environment: str
    url: str
    hosts: tuple[str, ...]
