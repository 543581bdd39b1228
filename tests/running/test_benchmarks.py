"""Benchmarks are run seldom: what they load, ask and open is held against today's portal here, in small and without a clock."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection

from benchmarks import dashboards, lists
from benchmarks.dashboard_parts import year
from benchmarks.data_parts import pages
from benchmarks.flag_parts import servers
from benchmarks.gate_parts import company
from benchmarks.lists_parts import mixture
from benchmarks.verification_parts import company as verified
from changes.models import ChangeRequest
from cybercube_portal import clock
from cybercube_portal.people.keys import digest_of
from cybercube_portal.people.models import User
from cybercube_portal.query import Asker
from flags.models import Flag
from releases.actions.figures import close_days
from releases.actions.gate import Asked, decide_gate
from releases.models import Deployment, GateDecision, Incident, Migration
from releases.policy.gate import Question
from tests.factories import changes as stories
from tests.factories.people import Cast

FEW = 40


@pytest.fixture
def mixed(db: None) -> datetime:
    now = clock.now()
    mixture.fill(changes=FEW, seed=6, now=now)
    return now


def test_lists__every_query_and_page__is_one_of_today(mixed: datetime) -> None:
    client, person = pages.logged_in(lists.WHO), User.objects.get(username=lists.WHO)
    asker = Asker(id=person.pk, username=lists.WHO, team="team-0", now=mixed, zone=mixed.tzinfo)  # type: ignore[arg-type]
    for name, queries in lists.QUERIES.items():
        for query in queries:
            lists.bare_statement(name, query, asker)
    for address in lists.PAGES:
        assert pages.measure(client, address, name=address, rounds=0).queries <= pages.MOST_QUERIES
    assert ChangeRequest.objects.count() == FEW
    assert Flag.objects.exists()
    assert Migration.objects.exists()
    assert GateDecision.objects.filter(evaluations__isnull=False).exists()


def test_dashboards__every_page__is_one_of_today(db: None) -> None:
    now = clock.now()
    company.fill(changes=FEW, freezes=2, seed=1, now=now, deployed=False)
    year.fill(deployments=FEW, services=3, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    close_days(now=now)
    assert (Deployment.objects.count(), Incident.objects.exists()) == (FEW, True)
    client = pages.logged_in("person-0")
    for page in dashboards.PAGES:
        found = pages.measure(client, dashboards.address_of(page, 365, {"team": "team-1"}), name=page, rounds=0)
        assert found.queries <= pages.MOST_QUERIES


def test_gate__company_of_its_benchmark__newest_version_is_allowed(db: None) -> None:
    made = company.fill(changes=FEW, freezes=5, seed=6, now=clock.now())
    question = Question.named(service=made.services[0], version=company.NEWEST, environment="prd")
    answer = decide_gate(
        asked=Asked(question=question, version=company.NEWEST, dry_run=True), key_digest=digest_of(made.key)
    )
    assert answer.outcome == "allow", answer


def test_flags_and_verifications__what_their_benchmarks_load__is_there(cast: Cast) -> None:
    stories.service()
    servers.define(2, by="alice", service="billing-service")
    assert servers.evaluation_key("ci-payments")
    assert Flag.objects.count() == 2
    of = verified.services(2, url="http://127.0.0.1:1", now=clock.now())
    verified.queue(verified.finished(of, now=clock.now()), now=clock.now())
