"""A company of the size issue A names: 100,000 changes and 5,000 freezes, each change that is over with its deployment, written past the triggers that would each cost a call."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from changes.models import ChangeRequest, DeploymentWindow, Freeze
from changes.policy.risk import QUESTIONS
from changes.states import ChangeState, ChangeType, Risk
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
RECURRING = 500
FOR_EVERYBODY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Company:
    """`key` is the text of a key that may ask for every service; `services` are slugs, each with an approved change now."""

    key: str
    services: tuple[str, ...]


def fill(*, changes: int, freezes: int, seed: int, now: datetime, deployed: bool = True) -> Company:
    """Fill an empty database. The newest version of every service has an approved normal change whose slot is open.

    `deployed`: every change that is over went out once.
    """
    dice = random.Random(seed)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        people = _people(now)
        services = _catalogue(dice, people, now)
        _changes(people, services, changes, seed, now)
        if deployed:
            _deployments()
        _freezes(dice, people, services, freezes, now)
        key = _key(people[-1], now)
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
    summaries["e2e"] = {}
    Evidence.objects.bulk_create(
        Evidence(artifact=row, stage=stage, status="passed", summary=summary, reported_at=now, reported_by=people[-1])
        for row in artifacts
        for stage, summary in summaries.items()
    )
    return services


def _deployments() -> None:
    """What every change that is over put into production, and every version in staging, all of it healthy."""
    with connection.cursor() as cursor:
        cursor.execute(DECIDED)
        cursor.execute(DEPLOYED)


def digest(slug: str, patch: int) -> str:
    """A digest for each artifact."""
    return f"sha256:{int(slug.split('-')[1]):032x}{patch:032x}"


def _changes(people: list[User], services: list[Service], count: int, seed: int, now: datetime) -> None:
    """One current change for each service by the model, the rest as copies of them by PostgreSQL itself: seconds, not minutes."""
    for number, service in enumerate(services):
        ChangeRequest.objects.create(
            number=f"CR-{now:%Y-%m%d}-{number:06}",
            title=f"Deploy {service.slug} {NEWEST}",
            type=ChangeType.NORMAL,
            state=ChangeState.APPROVED,
            requester=people[0],
            description="What changes and why, in a few sentences as people write them. " * 3,
            services=[service.slug],
            environments=["stg", "prd"],
            artifacts=[{"service": service.slug, "version": NEWEST, "digest": digest(service.slug, VERSIONS - 1)}],
            scheduled_time=now - timedelta(minutes=5),
            estimated_duration=timedelta(hours=8),
            risk_answers=dict.fromkeys(QUESTIONS, False),
            risk_level=Risk.LOW,
            impact={"customers": "none", "downtime": "none", "data": "none"},
            rollback_plan="Redeploy the version that ran before.",
            content_hash=f"{number:064x}",
            created_at=now - timedelta(days=3),
            updated_at=now - timedelta(days=3),
            submitted_at=now - timedelta(days=3),
            approved_at=now - timedelta(days=2),
        )
    concrete = ChangeRequest._meta.concrete_fields  # noqa: SLF001 - the documented way to a model's columns
    columns = [str(field.column) for field in concrete if not field.primary_key]
    values = ", ".join(COPIED.get(column, f"first.{column}") for column in columns)
    parameters: dict[str, Any] = {
        "count": count,
        "services": SERVICES,
        "versions": VERSIONS - 1,
        "open": OPEN_SHARE,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(%s)", [seed / 1000])
        cursor.execute(f"INSERT INTO changes_changerequest ({', '.join(columns)}) SELECT {values} {COPIES}", parameters)
        cursor.execute(SIGNED, {"signer": people[1].pk})


# `n` numbers the copies; `is_open` are those still to come, the others lie in the past two years.
COPIES = """
FROM (
    SELECT n, random() < %(open)s AS is_open, random() AS dice, (floor(random() * %(versions)s))::int AS patch
    FROM generate_series(%(services)s::int, %(count)s::int - 1) n
) copy
JOIN changes_changerequest first ON first.number LIKE '%%-' || lpad((copy.n %% %(services)s)::text, 6, '0')
"""
STARTS = (
    "(%(now)s::timestamptz + CASE WHEN is_open THEN dice * interval '60 days' ELSE dice * interval '-700 days' END)"
)
COPIED = {
    "number": f"'CR-' || to_char({STARTS}, 'YYYY-MMDD') || '-' || lpad(n::text, 6, '0')",
    "state": "CASE WHEN NOT is_open THEN 'closed' WHEN n %% 2 = 0 THEN 'approved' ELSE 'in_review' END",
    "scheduled_time": STARTS,
    "estimated_duration": "interval '30 minutes'",
    "created_at": f"{STARTS} - interval '3 days'",
    "outcome": "CASE WHEN is_open THEN '' ELSE 'successful' END",
    "content_hash": "lpad(to_hex(n), 64, '0')",
    "artifacts": """jsonb_build_array(jsonb_build_object('service', first.services[1], 'version', 'v1.0.' || patch,
        'digest', 'sha256:' || lpad(to_hex(n %% %(services)s), 32, '0') || lpad(to_hex(patch), 32, '0')))""",
}
SIGNED = """
INSERT INTO changes_signature (change_id, signer_id, state, content_hash, seat, comment, via, signed_at, ended_because)
SELECT id, %(signer)s, 'given', content_hash, 'Tech lead', '', 'page', created_at + interval '1 hour', ''
FROM changes_changerequest WHERE state IN ('approved', 'closed')
"""


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
    recurs = number % RECURRING == 0
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


# One deployment in the order of time for each closed change, and one to staging for each artifact; its decision has the same name.
WENT_OUT = """
    SELECT c.number AS name, c.number AS change, 'prd' AS environment, s.id AS service_id, s.slug, named->>'version' AS version,
        named->>'digest' AS digest, c.scheduled_time AS at
    FROM changes_changerequest c, jsonb_array_elements(c.artifacts) named JOIN catalog_service s ON s.slug = named->>'service'
    WHERE c.state = 'closed'
    UNION ALL
    SELECT 'stg ' || s.slug || a.version, '', 'stg', s.id, s.slug, a.version, a.digest, a.registered_at
    FROM catalog_artifact a JOIN catalog_service s ON s.id = a.service_id
"""
DECIDED = f"""
INSERT INTO releases_gatedecision (id, service, version, digest, environment, action, change_named, run, actor, asked_by,
    key_prefix, asked_at, request_id, idempotency_key, question_hash)
SELECT md5(name)::uuid, slug, version, digest, environment, 'deploy', '', '{{}}', '', 'ci', '', at, '', '', ''
FROM ({WENT_OUT}) went
"""
DEPLOYED = f"""
INSERT INTO releases_deployment (reference, service_id, version, digest, environment, action, method, steps, step,
    step_judgements, state, decision_id, change, release, run, previous_version, observed_version, baseline, lead_times, note, created_at,
    started_at, finished_at, verified_at, watch_until, watched_at, deadline_at)
SELECT 'DEP-' || lpad(row_number() OVER (ORDER BY at)::text, 6, '0'), service_id, version, digest, environment, 'deploy',
    'rolling', '[]', 0, '[]', 'healthy', md5(name)::uuid, change, '', '{{}}', '', version, '{{}}', '{{}}', '', at, at, at, at, at, at, at
FROM ({WENT_OUT}) went ORDER BY at
"""
