"""A random company for one seed: rows in every state a gate may meet, legal or not (triggers are off while it is made)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from changes.models import ChangeRequest, DeploymentWindow, Freeze, FreezeException, Signature
from changes.policy.risk import QUESTIONS
from changes.states import ChangeState, ChangeType, Risk, SignatureState
from cybercube_portal.catalog.models import Artifact, Evidence, Service
from cybercube_portal.people.models import Grant, Team, User
from cybercube_portal.people.roles import Role
from tests.releases.world_records import add_records

AT = datetime(2026, 1, 17, 14, 10, tzinfo=UTC)
TEAMS = ("payments", "search")
SERVICES = ("billing-service", "search-api", "ledger")
VERSIONS = ("v1.0.0", "v1.0.1", "v1.1.0-rc.1", "sha-a1b2c3d4")
PEOPLE = ("alice", "bob", "carol", "dan", "heidi")
STAGES = ("build", "test", "scan", "staging", "e2e")
MESSAGES = (
    "fix: tax",
    "feat!: drop v1",
    "feat(api)!: gone",
    "docs: BREAKING news",
    "fix: x\n\nBREAKING CHANGE: y",
    "!: no",
)
PREDICATES: tuple[dict[str, Any], ...] = (
    {},
    {"risks": {"at_least": "high"}},
    {"types": ["normal"], "has_migration": True},
)


def digest(service: str, version: str) -> str:
    return "sha256:" + f"{SERVICES.index(service)}{VERSIONS.index(version)}" * 32


@dataclass
class World:
    """The dice and what they made so far."""

    dice: random.Random
    at: datetime = AT

    def moment(self, *, hours: float = 6) -> datetime:
        """A moment near AT, in whole seconds or not."""
        return AT + timedelta(seconds=self.dice.choice((0, self.dice.uniform(-3600 * hours, 3600 * hours))))

    def some(self, things: tuple[str, ...], least: int = 0) -> list[str]:
        return self.dice.sample(things, self.dice.randint(least, len(things)))

    def maybe(self, value: Any, chance: float = 0.5) -> Any:
        return value if self.dice.random() < chance else None


def build(seed: int) -> World:
    """Fill the database."""
    world = World(random.Random(seed))  # noqa: S311 - dice
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        _people(world)
        _catalogue(world)
        _changes(world)
        _periods(world)
        digests = {(slug, version): digest(slug, version) for slug in SERVICES for version in VERSIONS}
        add_records(world, versions=VERSIONS, digests=digests)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return world


def _people(world: World) -> None:
    teams = {slug: Team.objects.create(slug=slug, name=slug) for slug in TEAMS}
    for name in PEOPLE:
        user = User.objects.create(username=name, name=name.title(), team=teams[world.dice.choice(TEAMS)])
        for _ in range(world.dice.randint(0, 4)):
            starts = world.moment(hours=500)
            ends = world.maybe(starts + timedelta(hours=world.dice.uniform(1, 900)))
            Grant.objects.create(
                user=user,
                role=world.dice.choice([role.value for role in Role]),
                team=world.maybe(teams[world.dice.choice(TEAMS)]),
                starts_at=starts,
                ends_at=ends,
                revoked_at=world.maybe(starts + timedelta(hours=world.dice.uniform(0, 900)), 0.3),
            )
    for slug, team in teams.items():
        User.objects.create(username=f"ci-{slug}", name="", kind="service", team=team)


def _catalogue(world: World) -> None:
    users = list(User.objects.all())
    for slug in SERVICES:
        service = Service.objects.create(
            slug=slug,
            name=slug,
            team=Team.objects.get(slug=world.dice.choice(TEAMS)),
            minimum_coverage=world.maybe(world.dice.choice(("80", "80.10", "0"))),
            created_at=AT,
        )
        service.depends_on.set(Service.objects.filter(slug__in=world.some(SERVICES)).exclude(pk=service.pk))
        for version in world.some(VERSIONS, least=1):
            artifact = Artifact.objects.create(
                service=service,
                version=version,
                digest=digest(slug, version),
                type="container_image",
                git_sha="a1b2c3d4e5f6",
                git_ref=world.dice.choice(("main", "refs/tags/v1.0.0", "feature/CC-1-x")),
                build_time=AT,
                build_number="1",
                builder="ci",
                signature=world.maybe("signed"),
                migrations=[_migration(world) for _ in range(world.dice.choice((0, 0, 1, 2)))],
                commits=[
                    {"sha": "a1b2c3d", "message": world.dice.choice(MESSAGES), "committed_at": AT.isoformat()}
                    for _ in range(world.dice.randint(0, 3))
                ],
                registered_at=AT,
                registered_by=users[0],
            )
            for _ in range(world.dice.randint(0, 8)):
                Evidence.objects.create(
                    artifact=artifact,
                    stage=world.dice.choice(STAGES),
                    status=world.dice.choice(("passed", "failed")),
                    url=world.dice.choice(("", "https://ci.example.com/1")),
                    summary=world.dice.choice(({}, {"coverage": 80.1}, {"critical": 0, "high": 1})),
                    reported_at=world.moment(),
                    reported_by=world.dice.choice(users),
                )


def _migration(world: World) -> dict[str, Any]:
    return {
        "filename": "20260117120000_x.sql",
        "sql": "select 1",
        "kind": world.dice.choice(("schema", "data")),
        "phase": None,
        "findings": world.dice.choice(([], [{"severity": "error"}], [{"severity": "warning"}])),
    }


def _changes(world: World) -> None:
    people = list(User.objects.filter(kind="person"))
    for number in range(world.dice.randint(8, 20)):
        kind = world.dice.choice(tuple(ChangeType))
        services = world.some(SERVICES, least=1)
        state = world.dice.choice((ChangeState.APPROVED, ChangeState.IMPLEMENTING, ChangeState.IN_REVIEW, *ChangeState))
        change = ChangeRequest.objects.create(
            number=f"CR-2026-0117-{number:03}",
            title="A change",
            type=kind,
            state=state,
            requester=world.dice.choice(people),
            editors=world.some(PEOPLE)[:1],
            services=services,
            environments=world.some(("dev", "stg", "prd"), least=1),
            artifacts=[_named(world, service) for service in services if world.dice.random() < 0.9],
            release_type=world.dice.choice(("", "patch", "minor", "hotfix")),
            scheduled_time=world.moment(),
            estimated_duration=timedelta(seconds=world.dice.randint(1, 9000)),
            risk_answers={name: world.dice.choice((True, False, None)) for name in world.some(tuple(QUESTIONS))},
            risk_level=world.dice.choice(tuple(Risk)),
            rollback_plan=world.dice.choice(("", "  ", "go back")),
            migrations=[{"kind": "data"}] if world.dice.random() < 0.1 else [],
            content_hash="c" * 64,
            created_at=AT,
            updated_at=AT,
            submitted_at=world.maybe(world.moment(hours=40), 0.8),
            outcome="successful" if state == ChangeState.CLOSED else "",
            authorised_by=world.maybe(world.dice.choice(people)) if kind == ChangeType.EMERGENCY else None,
            authorisation={"verbal_at": world.moment(hours=100)} if kind == ChangeType.EMERGENCY else {},
            confirm_by=world.maybe(world.moment(), 0.3),
            confirmed_at=world.maybe(world.moment(), 0.2),
            record_due_at=world.maybe(world.moment(), 0.4),
            recorded_at=AT if state == ChangeState.CLOSED else world.maybe(world.moment(), 0.2),
        )
        for signer in people:
            if world.dice.random() < 0.5:
                Signature.objects.create(
                    change=change,
                    signer=signer,
                    state=world.dice.choice((SignatureState.GIVEN, SignatureState.GIVEN, *SignatureState)),
                    content_hash=world.dice.choice(("c" * 64, "c" * 64, "d" * 64)),
                    signed_at=world.moment(hours=30),
                )


def _named(world: World, service: str) -> dict[str, str]:
    version = world.dice.choice(VERSIONS)
    known = world.dice.choice((digest(service, version), digest(service, version), "", "sha256:" + "f" * 64))
    return {"service": service, "version": version, "digest": known}


def _periods(world: World) -> None:
    maker = User.objects.get(username="dan")
    changes = list(ChangeRequest.objects.all())
    for number in range(world.dice.randint(0, 8)):
        freeze = Freeze.objects.create(
            reference=f"FR-{number}",
            kind=world.dice.choice(("holiday", "major_event", "quarter_end", "custom")),
            predicate=world.dice.choice(PREDICATES),
            hard=world.dice.random() < 0.5,
            state=world.dice.choice(("published", "published", "draft", "lifted")),
            **_period(world, maker),
        )
        for change in world.dice.sample(changes, 2):
            FreezeException.objects.create(freeze=freeze, change=change, granted_by=maker, reason="needed", at=AT)
    for number in range(world.dice.randint(0, 4)):
        DeploymentWindow.objects.create(
            reference=f"DW-{number}",
            removed_at=world.maybe(AT, 0.2),
            **{**_period(world, maker), "envelope_ends_at": None},
        )


def _period(world: World, maker: User) -> dict[str, Any]:
    starts = world.moment(hours=48)
    ends = starts + timedelta(hours=world.dice.uniform(0.1, 20))
    rule = world.dice.choice(("", "", "FREQ=DAILY", "FREQ=WEEKLY"))
    return {
        "title": "Quiet time",
        "services": world.some(SERVICES) if world.dice.random() < 0.4 else [],
        "teams": world.some(TEAMS) if world.dice.random() < 0.4 else [],
        "environments": world.some(("dev", "stg", "prd")) if world.dice.random() < 0.4 else [],
        "excluded_services": world.some(SERVICES)[:1] if world.dice.random() < 0.2 else [],
        "timezone": world.dice.choice(("UTC", "Europe/London", "America/Sao_Paulo")),
        "starts_at": starts,
        "ends_at": ends,
        "rule": rule,
        "excluded_dates": [starts.date() + timedelta(days=2)] if rule and world.dice.random() < 0.3 else [],
        "envelope_ends_at": None if rule else ends,
        "created_at": AT,
        "created_by": maker,
    }
