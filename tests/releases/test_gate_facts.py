"""The one statement reads what the ORM reads: over random companies, every question gives equal facts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import connection
from psycopg import _queries

from changes.models import DeploymentWindow, Freeze
from changes.policy.scope import Action
from cybercube_portal import clock
from cybercube_portal.people.actions import issue_key
from cybercube_portal.people.actors import OPERATOR
from cybercube_portal.people.keys import digest_of
from cybercube_portal.people.selectors import actor_named
from releases.policy.gate import Question
from releases.selectors.gate import read_facts, read_facts_by_key
from releases.selectors.gate_statement import FOR_ARTIFACTS, FOR_SERVICES
from tests.releases import world as worlds
from tests.releases.orm_facts import all_changes, facts_of
from tests.releases.world import AT, SERVICES, VERSIONS

QUESTIONS_EACH = 40


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.django_db
def test_statement__random_company__reads_what_the_orm_reads(seed: int) -> None:
    world = worlds.build(seed)
    numbers = ["", "", "", "CR-2026-0117-000", "CR-2026-0117-003", "CR-2026-0117-999"]
    asked = itertools.product((*SERVICES, "nothing"), VERSIONS, ("dev", "stg", "prd", "qa"), tuple(Action), numbers)
    actor = actor_named("bob")
    changes = all_changes(at=AT)

    for service, version, environment, action, number in world.dice.sample(list(asked), QUESTIONS_EACH):
        question = Question(
            service=service,
            version=version,
            environment=environment,
            action=action,
            digest=world.dice.choice(("", worlds.digest(SERVICES[0], version))),
            change=number,
            commit="" if version.startswith("sha-") else world.dice.choice(("", "a1b2c3d", "fffffff")),
        )
        reading = read_facts(question, actor=actor, at=AT)

        assert reading.facts == facts_of(question, actor=actor, at=AT, changes=changes), question
        assert reading.facts.unreadable == ()


@pytest.mark.django_db
def test_statement__an_api_key__brings_the_actor_the_orm_would_load() -> None:
    worlds.build(3)
    key, text = issue_key(username="ci-payments", actor=OPERATOR, now=clock.now(), scopes=["gate"], services=["ledger"])
    question = Question(service="ledger", version="v1.0.0", environment="prd")

    reading = read_facts_by_key(question, key_digest=digest_of(text))

    assert reading is not None
    assert reading.asker.actor.key is not None
    assert reading.asker.actor.key.prefix == key.prefix
    assert reading.facts.caller.key_services == {"ledger"}
    named = actor_named("ci-payments")
    assert (reading.asker.actor.id, reading.asker.actor.grants, reading.asker.actor.team) == (
        named.id,
        named.grants,
        named.team,
    )


@pytest.mark.django_db
def test_statement__a_person_with_grants__brings_every_grant() -> None:
    worlds.build(3)
    _, text = issue_key(username="bob", actor=OPERATOR, now=clock.now(), scopes=["gate"])

    reading = read_facts_by_key(
        Question(service="ledger", version="v1.0.0", environment="prd"), key_digest=digest_of(text)
    )

    assert reading is not None
    assert set(reading.asker.actor.grants) == set(actor_named("bob").grants)


@pytest.mark.django_db
def test_statement__no_moment_given__is_judged_by_the_database_clock() -> None:
    worlds.build(1)
    before = clock.now()
    reading = read_facts(Question(service="ledger", version="v1.0.0", environment="prd"), actor=actor_named("bob"))
    assert reading is not None
    assert before <= reading.now == reading.facts.at <= clock.now()


@pytest.mark.django_db
def test_statement__a_freeze_that_cannot_be_read__is_named_and_nothing_else_is_lost() -> None:
    worlds.build(1)
    maker = actor_named("dan").id
    _insert_freeze("FR-90", maker, predicate={"risks": ["enormous"]})
    _insert_freeze("FR-91", maker, rule="FREQ=SOMETIMES")
    _insert_freeze("FR-92", maker, timezone="Mars/Olympus")
    _insert_freeze("FR-93", maker, kind="siesta")

    reading = read_facts(
        Question(service="billing-service", version="v1.0.0", environment="prd"), actor=actor_named("bob"), at=AT
    )

    assert reading is not None
    assert set(reading.facts.unreadable) == {"freeze FR-90", "freeze FR-91", "freeze FR-92", "freeze FR-93"}


@pytest.mark.django_db
def test_statement__a_window_that_cannot_be_read__is_named_too() -> None:
    worlds.build(1)
    DeploymentWindow.objects.create(
        reference="DW-90",
        title="Broken",
        rule="FREQ=SOMETIMES",
        starts_at=AT,
        ends_at=AT.replace(hour=20),
        created_at=AT,
        created_by_id=actor_named("dan").id,
    )
    question = Question(service="billing-service", version="v1.0.0", environment="prd")
    assert read_facts(question, actor=actor_named("bob"), at=AT).facts.unreadable == ("window DW-90",)


def _insert_freeze(reference: str, maker: int, **fields: Any) -> None:
    common = {
        "title": "Broken",
        "kind": "custom",
        "starts_at": AT,
        "ends_at": AT.replace(hour=20),
        "created_at": AT,
        "created_by_id": maker,
    }
    Freeze.objects.create(reference=reference, **{**common, **fields})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE changes_freeze SET state = 'published' WHERE reference = %s", [reference])


def test_statement__its_length__is_read_by_psycopg_only_once() -> None:
    assert max(len(FOR_ARTIFACTS), len(FOR_SERVICES)) < _queries.MAX_CACHED_STATEMENT_LENGTH
