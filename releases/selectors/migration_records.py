"""What the records of migrations say to the gate. Asked for the action `migrate` in production alone, beside the one statement."""

from __future__ import annotations

from changes.policy.scope import Action
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from releases.models import Migration
from releases.policy.gate import Question
from releases.policy.migration_checklist import Recorded, open_items
from releases.states import MigrationState


def open_migration_items(question: Question) -> tuple[str, ...] | None:
    """The lines of §9.4 that are open for the files this version carries; None where nothing is run in production."""
    if question.action is not Action.MIGRATE or question.environment != EnvironmentCode.PRD:
        return None
    artifact = catalog.find_artifact(service=question.service, version=question.version)
    files = [row["filename"] for row in artifact.migrations] if artifact else []
    rows = Migration.objects.filter(service__slug=question.service, filename__in=files).order_by("id")
    columns = ("filename", "environment", "state", "estimated_seconds", "lock_impact", "rollback_tested", "backup")
    return open_items(
        files, (Recorded(**{**row, "state": MigrationState(row["state"])}) for row in rows.values(*columns))
    )
