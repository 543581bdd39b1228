"""What was deployed, released and migrated in the random company of `world`: any state, whatever led there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from changes.models import ChangeRequest
from cybercube_portal.catalog.models import Service
from cybercube_portal.catalog.states import MigrationPhase
from cybercube_portal.people.models import User
from releases.models import ChecklistTick, Deployment, GateDecision, Migration, Release
from releases.states import UNDER_WAY, DeploymentState, MigrationState, ReleaseState

if TYPE_CHECKING:
    from tests.releases.world import World

ENVIRONMENTS = ("dev", "stg", "prd")


def add_records(world: World, *, versions: tuple[str, ...], digests: dict[tuple[str, str], str]) -> None:
    """Deployments, releases and migrations of every service."""
    changes = list(ChangeRequest.objects.all())
    _deployments(world, versions, digests, changes)
    _releases(world, changes)
    _migrations(world, versions)


def _deployments(
    world: World, versions: tuple[str, ...], digests: dict[tuple[str, str], str], changes: list[ChangeRequest]
) -> None:
    occupied = set()
    for number in range(world.dice.randint(0, 40)):
        service = world.dice.choice(list(Service.objects.order_by("slug")))
        version, environment = world.dice.choice(versions), world.dice.choice(ENVIRONMENTS)
        action = world.dice.choice(("deploy", "deploy", "deploy", "rollback"))
        state = world.dice.choice((DeploymentState.HEALTHY, DeploymentState.HEALTHY, *DeploymentState))
        place = (service.pk, environment, action)
        if state in UNDER_WAY and place in occupied:
            state = DeploymentState.HEALTHY
        occupied |= {place} if state in UNDER_WAY else set()
        decision = GateDecision.objects.create(
            service=service.slug,
            version=version,
            environment=environment,
            action=action,
            asked_by="x",
            asked_at=world.at,
        )
        moment = world.moment(hours=100)
        Deployment.objects.create(
            reference=f"DEP-{number:03d}",
            service=service,
            version=version,
            digest=digests[service.slug, version],
            environment=environment,
            action=action,
            method="rolling",
            state=state,
            decision=decision,
            change=world.dice.choice(changes).number if changes and world.dice.random() < 0.7 else "",
            created_at=moment,
            verified_at=moment if state == DeploymentState.HEALTHY else world.maybe(moment),
            deadline_at=moment + timedelta(hours=2),
        )


def _releases(world: World, changes: list[ChangeRequest]) -> None:
    maker = User.objects.get(username="alice")
    taken = set()
    naming = [change for change in changes if change.artifacts]
    for number in range(world.dice.randint(0, 8) if naming else 0):
        change = world.dice.choice(naming)
        named = change.artifacts[0]
        service, version = Service.objects.get(slug=named["service"]), named["version"]
        state = world.dice.choice(tuple(ReleaseState))
        if (service.pk, version) in taken:
            state = ReleaseState.CANCELLED
        taken.add((service.pk, version))
        release = Release.objects.create(
            reference=f"REL-{number:03d}",
            service=service,
            version=version,
            type="minor",
            state=state,
            change=change.number,
            artifacts=change.artifacts,
            migrations=world.some(("20260117120000_x.sql", "20260117120001_x.sql")),
            on_call_notified_at=world.maybe(world.at),
            created_at=world.moment(),
            created_by=maker,
            updated_at=world.at,
        )
        for item in world.some(("tickets_completed", "documentation_updated", "changelog_reviewed")):
            ChecklistTick.objects.create(release=release, item=item, at=world.at, by=maker)


def _migrations(world: World, versions: tuple[str, ...]) -> None:
    maker = User.objects.get(username="alice")
    for number in range(world.dice.randint(0, 12)):
        state = world.dice.choice((MigrationState.APPLIED, MigrationState.VERIFIED, *MigrationState))
        Migration.objects.create(
            reference=f"MIG-{number:03d}",
            service=world.dice.choice(list(Service.objects.order_by("slug"))),
            version=world.dice.choice(versions),
            environment=world.dice.choice(ENVIRONMENTS),
            filename=f"20260117120{number:03d}_x.sql",
            kind="schema",
            phase=world.dice.choice((MigrationPhase.CONTRACT, *MigrationPhase)),
            state=state,
            created_at=world.at,
            created_by=maker,
            applied_at=world.moment(hours=100) if state in {MigrationState.APPLIED, MigrationState.VERIFIED} else None,
        )
