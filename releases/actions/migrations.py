"""Migrations on their way through an environment, in one shape: lock, permit, decide, move, save, record (§9).

The portal runs no SQL: pipelines and people do, and say so here. In production running one spends an allow of the gate.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from changes.actions.numbers import take_reference
from changes.policy.scope import Action
from changes.selectors.changes import known_numbers
from cybercube_portal.audit.actions import open_intent
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.migration_files import EXAMPLE, is_well_named
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES, MigrationKind, MigrationPhase
from cybercube_portal.catalog.versions import parse_version
from cybercube_portal.decisions import decide
from cybercube_portal.errors import Conflict, FieldError, Invalid, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from releases import permissions
from releases.actions.recording import record_migration
from releases.actions.spending import judged_again, spend_facts
from releases.events import MigrationEvent
from releases.models import Migration
from releases.policy import migrations as policy
from releases.policy.deployment import may_spend
from releases.selectors.decisions import decision_to_spend
from releases.selectors.migrations import file_of, get_migration, judge_move, lock_migration, noticed_during
from releases.selectors.releases import open_release_of, releases
from releases.states import MigrationState

REMIND = "releases.remind_of_migration"
LONGEST = 10_000
EVENTS: dict[str, MigrationEvent] = {
    "test": MigrationEvent.TESTED,
    "run": MigrationEvent.RUN,
    "apply": MigrationEvent.APPLIED,
    "verify": MigrationEvent.VERIFIED,
    "abort": MigrationEvent.ABORTED,
    "roll_back": MigrationEvent.ROLLED_BACK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPlan:
    """A migration as somebody announces it. `kind` and `phase` are the artifact's, where that is registered;

    `release` is found by the version.
    """

    service: str
    version: str
    environment: str
    filename: str
    phase: str = ""
    kind: str = ""
    change: str = ""
    release: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What running it on production-like data showed. `backup` names the backup that was verified."""

    estimated_seconds: int | None = None
    lock_impact: str = ""
    rollback_tested: bool = False
    backup: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The gate's decision by id; `claims` of its token, verified, where that was sent; the CI run that runs it."""

    decision: uuid.UUID
    claims: Mapping[str, Any] | None = None
    run: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def plan_migration(*, plan: MigrationPlan, actor: Actor, now: datetime) -> Migration:
    """Announce a migration of a service in one environment. Raises NotFound, NotPermitted, Invalid, Conflict for one that is there."""
    service = catalog.lock_service(plan.service)
    require(actor, permissions.PLAN_MIGRATION, now=now, teams=[service.team.slug], services=[service.slug])
    wanted = _checked(plan)
    standing = Migration.objects.filter(
        service=service, environment=wanted["environment"], filename=plan.filename
    ).exclude(state__in=[MigrationState.ABORTED, MigrationState.ROLLED_BACK])
    if (known := standing.first()) is not None:
        raise Conflict(f"{plan.filename} is {known.reference} in {known.environment}.", code="migration.exists")
    key, reference = take_reference("MIG", table=Migration._meta.db_table)  # noqa: SLF001 - Django's own name for it
    migration = Migration(
        pk=key,
        reference=reference,
        service=service,
        filename=plan.filename,
        note=plan.note,
        created_at=now,
        created_by_id=actor.id,
        **wanted,
    )
    migration.save(force_insert=True)
    record_migration(MigrationEvent.PLANNED, migration, actor=actor, at=now, version=migration.version)
    return get_migration(reference)


@transaction.atomic
def test_migration(*, reference: str, trial: Trial, actor: Actor, now: datetime) -> Migration:
    """It ran on production-like data: what that showed (§9.4 "Before Migration"). Raises NotFound, NotPermitted, MoveRefused."""
    migration = _locked(reference, actor=actor, now=now)
    migration.test(at=now)
    _raise_to_file(migration)
    migration.estimated_seconds = trial.estimated_seconds
    migration.lock_impact = trial.lock_impact or migration.lock_impact
    migration.rollback_tested = trial.rollback_tested
    migration.backup = trial.backup
    found = {name: value for name, value in asdict(trial).items() if name != "note"}
    return _moved(migration, "test", note=trial.note, actor=actor, now=now, **found)


