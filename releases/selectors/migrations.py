"""Migrations: one, many, and the moves of one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from changes.selectors.moves import MoveOption
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES, EnvironmentCode, MigrationPhase
from cybercube_portal.decisions import Decision, decide, passed
from cybercube_portal.errors import NotFound
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import may
from releases import permissions
from releases.models import Incident, Migration
from releases.policy import migrations as policy
from releases.policy.migration_checklist import DONE
from releases.states import MIGRATION_MOVES, IncidentState, MigrationState

OPEN = frozenset({MigrationState.PLANNED, MigrationState.TESTED, MigrationState.RUNNING})
LABELS: dict[str, str] = {
    "test": gettext_noop("Note the test"),
    "run": gettext_noop("Run"),
    "apply": gettext_noop("Note that it ran through"),
    "verify": gettext_noop("Verify"),
    "abort": gettext_noop("Abort"),
    "roll_back": gettext_noop("Roll back"),
}


def migrations() -> QuerySet[Migration]:
    """All, the newest first, with what a list shows."""
    return Migration.objects.select_related("service__team", "created_by").order_by("-created_at", "-id")


def migrations_filtered(
    *,
    service: str = "",
    team: str = "",
    environment: str = "",
    state: str = "",
    version: str = "",
    release: str = "",
    change: str = "",
    filename: str = "",
) -> QuerySet[Migration]:
    """The list, narrowed by everything given."""
    exactly = {
        "service__slug": service,
        "service__team__slug": team,
        "environment": ENVIRONMENT_NAMES[environment] if environment else "",
        "state": state,
        "version": version,
        "release": release,
        "change": change,
        "filename": filename,
    }
    return migrations().filter(**{name: value for name, value in exactly.items() if value})


def get_migration(reference: str) -> Migration:
    """Raises NotFound."""
    return _found(migrations().filter(reference=reference).first(), reference)


def lock_migration(reference: str) -> Migration:
    """Held until the transaction ends. Raises NotFound."""
    held = Migration.objects.select_for_update(of=("self",), no_key=True).select_related("service__team", "created_by")
    return _found(held.filter(reference=reference).first(), reference)


def moves_for(migration: Migration, *, actor: Actor, now: datetime) -> tuple[MoveOption, ...]:
    """Every verb of its state, with what stands in the way for `actor`; what is sent with it is judged when it is."""
    service = migration.service
    person = may(
        actor, permissions.MOVE_MIGRATION, now=now, teams=[service.team.slug], services=[service.slug]
    ).blockers
    options = []
    for move in MIGRATION_MOVES:
        if migration.state in move.sources:
            blockers = person or judge_move(migration, move.verb, now=now).blockers
            options.append(MoveOption(move.verb, LABELS[move.verb], not blockers, blockers))
    return tuple(options)


def judge_move(migration: Migration, verb: str, *, now: datetime) -> Decision:
    """The reason guard of a verb, whoever says it."""
    if verb == "verify":
        return policy.may_verify(
            environment=migration.environment,
            applied_at=migration.applied_at,
            watch=settings.WATCH_DURATION,
            now=now,
            noticed=noticed_during(migration),
        )
    if verb == "run":
        return policy.in_order(
            filename=migration.filename,
            phase=MigrationPhase(migration.phase),
            environment=migration.environment,
            others=siblings(migration),
        )
    return decide(passed("migration.move", "§9.4", "Nothing stands in the way."))


def noticed_during(migration: Migration) -> tuple[policy.Noticed, ...]:
    """The incidents of its service in production that began between its start and the end of its watch (§9.4); none before it was run."""
    if migration.started_at is None or migration.environment != EnvironmentCode.PRD:
        return ()
    found = Incident.objects.filter(
        service=migration.service, environment=migration.environment, detected_at__gte=migration.started_at
    )
    if migration.applied_at is not None:
        found = found.filter(detected_at__lte=migration.applied_at + settings.WATCH_DURATION)
    rows = found.order_by("detected_at", "id").values_list("reference", "state")
    return tuple(policy.Noticed(reference=name, is_open=state == IncidentState.OPEN) for name, state in rows)


def siblings(migration: Migration) -> tuple[policy.Sibling, ...]:
    """The other files its artifact carries, and those on their way in the same environment, with what ran through there."""
    phases = {row["filename"]: row["phase"] for row in _carried(migration)}
    records = Migration.objects.filter(service=migration.service, environment=migration.environment).filter(
        Q(filename__in=phases) | Q(state__in=OPEN)
    )
    ran: dict[str, bool] = {}
    for row in records.values("filename", "phase", "state"):
        name = row["filename"]
        phases[name] = phases.get(name) or row["phase"]
        ran[name] = ran.get(name, False) or row["state"] in DONE
    return tuple(
        policy.Sibling(filename=name, phase=MigrationPhase(phase) if phase else None, has_run=ran.get(name, False))
        for name, phase in phases.items()
        if name != migration.filename
    )


def _found(migration: Migration | None, reference: str) -> Migration:
    if migration is None:
        raise NotFound(f"There is no migration {reference}.", code="migration.unknown")
    return migration


def file_of(migration: Migration) -> dict[str, Any] | None:
    """The file as its artifact carries it, judged when that was registered: {locks[], findings[], …}; None while it is not."""
    return next((row for row in _carried(migration) if row["filename"] == migration.filename), None)


def _carried(migration: Migration) -> Iterable[dict[str, Any]]:
    artifact = catalog.find_artifact(service=migration.service.slug, version=migration.version)
    return artifact.migrations if artifact else ()
