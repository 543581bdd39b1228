"""Migrations on their way through an environment (§9); production spends an allow of the gate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Delivery, Event, Intent
from releases.actions.migration_notices import remind_of_migration
from releases.models import Incident
from releases.policy.migration_checklist import ITEMS
from tests.factories import changes as story
from tests.factories import deployments
from tests.factories.catalog import artifact_body
from tests.factories.people import Cast
from tests.releases.asking import prove

FILE = "20260117120000_add_tax_rate_to_products.sql"
BODY: dict[str, Any] = {"service": "billing-service", "version": "v2.3.1", "environment": "stg", "filename": FILE}
CARRIED = [
    {
        "filename": FILE,
        "sql": "ALTER TABLE products ADD COLUMN tax_rate numeric;",
        "kind": "schema",
        "phase": "expand",
        "findings": [],
    }
]


@pytest.fixture
def alice(
    cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime], api: Callable[..., APIClient]
) -> APIClient:
    clock_at(now)
    row = story.artifact(story.service("billing-service"), "v2.3.1", at=now, migrations=CARRIED)
    for stage, summary in (("build", {}), ("test", {"coverage": 91.5}), ("scan", {"critical": 0, "high": 0})):
        prove(row, stage, at=now, summary=summary)
    return api("alice")


def planned(client: APIClient, **members: Any) -> str:
    answer = client.post("/api/v1/migrations/", {**BODY, **members}, format="json")
    assert answer.status_code == 201, answer.content
    return f"/api/v1/migrations/{answer.json()['id']}/"


def said(client: APIClient, address: str, verb: str, **body: Any) -> Any:
    return client.post(f"{address}{verb}/", body, format="json")


def test_migration__in_staging__goes_its_way_and_is_verified_at_once(alice: APIClient) -> None:
    address = planned(alice)
    tested = said(
        alice,
        address,
        "test",
        estimated_seconds=12,
        lock_impact="ACCESS EXCLUSIVE, 5 ms",
        rollback_tested=True,
        backup="nightly",
    )
    assert (tested.status_code, tested.json()["state"], tested.json()["estimated_seconds"]) == (200, "tested", 12)
    states = [said(alice, address, verb).json()["state"] for verb in ("run", "apply", "verify")]
    assert states == ["running", "applied", "verified"]
    shown = alice.get(address).json()
    assert (shown["kind"], shown["phase"], shown["moves"][0]["verb"]) == ("schema", "expand", "roll_back")
    assert [entry["verb"] for entry in shown["history"]] == [
        "migration.planned",
        "migration.tested",
        "migration.run",
        "migration.applied",
        "migration.verified",
    ]
    assert [row["id"] for row in alice.get("/api/v1/migrations/?environment=staging&state=verified").json()["results"]]


def test_migration__planned__knows_its_locks_and_its_page_shows_them(
    alice: APIClient, api: Callable[..., APIClient], client: Client, cast: Cast, now: datetime
) -> None:
    sql = "ALTER TABLE products ADD COLUMN rate numeric;\nCREATE INDEX rate ON products(rate);"
    files = [{"filename": FILE, "sql": sql}]
    built = artifact_body(version="v2.3.2", git_ref="refs/tags/v2.3.2", build_time=now.isoformat(), migrations=files)
    registered = api("ci-payments").post("/api/v1/artifacts/", built, format="json")
    assert registered.status_code == 201, registered.content

    shown = alice.get(planned(alice, version="v2.3.2")).json()

    assert shown["lock_impact"] == "ACCESS EXCLUSIVE for a moment, stops readers and writers (line 1)"
    client.force_login(cast["alice"], backend="cybercube_portal.people.authentication.PersonBackend")
    page = client.get(f"/migrations/{shown['id']}/").content.decode()
    assert "SHARE" in page
    assert "as long as the table is read" in page
    assert "CREATE INDEX CONCURRENTLY idx_users_email ON users(email);" in page
    assert '<li id="line-2">CREATE INDEX rate ON products(rate);</li>' in page
    assert 'href="#line-2"' in page


def test_migration__in_another_order__is_refused(alice: APIClient) -> None:
    address = planned(alice)
    for verb in ("run", "apply", "verify"):
        assert said(alice, address, verb).json()["code"] == "state.move_not_possible", verb
    assert said(alice, address, "roll_back", reason="x").status_code == 409
    assert said(alice, address, "abort", reason=" ").status_code == 400
    assert said(alice, address, "abort", reason="Not needed").json()["state"] == "aborted"
    planned(alice)


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"filename": "add_tax.sql"}, 422, "migration.filename"),
        ({"filename": "20260117120001_other.sql"}, 422, "migration.not_carried"),
        ({"version": "two"}, 422, "version.form"),
        ({"service": "nothing"}, 404, "service.unknown"),
        ({"release": "REL-999"}, 422, "release.unknown"),
        ({"change": "CR-2020-0101-001"}, 422, "change.unknown"),
        ({"environment": "moon"}, 400, "field.invalid_choice"),
    ],
)
def test_plan__of_what_means_nothing__is_refused(
    members: dict[str, Any], status: int, code: str, alice: APIClient
) -> None:
    answer = alice.post("/api/v1/migrations/", {**BODY, **members}, format="json")
    told = answer.json()
    assert answer.status_code == status, told
    assert code in {told["code"], *(error["code"] for error in told.get("errors", ()))}


FILL, DROP = "20260117130000_fill_tax_rate.sql", "20260117140000_drop_old_rate.sql"
# §9.3 "Renaming a column", phases 1, 2 and 4.
PHASES = [
    {**CARRIED[0], "filename": FILE, "phase": "expand"},
    {**CARRIED[0], "filename": FILL, "phase": "backfill", "kind": "data"},
    {**CARRIED[0], "filename": DROP, "phase": "contract"},
]


def tried(client: APIClient, **members: Any) -> str:
    address = planned(client, **members)
    assert said(client, address, "test").status_code == 200
    return address


def test_run__contract_before_its_backfill__is_refused_on_page_and_by_rest_until_both_ran_through(
    alice: APIClient, client: Client, cast: Cast, now: datetime
) -> None:
    story.artifact(story.service("billing-service"), "v2.4.0", at=now, migrations=PHASES)
    expand, drop = (tried(alice, version="v2.4.0", filename=name) for name in (FILE, DROP))

    refused = said(alice, drop, "run").json()
    assert refused["code"] == "migration.order"
    assert [name in refused["detail"] for name in (FILE, FILL)] == [True, True]
    client.force_login(cast["alice"], backend="cybercube_portal.people.authentication.PersonBackend")
    page = client.get(drop.replace("/api/v1", "")).content.decode()
    assert f"{FILL} (backfill)" in page
    assert "abort what nobody needs any more" in page
    for verb in ("run", "apply"):
        said(alice, expand, verb)
    assert FILL in said(alice, drop, "run").json()["detail"]
    filled = tried(alice, version="v2.4.0", filename=FILL)
    for verb in ("run", "apply"):
        assert said(alice, filled, verb).status_code == 200
    assert said(alice, drop, "run").json()["state"] == "running"
    # Elsewhere nothing ran yet.
    assert said(alice, tried(alice, version="v2.4.0", filename=DROP, environment="dev"), "run").status_code == 409


def test_phase__announced_before_the_artifact__is_raised_to_the_files_and_never_lowered(
    alice: APIClient, now: datetime
) -> None:
    early = planned(alice, version="v2.4.0", filename=DROP, phase="expand")
    story.artifact(story.service("billing-service"), "v2.4.0", at=now, migrations=[PHASES[2]])

    assert said(alice, early, "test").json()["phase"] == "contract"
    lowered = planned(alice, version="v2.4.0", filename=DROP, phase="expand", kind="data", environment="dev")
    assert {alice.get(lowered).json()[name] for name in ("phase", "kind")} == {"contract", "data"}


def test_plan__the_same_file_there_twice__is_a_conflict(alice: APIClient) -> None:
    planned(alice)
    answer = alice.post("/api/v1/migrations/", BODY, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "migration.exists")
    planned(alice, environment="prd")


def test_run__in_production_without_a_decision__is_refused(alice: APIClient) -> None:
    address = planned(alice, environment="prd")
    said(alice, address, "test")
    assert said(alice, address, "run").json()["code"] == "migration.decision_missing"


def test_run__in_production__spends_an_allow_for_migrate_and_is_watched_for_30_minutes(
    alice: APIClient, now: datetime, clock_at: Callable[[datetime], datetime], cast: Cast
) -> None:
    service = story.service("billing-service")
    staged(service, now)
    change = story.approved(
        now=now,
        answers={**story.NO_RISK, "database_schema": True},
        signers=("bob", "carol", "erin"),
        scheduled_time=now + timedelta(hours=26),
    )
    address = planned(alice, environment="prd", change=change.number)
    at = clock_at(now + timedelta(hours=26))
    question = {"service": "billing-service", "version": "v2.3.1", "environment": "prd", "action": "migrate"}
    unready = alice.post("/api/v1/gate/decisions/", {**question, "dry_run": True}, format="json").json()
    assert unready["decision"] == "deny"
    assert [row["message"] for row in unready["reasons"] if row["code"] == "migration.checklist"] == [
        f"Not ticked: {item.text} ({FILE})." for item in ITEMS
    ]
    said(alice, planned(alice), "test", estimated_seconds=12, lock_impact="none", rollback_tested=True)
    said(alice, address, "test", backup="nightly 2026-01-14")
    deploying = alice.post("/api/v1/gate/decisions/", {**question, "action": "deploy"}, format="json").json()
    answer = alice.post("/api/v1/gate/decisions/", question, format="json").json()
    assert answer["decision"] == "allow", [r for r in answer["reasons"] if r["outcome"] in {"fail", "pending"}]
    refused = said(alice, address, "run", decision=deploying["id"])
    assert refused.status_code == 409
    run = said(alice, address, "run", decision=answer["id"])
    assert (run.status_code, run.json()["state"], run.json()["decision"]) == (200, "running", answer["id"]), run.content
    at = clock_at(at + timedelta(seconds=12))
    applied = said(alice, address, "apply").json()
    assert (applied["state"], applied["ran_seconds"]) == ("applied", 12)
    early = said(alice, address, "verify")
    assert early.json()["code"] == "migration.being_watched"
    until = f"It is watched until {at + timedelta(minutes=30):%Y-%m-%d %H:%M} UTC."
    standing = {line["text"]: line for line in alice.get(address).json()["checklist"]}
    assert standing["Monitor for 30 minutes"]["shown_by"] == until
    assert [text for text, line in standing.items() if line["standing"] == "open"] == [
        "Monitor application errors",
        "Verify schema changes applied",
        "Verify application functioning",
        "Monitor for 30 minutes",
        "Document any issues",
    ]
    reminder = Intent.objects.get(kind="releases.remind_of_migration")
    assert reminder.not_before == at + timedelta(minutes=30)
    later = clock_at(at + timedelta(minutes=30))
    reference = address.split("/")[-2]
    assert remind_of_migration(reference=reference, now=later) == 2
    assert remind_of_migration(reference=reference, now=later) == 0
    assert set(Delivery.objects.filter(about=reference).values_list("target", flat=True)) == {
        "alice@example.com",
        "erin@example.com",
    }
    # What was noticed meanwhile is resolved, and told.
    incident = Incident.objects.create(
        reference="INC-7", service=service, environment="prd", title="5 %", source="person", detected_at=at
    )
    waiting = said(alice, address, "verify").json()
    assert (waiting["code"], "INC-7" in waiting["detail"]) == ("migration.incident_open", True)
    incident.resolve(at=later)
    incident.save()
    assert said(alice, address, "verify").json()["code"] == "migration.undocumented"
    verified = said(alice, address, "verify", note="One slow replica.").json()
    assert verified["state"] == "verified"
    assert {line["text"]: line["shown_by"] for line in verified["checklist"]}["Monitor application errors"] == (
        "Noticed and resolved: INC-7."
    )
    other = planned(alice, environment="dev")
    said(alice, other, "test")
    assert said(alice, other, "run", decision=answer["id"]).json()["code"] in {
        "decision.other_subject",
        "decision.spent",
    }
    assert Event.objects.filter(verb="migration.run").count() == 1


def staged(service: Any, at: datetime) -> None:
    """Healthy in staging, with its end-to-end tests passed."""
    row = service.artifacts.get(version="v2.3.1")
    deployments.deployed("v2.3.1", at=at, environment="stg", digest=row.digest)
    deployments.deployed("v2.3.0", at=at - timedelta(days=9))
    prove(row, "e2e", at=at, summary={})