@transaction.atomic
def run_migration(
    *, reference: str, actor: Actor, now: datetime, spent: Spent | None = None, note: str = ""
) -> Migration:
    """It is being run. In production it spends an allow of the gate for `migrate`, judged once more at this moment.

    Raises NotFound, NotPermitted, MoveRefused with every reason.
    """
    migration = _locked(reference, actor=actor, now=now)
    tested = migration.state == MigrationState.TESTED
    _raise_to_file(migration)
    refuse_unless(
        policy.may_run(environment=migration.environment, has_decision=spent is not None)
        + (judge_move(migration, "run", now=now) if tested else decide())
    )
    migration.run(at=now)
    if spent is not None:
        _spend(migration, spent, actor=actor, now=now)
    decision = str(spent.decision) if spent else ""
    return _moved(migration, "run", note=note, actor=actor, now=now, decision=decision)


@transaction.atomic
def apply_migration(*, reference: str, actor: Actor, now: datetime, note: str = "") -> Migration:
    """It ran through; whoever planned it is reminded to verify it after 30 minutes. Raises NotFound, NotPermitted, MoveRefused."""
    migration = _locked(reference, actor=actor, now=now)
    migration.apply(at=now)
    open_intent(REMIND, migration.reference, at=now, not_before=now + settings.WATCH_DURATION)
    return _moved(migration, "apply", note=note, actor=actor, now=now)


