"""A release as the API answers with it: one situation, read once, in the public contract's names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from changes.api.showing import history
from changes.selectors.changes import states_of
from cybercube_portal.people.actors import Actor
from releases.models import Release
from releases.policy.releases import phase_of, shown_state
from releases.selectors.release_moves import moves_for
from releases.selectors.release_situation import ReleaseSituation

AS_STORED = (
    "reference",
    "version",
    "type",
    "row_version",
    "change",
    "changes",
    "created_by",
    "created_at",
    "updated_at",
    "submitted_at",
    "staged_at",
    "deployed_at",
    "watch_until",
    "notes_published_at",
    "announced_at",
    "ended_at",
)
LISTED = (
    "reference",
    "service",
    "version",
    "type",
    "change",
    "created_by",
    "created_at",
    "updated_at",
    "deployed_at",
    "notes_published_at",
    "ended_at",
)


def listed_releases(page: Iterable[Release]) -> list[dict[str, Any]]:
    """What ListedReleaseSerializer writes; the states of their changes in one query."""
    rows = list(page)
    states = states_of(row.change for row in rows)
    return [
        {
            **{name: getattr(row, name) for name in LISTED},
            "state": shown_state(row.state, change=states.get(row.change, "")),
        }
        for row in rows
    ]


def shown_release(release: Release, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """What ReleaseSerializer writes, with the moves open to `actor`."""
    situation = ReleaseSituation(release, now=now)
    return {
        **{name: getattr(release, name) for name in AS_STORED},
        "id": release.reference,
        "service": release.service.slug,
        "state": situation.state,
        "phase": phase_of(release.state, is_watched=situation.is_watched),
        "change_state": situation.change.state,
        "artifacts": [_artifact(entry, situation) for entry in release.artifacts],
        "migrations": list(situation.migrations),
        "migration_tests": [{"filename": name, "tested": tested} for name, tested in situation.migrations.items()],
        "deployments": situation.deployments,
        "checklist": situation.checklist,
        "blockers": [row.reason for row in situation.checklist if not row.is_done],
        "moves": moves_for(situation, actor=actor),
        "history": history(release.reference),
    }


def _artifact(entry: dict[str, str], situation: ReleaseSituation) -> dict[str, Any]:
    name = (entry["service"], entry["version"])
    fact, staged, live = (
        situation.artifacts.get(name),
        situation.in_staging.get(name),
        situation.in_production.get(name),
    )
    return {
        "service": entry["service"],
        "version": entry["version"],
        "digest": fact.digest if fact else entry["digest"] or None,
        "is_registered": fact is not None,
        "staging": staged.state if staged else None,
        "production": live.state if live else None,
    }
