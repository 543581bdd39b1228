"""What the records of migrations show: to the gate, which asks for the action `migrate` in production alone, and on a migration's page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings

from changes.policy.scope import Action
from changes.selectors.changes import changes_numbered
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from releases.models import Migration
from releases.policy.gate import Question
from releases.policy.migration_checklist import Recorded, open_items
from releases.policy.migration_steps import Step, StepFacts, steps
from releases.selectors.migrations import noticed_during
from releases.selectors.releases import releases
from releases.states import MigrationState

COLUMNS = ("filename", "environment", "state", "estimated_seconds", "lock_impact", "rollback_tested", "backup")


def open_migration_items(question: Question) -> tuple[str, ...] | None:
    """The lines of §9.4 that are open for the files this version carries; None where nothing is run in production."""
    if question.action is not Action.MIGRATE or question.environment != EnvironmentCode.PRD:
        return None
    artifact = catalog.find_artifact(service=question.service, version=question.version)
    files = [row["filename"] for row in artifact.migrations] if artifact else []
    return open_items(files, _records(question.service, files))


def steps_of(migration: Migration, *, now: datetime) -> tuple[Step, ...]:
    """The checklist of §9.4 as the records tick it."""
    change = changes_numbered([migration.change]).first() if migration.change else None
    release = releases().filter(reference=migration.release).first() if migration.release else None
    facts = StepFacts(
        own=_recorded({name: getattr(migration, name) for name in COLUMNS}),
        records=tuple(_records(migration.service.slug, [migration.filename])),
        slot=change.scheduled_time if change else None,
        on_call_notified_at=release.on_call_notified_at if release else None,
        started_at=migration.started_at,
        applied_at=migration.applied_at,
        verified_at=migration.verified_at,
        note=migration.note,
        noticed=noticed_during(migration),
        watch=settings.WATCH_DURATION,
        now=now,
    )
    return steps(facts)


def _records(service: str, files: Iterable[str]) -> Iterable[Recorded]:
    rows = Migration.objects.filter(service__slug=service, filename__in=files).order_by("id")
    return map(_recorded, rows.values(*COLUMNS))


def _recorded(row: dict[str, Any]) -> Recorded:
    return Recorded(**{**row, "state": MigrationState(row["state"])})