@transaction.atomic
def verify_migration(*, reference: str, actor: Actor, now: datetime, note: str = "") -> Migration:
    """Schema and application are as they should be, after 30 minutes (§9.4); a note tells what was noticed meanwhile.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    migration = _locked(reference, actor=actor, now=now)
    applied = migration.state == MigrationState.APPLIED
    if applied:
        refuse_unless(judge_move(migration, "verify", now=now))
        refuse_unless(decide(policy.documented(noticed_during(migration), note=note)))
    migration.verify(at=now)
    return _moved(migration, "verify", note=note, actor=actor, now=now)


@transaction.atomic
def abort_migration(*, reference: str, reason: str, actor: Actor, now: datetime) -> Migration:
    """Given up before it was applied. Raises NotFound, NotPermitted, MoveRefused."""
    migration = _locked(reference, actor=actor, now=now)
    refuse_unless(decide(policy.explained("abort", reason)))
    migration.abort(at=now)
    return _moved(migration, "abort", note=reason, actor=actor, now=now, reason=reason)


@transaction.atomic
def roll_back_migration(*, reference: str, reason: str, actor: Actor, now: datetime) -> Migration:
    """Taken back: nobody asks the gate for a way back (R7). Raises NotFound, NotPermitted, MoveRefused."""
    migration = _locked(reference, actor=actor, now=now)
    refuse_unless(decide(policy.explained("roll_back", reason)))
    migration.roll_back(at=now)
    return _moved(migration, "roll_back", note=reason, actor=actor, now=now, reason=reason)


def _spend(migration: Migration, spent: Spent, *, actor: Actor, now: datetime) -> None:
    answer, spent_by = decision_to_spend(spent.decision)
    question = answer.question
    ours = policy.Judged(service=migration.service.slug, version=migration.version, environment=migration.environment)
    asked = policy.Judged(service=question.service, version=question.version, environment=question.environment)
    facts = spend_facts(answer, spent_by, run=spent.run, claims=spent.claims, actor=actor)
    refuse_unless(policy.is_decision_for(ours, asked) + may_spend(facts, now=now, actions=frozenset({Action.MIGRATE})))
    refuse_unless(judged_again(answer, actor=actor))
    migration.decision = answer.decision
    migration.change = answer.change or migration.change
    migration.release = answer.release or migration.release


def _raise_to_file(migration: Migration) -> None:
    """What was announced before its artifact was registered is raised to what the file is, and never lowered."""
    file = file_of(migration)
    if file is not None:
        migration.phase = policy.never_lower(migration.phase, file["phase"])
        migration.kind = MigrationKind.DATA if MigrationKind.DATA in {migration.kind, file["kind"]} else migration.kind
        migration.lock_impact = migration.lock_impact or file.get("lock_impact", "")


def _locked(reference: str, *, actor: Actor, now: datetime) -> Migration:
    migration = lock_migration(reference)
    service = migration.service
    require(actor, permissions.MOVE_MIGRATION, now=now, teams=[service.team.slug], services=[service.slug])
    return migration


def _moved(migration: Migration, verb: str, *, note: str, actor: Actor, now: datetime, **data: Any) -> Migration:
    if len(note) > LONGEST:
        raise Invalid.field("/note", "migration.note_length", f"At most {LONGEST} characters.")
    migration.note = note or migration.note
    migration.save()
    record_migration(EVENTS[verb], migration, actor=actor, at=now, **data)
    return get_migration(migration.reference)


def _checked(plan: MigrationPlan) -> dict[str, str]:
    """The fields that mean something beyond their form. Raises Invalid with every error."""
    errors: list[FieldError] = []
    version = plan.version
    try:
        version = parse_version(plan.version).text
    except ValueError as error:
        errors.append(FieldError("/version", "version.form", str(error)))
    environment = ENVIRONMENT_NAMES.get(plan.environment.lower())
    if environment is None:
        errors.append(FieldError("/environment", "environment.unknown", "Write dev, stg or prd."))
    if not is_well_named(plan.filename):
        errors.append(FieldError("/filename", "migration.filename", f"Name it such as {EXAMPLE} (§9.2)."))
    if plan.phase and plan.phase not in set(MigrationPhase):
        errors.append(FieldError("/phase", "migration.phase_unknown", f"A phase is {', '.join(MigrationPhase)}."))
    carried = _carried(plan, version, errors)
    release = plan.release or open_release_of(service=plan.service, version=version) or ""
    found = releases().filter(reference=release).first() if release else None
    if plan.release and found is None:
        errors.append(FieldError("/release", "release.unknown", f"There is no release {plan.release}."))
    if plan.change and not known_numbers([plan.change]):
        errors.append(FieldError("/change", "change.unknown", f"There is no change {plan.change}."))
    if errors or environment is None:
        raise Invalid(errors, message=" ".join(error.message for error in errors))
    return {
        "version": version,
        "environment": environment.value,
        **carried,
        "release": release,
        "change": plan.change or (found.change if found else ""),
    }


def _carried(plan: MigrationPlan, version: str, errors: list[FieldError]) -> dict[str, str]:
    """Kind, phase and locks: the artifact's own, kind and phase never lowered; what is announced for one that is not registered yet."""
    if plan.kind and plan.kind not in set(MigrationKind):
        errors.append(FieldError("/kind", "migration.kind_unknown", f"A kind is {', '.join(MigrationKind)}."))
    artifact = catalog.find_artifact(service=plan.service, version=version)
    if artifact is None:
        return {"kind": plan.kind or MigrationKind.SCHEMA, "phase": plan.phase or MigrationPhase.EXPAND}
    carried = {row["filename"]: row for row in artifact.migrations}
    found = carried.get(plan.filename)
    if found is None:
        message = f"{plan.service}:{version} does not carry {plan.filename}."
        errors.append(FieldError("/filename", "migration.not_carried", message))
        return {}
    is_data = MigrationKind.DATA in {plan.kind, found["kind"]}
    kind = MigrationKind.DATA if is_data else MigrationKind.SCHEMA
    phase = policy.never_lower(plan.phase if plan.phase in set(MigrationPhase) else None, found["phase"])
    return {"kind": kind, "phase": phase, "lock_impact": found.get("lock_impact", "")}
