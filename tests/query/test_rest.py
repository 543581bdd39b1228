"""The query language over REST: what the page of a list shows is what a script gets, and what means nothing is refused."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from cybercube_portal.pages.lists import PLACES
from flags.actions.flags import archive_flag
from releases.actions.incidents import Trouble, report_incident, resolve_incident
from releases.actions.migrations import MigrationPlan, abort_migration, plan_migration
from releases.actions.release_content import ReleasePlan, open_release
from releases.states import DeploymentState
from tests.changes.pages_words import Sessions
from tests.factories import changes as stories
from tests.factories import flags as flag_lives
from tests.factories import releases as lives
from tests.factories.deployments import deployed, digest_of
from tests.factories.people import Cast

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What names a row: its member over REST, and its column in the file.
NAMES = {"changes": ("number", "Number"), "flags": ("key", "Key"), "gate": ("id", "Id")}
NAMED = ("id", "Reference")
QUERIES: dict[str, tuple[str, ...]] = {
    "changes": (
        "",
        "is:open",
        "IS:Open type:normal -risk:high sort:scheduled",
        "state:in_review,draft requester:@me",
        "team:@me sort:-updated",
        "environment:staging",
        "service:search-api scheduled:7d",
        "approver:bob",
        '-"Tax rate"',
        "created:today",
    ),
    "deployments": (
        "",
        "is:failed",
        "is:healthy environment:prd sort:created",
        "team:@me -version:v2.3.1",
        "service:search-api",
        "created:2026-01-14",
    ),
    "releases": ("", "is:open", "service:billing-service type:minor", "by:@me sort:created", "-v2.3.1", "published:7d"),
    "flags": ("", "is:in_use", "is:archived", "is:in_use,archived sort:-key", "on:dev", "team:@me type:ops", "dash"),
    "incidents": ("", "is:open", "severity:sev-1", "team:@me sort:noticed", "-source:alert environment:prd"),
    "migrations": (
        "",
        "is:open",
        "is:ended,verified",
        "phase:contract,backfill kind:data",
        "lint:error",
        "lint:warning,clean sort:created",
        "lint:unknown",
        "-lint:unknown -lint:clean",
        "lock:exclusive environment:stg",
        "by:@me team:payments rank",
        "version:v2.3.1 created:today",
    ),
    "gate": ("", "is:deny", "-is:allow", "service:search-api", "by:ci-payments sort:asked", "asked:<2026-01-14"),
}
RANK, FILL, RATE = (f"2026011{day}120000_{name}.sql" for day, name in enumerate(("rank", "fill_rank", "add_rate")))
CARRIED = [
    {
        "filename": filename,
        "sql": "",
        "kind": kind,
        "phase": phase,
        "findings": [{"rule": "x", "severity": severity} for severity in severities],
        "lock_impact": lock,
    }
    for filename, kind, phase, severities, lock in (
        (RANK, "schema", "contract", ["error", "warning"], "ACCESS EXCLUSIVE for a moment"),
        (FILL, "data", "backfill", ["warning"], ""),
        (RATE, "schema", "expand", [], "SHARE"),
    )
]
# The last one's version is not registered, and it is given up.
PLANNED = (
    ("v2.3.1", "stg", RANK),
    ("v2.3.1", "dev", RANK),
    ("v2.3.1", "stg", FILL),
    ("v2.3.1", "stg", RATE),
    ("v3.0.0", "stg", "20260113120000_gone.sql"),
)


@pytest.fixture
def held(now: datetime, clock_at: Callable[[datetime], datetime], cast: Cast) -> datetime:
    """Two teams with a service each, and nothing that happened yet."""
    stories.service("billing-service")
    stories.service("search-api", team="search")
    return clock_at(now)


@pytest.fixture
def filled(held: datetime) -> datetime:
    """A few rows of everything, of both teams."""
    stories.artifact(stories.service(), "v2.3.1", at=held, migrations=CARRIED, digest=digest_of("v2.3.1"))
    bad = deployed("v2.3.0", at=held - DAY, state=DeploymentState.FAILED)
    deployed("v2.3.1", at=held)
    deployed("v2.3.1", at=held, environment="stg")
    deployed("v1.0.0", at=held, service="search-api")
    lives.asked(at=held)
    lives.asked(at=held, version="v9.9.9", service="search-api", by="ci-search")
    stories.draft(now=held, title="Tax rate", environments=("stg",))
    stories.approved(now=held, title="Signed", artifacts=())
    stories.in_review(now=held, by="oscar", title="Index", services=("search-api",), artifacts=())
    stories.in_review(now=held, title="Column", answers={**stories.NO_RISK, "database_schema": True})
    for service, version, by in (("billing-service", "v2.3.1", "alice"), ("search-api", "v1.0.0", "oscar")):
        open_release(plan=ReleasePlan(service=service, version=version), actor=stories.actor(by), now=held)
    for key, service, by in (
        ("release_new_dashboard", "billing-service", "alice"),
        ("ops_cache", "search-api", "oscar"),
        ("ops_queue", "billing-service", "alice"),
    ):
        flag_lives.flag(key, now=held, by=by, service=service)
    flag_lives.served("ops_cache", now=held, by="oscar", enabled=True)
    archive_flag(key="ops_queue", reason="Not wanted", actor=stories.actor("alice"), now=held)
    noticed = [
        report_incident(
            trouble=Trouble(service=service, environment="prd", title="5xx", severity=severity),
            actor=stories.actor("grace"),
            now=bad.created_at + HOUR,
        )
        for severity, service in (("SEV-1", "billing-service"), ("SEV-3", "search-api"))
    ]
    resolve_incident(reference=noticed[-1].reference, actor=stories.actor("grace"), now=held)
    planned = [
        plan_migration(
            plan=MigrationPlan(
                service="billing-service",
                version=version,
                environment=place,
                filename=filename,
                kind="schema",
                phase="contract",
            ),
            actor=stories.actor("alice"),
            now=held,
        )
        for version, place, filename in PLANNED
    ]
    abort_migration(reference=planned[-1].reference, reason="Not needed", actor=stories.actor("alice"), now=held)
    return held


def address_of(name: str) -> str:
    return reverse(PLACES[name].listing.api)


def found(client: APIClient, name: str, query: str, **filters: str) -> list[str]:
    """Row by row, page by page."""
    names: list[str] = []
    answer = client.get(address_of(name), {"query": query, "page_size": "2", **filters})
    while True:
        assert answer.status_code == 200, answer.content
        page = answer.json()
        names += [row[NAMES.get(name, NAMED)[0]] for row in page["results"]]
        if page["next"] is None:
            return names
        answer = client.get(page["next"])


def filed(session: Client, name: str, query: str) -> list[str]:
    """The same rows in the file of the page."""
    answer: Any = session.get(PLACES[name].address(query) + "&format=csv")
    assert answer.status_code == 200, query
    rows = csv.DictReader(b"".join(answer.streaming_content).decode().splitlines())
    return [row[NAMES.get(name, NAMED)[1]] for row in rows]


def test_query__of_every_list__gives_what_its_page_shows_in_the_same_order(
    filled: datetime, api: Callable[..., APIClient], browser_session: Sessions
) -> None:
    client, session = api("alice"), browser_session("alice")
    assert set(QUERIES) == set(PLACES)
    for name, queries in QUERIES.items():
        shown = {query: filed(session, name, query) for query in queries}
        assert {query: found(client, name, query) for query in queries} == shown
        sizes = {len(rows) for rows in shown.values()}
        # Something is told apart by them.
        assert min(sizes) < max(sizes) == len(shown[""]) > 1, (name, shown)


@pytest.mark.parametrize(
    ("name", "query", "says"),
    [
        ("changes", "tpye:normal", ["This list has no word “tpye”. Did you mean “type:normal”?"]),
        ("changes", "risk:hgih is:opne", ["Did you mean “risk:high”?", "Did you mean “is:open”?"]),
        (
            "changes",
            "service:billing-servce",
            ["there is no “billing-servce”. Did you mean “service:billing-service”?"],
        ),
        ("changes", "sort:schedule", ["Did you mean “sort:scheduled”?"]),
        ("changes", "created:soon", ["“soon” is no time"]),
        ("changes", "is:", ["is: needs a value, such as is:open."]),
        ("changes", "a " + " ".join(f"w{number}" for number in range(40)), ["500 characters and 40 parts"]),
        ("changes", "x" * 501, ["500"]),
        ("changes", "a\x00b", ["Null"]),
        ("deployments", "risk:high", ["This list has no word “risk”."]),
        ("releases", "by:alcie", ["Did you mean “by:alice”?"]),
        ("flags", "on:prod", ["Did you mean “on:prd”?"]),
        ("incidents", "source:alrt", ["Did you mean “source:alert”?"]),
        ("migrations", "lint:eror phase:contracts", ["Did you mean “lint:error”?", "Did you mean “phase:contract”?"]),
        ("gate", "is:denied", ["Did you mean “is:deny”?"]),
    ],
)
def test_query__not_understood__is_refused_with_what_was_meant(
    name: str, query: str, says: list[str], held: datetime, api: Callable[..., APIClient]
) -> None:
    answer = api("alice").get(address_of(name), {"query": query})

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    errors = answer.json()["errors"]
    assert [error["pointer"] for error in errors] == ["/query"] * len(says)
    for said, error in zip(says, errors, strict=True):
        assert said in error["message"]


def test_query__beside_other_filters__has_to_fit_too(filled: datetime, api: Callable[..., APIClient]) -> None:
    client = api("alice")

    assert len(found(client, "changes", "team:payments", state="approved")) == 1
    assert found(client, "changes", "team:payments", service="search-api") == []
    assert found(client, "flags", "team:payments", archived="1") == ["ops_queue"]
    assert found(client, "flags", "is:archived", archived="0") == []
    assert len(found(client, "gate", "is:deny", environment="prd")) == 2
    twice = client.get(f"{address_of('changes')}?query=is:open&query=risk:high")
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (400, "field.repeated")
    page = client.get(address_of("changes"), {"query": "sort:created", "page_size": "1"}).json()
    other = client.get(page["next"].replace("sort%3Acreated", "sort%3Ascheduled"))
    assert (other.status_code, other.json()["code"]) == (400, "cursor.unknown")


def test_query__of_a_service_account__has_no_me_and_sees_no_more(
    filled: datetime, api: Callable[..., APIClient]
) -> None:
    client = api("ci-search", scopes=["gate", "changes", "deployments"])

    for query in ("requester:@me", "team:@me", "-approver:alice,@me"):
        answer = client.get(address_of("changes"), {"query": query})
        assert answer.status_code == 400, query
        assert "“@me” stands for nobody here" in answer.json()["errors"][0]["message"]
    assert found(client, "changes", "requester:oscar team:search") != []
    assert len(found(client, "gate", "")) == 1
    assert found(client, "gate", "service:billing-service") == []


def test_query__today__is_the_askers_day(filled: datetime, api: Callable[..., APIClient], cast: Cast) -> None:
    client = api("alice")
    assert len(found(client, "changes", "created:today")) > 1
    assert found(client, "changes", "created:2026-01-15") == []

    cast.alice.timezone = "Pacific/Kiritimati"  # 14 hours ahead
    cast.alice.save()
    assert len(found(client, "changes", "created:2026-01-15")) > 1


def test_query__speaking_of_names__costs_a_query_for_each_register(
    held: datetime, api: Callable[..., APIClient]
) -> None:
    client = api("alice")
    client.get(address_of("changes"))

    def asked(query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address_of("changes"), {"query": query}).status_code == 200
        return len(queries)

    plain = asked("")
    with CaptureQueriesContext(connection) as queries:
        client.get(address_of("changes"))
    assert plain == len(queries)
    assert asked("is:open risk:low sort:scheduled") == plain
    assert asked("requester:@me,bob approver:alice service:billing-service team:payments,@me") == plain + 3


def test_help__of_a_list__has_the_same_for_a_script(held: datetime, browser_session: Sessions) -> None:
    session = browser_session("alice")
    for name, place in PLACES.items():
        command = session.get(place.address('is:open "it\'s" -x')).context["shown"].command
        words = shlex.split(command)
        assert words[3].endswith(address_of(name))
        assert words[-1] == "query=is:open it's -x"
    page = session.get(PLACES["changes"].address("risk:high"))
    assert "--data-urlencode query=risk:high" in page.content.decode()
    assert "--data-urlencode" not in session.get(PLACES["changes"].address("rsik:high")).content.decode()
