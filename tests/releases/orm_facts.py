"""The gate's facts as one would read them with the ORM: slow, plain, and what the one statement has to equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import F, Max

from changes.models import ChangeRequest
from changes.policy.approvals import SignatureFact, counts
from changes.policy.artifacts import NamedArtifact
from changes.policy.conflicts import BOOKED_STATES, Booking
from changes.policy.risk import RiskFacts, answers_of
from changes.policy.scope import Action
from changes.policy.standard import TemplateKind
from changes.selectors import freezes as freeze_rows
from changes.selectors.changes import booking_of
from changes.selectors.situation import Situation
from changes.states import ChangeState, ChangeType, Risk
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.models import Environment
from cybercube_portal.catalog.states import MigrationPhase
from cybercube_portal.catalog.versions import bump, parse_version
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.selectors import grant_facts
from releases.models import Deployment, Migration, Release
from releases.policy.contents import open_items
from releases.policy.gate import ArtifactFact, CallerFact, ChangeFact, GateFacts, Question, speaking
from releases.policy.gate.facts import DeploymentFacts, ReleaseFacts
from releases.policy.gate.schedule import LOOK_AHEAD
from releases.policy.migration_checklist import ITEMS
from releases.selectors.deployments import last_healthy
from releases.selectors.release_situation import ReleaseSituation
from releases.selectors.releases import APPROVED
from releases.states import RETRYABLE, UNDER_WAY, DeploymentState, MigrationState


def all_changes(*, at: datetime) -> dict[str, ChangeFact]:
    """Every change as the gate sees it, by number: read once for many questions."""
    return {row.number: _change_fact(row, at) for row in ChangeRequest.objects.all()}


def facts_of(question: Question, *, actor: Actor, at: datetime, changes: dict[str, ChangeFact]) -> GateFacts:
    service = catalog.service_facts([question.service]).get(question.service)
    artifact = _artifact(question)
    digest = artifact.digest if artifact else question.digest
    change = (
        changes.get(question.change)
        if question.change
        else speaking(changes.values(), question=question, digest=digest, at=at)
    )
    teams = [service.team] if service else []
    place = {"services": [question.service], "teams": teams, "environments": [question.environment]}
    freezes = freeze_rows.in_scope(freeze_rows.published_between(at, at + LOOK_AHEAD), **place).order_by("id")
    windows = freeze_rows.in_scope(freeze_rows.windows_standing(), **place).order_by("id")
    overdue = ChangeRequest.objects.filter(
        type=ChangeType.EMERGENCY,
        recorded_at__isnull=True,
        record_due_at__lt=at,
        services__overlap=sorted(catalog.slugs_of_teams(teams)),
    )
    around = catalog.dependencies_around([question.service])
    dependents = frozenset(slug for slug, needed in around.items() if question.service in needed)
    return GateFacts(
        question=question,
        at=at,
        caller=CallerFact(
            username=actor.username,
            is_service=actor.is_service,
            team=actor.team,
            key_services=actor.key.services if actor.key else frozenset(),
        ),
        service=service,
        is_environment_known=Environment.objects.filter(code=question.environment).exists(),
        artifact=artifact,
        change=change,
        freezes=freeze_rows.freeze_facts(freezes, change_number=change.number if change else None),
        windows=freeze_rows.window_facts(windows),
        bookings=_bookings(question, change, around, dependents) if change and service else (),
        dependents=dependents,
        overdue_records=frozenset(overdue.values_list("number", flat=True)),
        deployments=_deployments(question, digest=digest, change=change),
        releases=_releases(question, at=at),
        open_migration_items=_open_migration_items(question),
    )


def _open_migration_items(question: Question) -> tuple[str, ...] | None:
    """The lines of §9.4 that some file lacks, asked one by one."""
    if (question.action, question.environment) != (Action.MIGRATE, "prd"):
        return None
    row = catalog.find_artifact(service=question.service, version=question.version)
    files = [entry["filename"] for entry in row.migrations] if row else []
    waiting = [
        name
        for name in files
        if not Migration.objects.filter(
            service__slug=question.service,
            environment="prd",
            filename=name,
            state__in=[MigrationState.APPLIED, MigrationState.VERIFIED],
        ).exists()
    ]
    shown = Migration.objects.filter(service__slug=question.service)
    ticked = {
        ITEMS[0].text: shown.filter(environment="stg").exclude(
            state__in=[MigrationState.PLANNED, MigrationState.ABORTED]
        ),
        ITEMS[1].text: shown.filter(rollback_tested=True),
        ITEMS[2].text: shown.filter(estimated_seconds__isnull=False),
        ITEMS[3].text: shown.exclude(lock_impact=""),
        ITEMS[4].text: shown.filter(environment="prd").exclude(backup=""),
    }
    lines = {
        text: [name for name in waiting if not rows.filter(filename=name).exists()] for text, rows in ticked.items()
    }
    return tuple(f"{text} ({', '.join(missing)})" for text, missing in lines.items() if missing)


def _deployments(question: Question, *, digest: str, change: ChangeFact | None) -> DeploymentFacts:
    of_service = Deployment.objects.filter(service__slug=question.service).order_by("-id")
    there = of_service.filter(environment=question.environment)
    healthy = there.filter(state=DeploymentState.HEALTHY)
    staging = of_service.filter(environment="stg", digest=digest).first()
    running = there.filter(state__in=UNDER_WAY).first()
    other = healthy.exclude(digest=digest).first()
    last_good = healthy.filter(digest=digest).aggregate(at=Max("verified_at"))["at"]
    contracts = Migration.objects.filter(
        service__slug=question.service,
        environment=question.environment,
        phase=MigrationPhase.CONTRACT,
        state__in=[MigrationState.APPLIED, MigrationState.VERIFIED],
    ).exclude(version=question.version)
    spent = (
        there.filter(change=change.number, digest=digest, action=Action.DEPLOY).exclude(state__in=RETRYABLE).first()
        if change
        else None
    )
    return DeploymentFacts(
        staging=staging.state if staging else None,
        running=running.reference if running else None,
        spent_by=spent.reference if spent else None,
        was_ever_deployed=there.filter(verified_at__isnull=False).exclude(digest=digest).exists(),
        goes_back_to=other.version if other else None,
        was_healthy_there=healthy.filter(digest=digest).exists(),
        contract_migration_since=last_good is not None and contracts.filter(applied_at__gt=last_good).exists(),
    )


def _releases(question: Question, *, at: datetime) -> ReleaseFacts:
    production = last_healthy(service=question.service, environment="prd")
    before = parse_version(production.version) if production else None
    try:
        step = bump(before, parse_version(question.version))
    except ValueError:
        step = None
    for release in Release.objects.exclude(state__in=["cancelled", "rolled_back"]).order_by("-id"):
        if any((one["service"], one["version"]) == (question.service, question.version) for one in release.artifacts):
            situation = ReleaseSituation(release, now=at)
            # Slot and freezes have rules of their own at the gate.
            content = replace(situation.facts, has_slot=True, freezes=())
            return ReleaseFacts(
                bump=step,
                reference=release.reference,
                is_approved=situation.change.state in APPROVED,
                open_items=open_items(content),
            )
    return ReleaseFacts(bump=step)


def _artifact(question: Question) -> ArtifactFact | None:
    spelt = f"{question.version}-sha-{question.commit}" if question.commit else question.version
    row = catalog.find_artifact(service=question.service, version=spelt)
    if row is None:
        return None
    found = catalog.artifact_facts([row])[row.pk]
    return ArtifactFact(
        version=found.version,
        digest=found.digest,
        git_ref=found.git_ref,
        is_signed=bool(found.signature),
        has_migrations=bool(found.migrations),
        stages=found.stages,
    )


def _change_fact(row: ChangeRequest, at: datetime) -> ChangeFact:
    situation = Situation(row, now=at)
    return ChangeFact(
        number=row.number,
        type=ChangeType(row.type),
        state=ChangeState(row.state),
        risk=Risk(row.risk_level),
        services=frozenset(row.services),
        environments=frozenset(row.environments),
        slot=situation.slot,
        requester=row.requester.username,
        editors=frozenset(row.editors),
        artifacts=tuple(NamedArtifact(**entry) for entry in row.artifacts),
        release=row.release,
        release_type=row.release_type or None,  # type: ignore[arg-type]  # a StrEnum equals its text
        classes=situation.classes,
        known=RiskFacts(
            migration_kinds=situation.migration_kinds,
            breaking_commits=any(artifact.has_breaking_commits for artifact in situation.artifacts),
            lint_failed=any(artifact.lint_failed for artifact in situation.artifacts),
            answers=answers_of(row.risk_answers),
        ),
        submitted_at=row.submitted_at,
        has_rollback_plan=bool(row.rollback_plan.strip()),
        has_migrations=bool(situation.migration_kinds),
        signatures=tuple(sorted((*situation.given, *_authorised(row, situation)), key=lambda one: (one.at, one.id))),
        template=TemplateKind(row.template.kind) if row.is_standard and row.template else None,
        confirm_by=row.confirm_by,
        confirmed_at=row.confirmed_at,
    )


def _authorised(row: ChangeRequest, situation: Situation) -> tuple[SignatureFact, ...]:
    if not row.is_emergency or row.authorised_by is None:
        return ()
    at = datetime.fromisoformat(row.authorisation["verbal_at"])
    grants = grant_facts([row.authorised_by.pk])[row.authorised_by.pk]
    roles = counts(grants=grants, teams=situation.teams, signed_at=at)
    return (SignatureFact(person=row.authorised_by.username, roles=roles, at=at),) if roles else ()


def _bookings(
    question: Question, change: ChangeFact, around: dict[str, frozenset[str]], dependents: frozenset[str]
) -> tuple[Booking, ...]:
    related = {question.service, *around.get(question.service, ()), *dependents}
    rows = ChangeRequest.objects.filter(
        state__in=BOOKED_STATES,
        environments__contains=[question.environment],
        services__overlap=sorted(related),
        scheduled_time__lt=change.slot.end,
        scheduled_time__gt=change.slot.start - timedelta(minutes=60) - F("estimated_duration"),
    ).exclude(number=change.number)
    return tuple(booking_of(row) for row in rows.order_by("scheduled_time", "number"))
