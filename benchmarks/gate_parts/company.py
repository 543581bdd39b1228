"""A company of the size issue A names: 100,000 changes and 5,000 freezes, written past the triggers that would each cost a call."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction

from changes.models import ChangeRequest, DeploymentWindow, Freeze, Signature
from changes.policy.risk import QUESTIONS
from changes.states import ChangeState, ChangeType, Risk, SignatureState
from cybercube_portal.catalog.models import Artifact, Evidence, Service
from cybercube_portal.people.keys import make_key
from cybercube_portal.people.models import ApiKey, Grant, Team, User
from cybercube_portal.people.roles import Role

SERVICES = 12
TEAMS = 4
VERSIONS = 60
NEWEST = f"v1.0.{VERSIONS - 1}"
BATCH = 1000
OPEN_SHARE = 0.02
FOR_EVERYBODY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Company:
    """`key` is the text of a key that may ask for every service; `services` are slugs, each with an approved change now."""

    key: str
    services: tuple[str, ...]


def build(*, changes: int, freezes: int, seed: int, now: datetime) -> Company:
    """Fill an empty database. The newest version of every service has an approved normal change whose slot is open."""
    dice = random.Random(seed)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        people = _people(now)
        services = _catalogue(dice, people, now)
        _changes(dice, people, services, changes, now)
        _freezes(dice, people, services, freezes, now)
        key = _key(people[-1], now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return Company(key, tuple(service.slug for service in services))


def _people(now: datetime) -> list[User]:
    teams = [Team.objects.create(slug=f"team-{number}", name=f"Team {number}") for number in range(TEAMS)]
    people = [
        User.objects.create(username=f"person-{number}", name=f"Person {number}", team=teams[number % TEAMS])
        for number in range(40)
    ]
    for number, person in enumerate(people):
        role = (Role.ENGINEER, Role.TECH_LEAD, Role.PRODUCT, Role.OPS)[number % 4]
        Grant.objects.create(user=person, role=role, team=None, starts_at=now - timedelta(days=800))
    pipeline = User.objects.create(username="ci", name="Pipeline", kind="service", team=teams[0])
    return [*people, pipeline]


def _key(owner: User, now: datetime) -> str:
    new = make_key()
    ApiKey.objects.create(
        user=owner,
        prefix=new.prefix,
        digest=new.digest,
        scopes=["gate"],
        services=[f"service-{number}" for number in range(SERVICES)],
        created_at=now,
        last_used_at=now + timedelta(days=1),
    )
    return new.text


def _catalogue(dice: random.Random, people: list[User], now: datetime) -> list[Service]:
    services = [
        Service.objects.create(
            slug=f"service-{number}",
            name=f"Service {number}",
            team=Team.objects.get(slug=f"team-{number % TEAMS}"),
            minimum_coverage=80,
            created_at=now,
        )
        for number in range(SERVICES)
    ]
    for service in services:
        service.depends_on.set(dice.sample([other for other in services if other != service], 2))
    artifacts = Artifact.objects.bulk_create(
        Artifact(
            service=service,
            version=f"v1.0.{patch}",
            major=1,
            minor=0,
            patch=patch,
            digest=digest(service.slug, patch),
            type="container_image",
            git_sha="a1b2c3d4e5f6",
            git_ref=f"refs/tags/v1.0.{patch}",
            build_time=now,
            build_number=str(patch),
            builder="ci",
            commits=[
                {"sha": "a1b2c3d", "message": f"fix: case {commit}", "committed_at": now.isoformat()}
                for commit in range(10)
            ],
            registered_at=now - timedelta(days=VERSIONS - patch),
            registered_by=people[-1],
        )
        for service in services
        for patch in range(VERSIONS)
    )
    summaries: dict[str, dict[str, Any]] = {"build": {}, "test": {"coverage": 91.5}, "scan": {"critical": 0, "high": 0}}
    Evidence.objects.bulk_create(
        Evidence(artifact=row, stage=stage, status="passed", summary=summary, reported_at=now, reported_by=people[-1])
        for row in artifacts
        for stage, summary in summaries.items()
    )
    return services


def digest(slug: str, patch: int) -> str:
    """A digest for each artifact."""
    return f"sha256:{int(slug.split('-')[1]):032x}{patch:032x}"


def _changes(dice: random.Random, people: list[User], services: list[Service], count: int, now: datetime) -> None:
    rows = _change_rows(dice, people, services, count, now)
    while batch := list(islice(rows, BATCH)):
        ChangeRequest.objects.bulk_create(batch)
        Signature.objects.bulk_create(
            Signature(
                change=row,
                signer=people[1],
                state=SignatureState.GIVEN,
                content_hash=row.content_hash,
                seat="Tech lead",
                signed_at=row.created_at + timedelta(hours=1),
            )
            for row in batch
            if row.state in {ChangeState.APPROVED, ChangeState.CLOSED}
        )


def _change_rows(
    dice: random.Random, people: list[User], services: list[Service], count: int, now: datetime
) -> Iterator[ChangeRequest]:
    for number in range(count):
        service = services[number % SERVICES]
        is_current, is_open = number < SERVICES, dice.random() < OPEN_SHARE
        starts = now - timedelta(minutes=5) if is_current else now + timedelta(days=dice.uniform(1, 60))
        if not (is_current or is_open):
            starts = now - timedelta(days=dice.uniform(1, 700))
        patch = VERSIONS - 1 if is_current else dice.randrange(VERSIONS - 1)
        open_state = dice.choice((ChangeState.APPROVED, ChangeState.IN_REVIEW))
        yield ChangeRequest(
            number=f"CR-{starts:%Y-%m%d}-{number:06}",
            title=f"Deploy {service.slug} v1.0.{patch}",
            type=ChangeType.NORMAL,
            state=ChangeState.APPROVED if is_current else open_state if is_open else ChangeState.CLOSED,
            requester=people[0],
            description="What changes and why, in a few sentences as people write them. " * 3,
            services=[service.slug],
            environments=["stg", "prd"],
            artifacts=[{"service": service.slug, "version": f"v1.0.{patch}", "digest": digest(service.slug, patch)}],
            scheduled_time=starts,
            estimated_duration=timedelta(hours=8) if is_current else timedelta(minutes=30),
            risk_answers=dict.fromkeys(QUESTIONS, False),
            risk_level=Risk.LOW,
            impact={"customers": "none", "downtime": "none", "data": "none"},
            rollback_plan="Redeploy the version that ran before.",
            content_hash=f"{number:064x}",
            created_at=starts - timedelta(days=3),
            updated_at=starts - timedelta(days=3),
            submitted_at=starts - timedelta(days=3),
            approved_at=starts - timedelta(days=2),
            outcome="" if is_current or is_open else "successful",
        )


def _freezes(dice: random.Random, people: list[User], services: list[Service], count: int, now: datetime) -> None:
    Freeze.objects.bulk_create(
        (_freeze(dice, people, services, number, now) for number in range(count)), batch_size=BATCH
    )
    DeploymentWindow.objects.bulk_create(
        DeploymentWindow(
            reference=f"DW-{number}",
            title="Every day",
            services=[service.slug],
            starts_at=now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=30),
            ends_at=now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=29),
            rule="FREQ=DAILY",
            created_at=now,
            created_by=people[0],
        )
        for number, service in enumerate(services[::3])
    )


def _freeze(dice: random.Random, people: list[User], services: list[Service], number: int, now: datetime) -> Freeze:
    """Two thirds past, one third in the next two years; none now, so that the answer is an allow. Some recur every week."""
    starts = now + timedelta(days=dice.uniform(-1400, -3) if dice.random() < 2 / 3 else dice.uniform(1, 700))
    ends = starts + timedelta(hours=dice.uniform(2, 40))
    recurs = number % 250 == 0
    if recurs:
        starts = now + timedelta(days=1)
        ends = starts + timedelta(hours=2)
    return Freeze(
        reference=f"FRZ-{number}",
        title=f"Quiet time {number}",
        kind=dice.choice(("holiday", "major_event", "quarter_end")),
        state="published",
        services=[] if dice.random() < FOR_EVERYBODY_SHARE else [dice.choice(services).slug],
        starts_at=starts,
        ends_at=ends,
        rule="FREQ=WEEKLY" if recurs else "",
        envelope_ends_at=None if recurs else ends,
        created_at=now,
        created_by=people[0],
    )
