"""POST gate/decisions/: from deny with reasons to allow, and back when a freeze opens; what is kept, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.actions.freezes import grant_exception
from changes.models import ChangeRequest, Freeze
from cybercube_portal.catalog.models import Artifact
from cybercube_portal.people.actions import revoke_grant
from cybercube_portal.people.models import ApiKey, Grant
from tests.factories import changes as story
from tests.factories import releases as lives
from tests.releases.asking import (
    DIGEST,
    OTHER_DIGEST,
    SERVICE,
    URL,
    VERSION,
    Ask,
    blocking,
    decisions,
    evaluations,
    prove,
)
from tests.releases.conftest import NAMED

Hold = Callable[[datetime], datetime]
NOT_PROMOTED = {"promotion.staging", "promotion.e2e"}


@pytest.mark.usefixtures("artifact")
def test_ask__as_a_change_ripens_and_a_freeze_opens__turns_from_deny_to_allow_and_back(
    ask: Ask, held: datetime, slot: datetime, clock_at: Hold, freeze_from: Callable[..., Freeze]
) -> None:
    nothing = ask()
    assert (nothing["decision"], blocking(nothing)) == ("deny", {"change.missing"})
    assert "token" not in nothing

    change = story.in_review(now=held, scheduled_time=slot, artifacts=(NAMED,))
    waiting = ask()
    assert waiting["decision"] == "wait"
    assert {"change.in_review", "approval.seat_open", "schedule.slot_not_open"} <= blocking(waiting)
    assert waiting["change"] == change.number

    approve_change(number=change.number, actor=story.actor("bob"), now=held)
    clock_at(slot)
    allowed = ask()
    assert (allowed["decision"], blocking(allowed)) == ("allow", set())
    assert allowed["digest"] == DIGEST
    assert allowed["token"].count(".") == 2

    freeze = freeze_from(slot + timedelta(minutes=5))
    clock_at(slot + timedelta(minutes=5))
    frozen = ask()
    assert (frozen["decision"], blocking(frozen)) == ("deny", {"freeze.covers_window"})
    assert frozen["next_allowed_at"] == "2026-01-15T13:05:00Z"
    [reason] = [reason for reason in frozen["reasons"] if reason["code"] == "freeze.covers_window"]
    assert (reason["section"], reason["details"]["freeze"]) == ("§6.5", freeze.reference)
    assert reason["who"] == ["Engineering manager", "VP Engineering", "CTO"]

    grant_exception(
        reference=freeze.reference, change=change.number, reason="Tax day", actor=story.actor("ivan"), now=slot
    )
    assert ask()["decision"] == "allow"


def test_ask__an_allow__names_everything_that_was_judged(
    ask: Ask, approved: ChangeRequest, slot: datetime, clock_at: Hold
) -> None:
    clock_at(slot)
    body = ask(environment="production", version="2.3.1", digest=DIGEST)
    assert body["environment"] == "prd"
    assert body["version"] == "v2.3.1"
    assert body["change"] == approved.number
    assert body["decided_at"] == "2026-01-15T12:00:00Z"
    assert body["valid_until"] == "2026-01-15T12:15:00Z"
    assert body["next_allowed_at"] is None
    assert body["summary"].startswith("**Allowed**: deploy billing-service v2.3.1 in prd under CR-")
    sections = {reason["section"] for reason in body["reasons"]}
    assert {"§1.2", "§1.3", "§3.1", "§4.2", "§6.1", "§6.3", "§6.5", "§6.6", "§8"} <= sections


@pytest.mark.usefixtures("approved")
def test_ask__every_answer__is_in_the_log_with_the_same_reasons(ask: Ask, slot: datetime, clock_at: Hold) -> None:
    clock_at(slot)
    run = {"provider": "github", "id": "17", "attempt": 2, "url": "https://ci.example.com/17"}
    body = ask(run=run, actor="alice")

    decision = decisions().get(pk=body["id"])
    [evaluation] = decision.evaluations.all()
    assert (decision.asked_by, decision.actor, decision.run) == ("ci-payments", "alice", run)
    assert decision.key_prefix == ApiKey.objects.get().prefix
    assert (evaluation.outcome, evaluation.reasons, evaluation.change) == ("allow", body["reasons"], body["change"])
    assert evaluation.digest == DIGEST


@pytest.mark.usefixtures("approved")
def test_log__by_any_hand__only_grows(ask: Ask, slot: datetime, clock_at: Hold) -> None:
    clock_at(slot)
    ask()
    for statement in (
        "UPDATE releases_gateevaluation SET outcome = 'allow'",
        "DELETE FROM releases_gateevaluation",
        "UPDATE releases_gatedecision SET service = 'x'",
        "DELETE FROM releases_gatedecision",
        "TRUNCATE releases_gatedecision, releases_gateevaluation",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.usefixtures("approved")
def test_ask__again_and_again__its_statements_alone_are_prepared(
    ask: Ask, slot: datetime, clock_at: Hold, browser_session: Callable[[str], Client]
) -> None:
    """A page's would be planned once for any values, and be a hundred times slower from then on."""
    clock_at(slot)
    alice = browser_session("alice")
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    for _ in range(5):
        ask()
        for page in ("/services/", "/changes/", "/"):
            alice.get(page)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        found = [statement for (statement,) in cursor.fetchall()]
    assert ["INSERT INTO releases_gateevaluation" in statement for statement in sorted(found, key=len)] == [True, False]


@pytest.mark.usefixtures("approved")
def test_ask__a_hundred_rules_deep__takes_two_statements(
    ask: Ask, slot: datetime, clock_at: Hold, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    clock_at(slot)
    ask()  # the first use of a key in a minute is noted
    with django_assert_num_queries(2):
        assert ask()["decision"] == "allow"
    with django_assert_num_queries(2):
        assert ask(digest=OTHER_DIGEST)["decision"] == "deny"
    with django_assert_num_queries(1):
        ask(dry_run=True)


@pytest.mark.usefixtures("approved")
def test_dry_run__allowed__keeps_nothing_and_gives_no_token(ask: Ask, slot: datetime, clock_at: Hold) -> None:
    clock_at(slot)
    body = ask(dry_run=True)
    assert (body["decision"], body["id"]) == ("allow", None)
    assert "token" not in body
    assert not decisions().exists()


@pytest.mark.usefixtures("approved")
def test_dry_run__at_another_moment__is_judged_then(ask: Ask, slot: datetime) -> None:
    assert ask(dry_run=True)["decision"] == "wait"
    assert ask(dry_run=True, at=slot.isoformat())["decision"] == "allow"
    after = ask(dry_run=True, at=(slot + timedelta(minutes=90)).isoformat())
    assert blocking(after) == {"schedule.slot_over"}


def test_ask__role_revoked_after_signing__no_longer_allows(
    ask: Ask, approved: ChangeRequest, slot: datetime, clock_at: Hold
) -> None:
    clock_at(slot)
    assert ask()["decision"] == "allow"
    grant = Grant.objects.get(user__username="bob", role="tech_lead")
    revoke_grant(grant_id=grant.pk, actor=story.actor("admin"), now=slot)
    again = ask()
    assert (again["decision"], blocking(again)) == ("wait", {"approval.seat_open"})
    assert again["change"] == approved.number


@pytest.mark.usefixtures("approved")
def test_ask__evidence_that_failed_since__is_the_latest_word(
    ask: Ask, artifact: Artifact, slot: datetime, clock_at: Hold
) -> None:
    clock_at(slot)
    prove(artifact, "scan", at=slot, status="failed", summary={"critical": 1, "high": 0})
    assert blocking(ask()) == {"evidence.failed"}
    prove(artifact, "scan", at=slot, summary={"critical": 0, "high": 0})
    assert ask()["decision"] == "allow"


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize("environment", ["dev", "stg", "staging"])
def test_ask__below_production__needs_no_change(ask: Ask, environment: str) -> None:
    body = ask(environment=environment)
    assert (body["decision"], body["change"]) == ("allow", None)


def test_ask__rollback_in_a_freeze__goes_through(
    ask: Ask, approved: ChangeRequest, slot: datetime, clock_at: Hold, freeze_from: Callable[..., Freeze]
) -> None:
    lives.healthy(at=slot)
    freeze_from(slot + timedelta(hours=1))
    clock_at(slot + timedelta(hours=1))
    assert ask(action="rollback")["decision"] == "allow"
    assert "freeze.covers_window" in blocking(ask())


@pytest.mark.usefixtures("artifact")
def test_ask__a_rollback_to_what_was_never_healthy_there__is_denied(ask: Ask) -> None:
    body = ask(action="rollback")
    assert (body["decision"], blocking(body)) == ("deny", {"rollback.target_not_proved"})


def test_ask__a_change_that_was_used__is_spent_unless_what_it_started_failed(
    ask: Ask, approved: ChangeRequest, slot: datetime, clock_at: Hold
) -> None:
    lives.broken(at=slot)
    clock_at(slot + timedelta(minutes=10))
    assert ask()["decision"] == "allow"
    lives.healthy(at=slot + timedelta(minutes=10))
    clock_at(slot + timedelta(minutes=20))
    assert "change.spent" in blocking(ask(change=approved.number))


@pytest.mark.usefixtures("approved")
def test_ask__while_another_deployment_runs_there__waits_for_it(ask: Ask, slot: datetime, clock_at: Hold) -> None:
    running = lives.started("stg", at=slot)
    clock_at(slot)
    waiting = ask(environment="stg")
    assert (waiting["decision"], blocking(waiting)) == ("wait", {"deployment.running"})
    [reason] = [one for one in waiting["reasons"] if one["code"] == "deployment.running"]
    assert reason["message"] == f"{running.reference} is running there."


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        ({"service": "nothing"}, {"service.unknown", "artifact.unregistered", "change.missing", *NOT_PROMOTED}),
        ({"environment": "qa"}, {"environment.unknown", "change.missing"}),
        ({"change": "CR-2026-0101-999"}, {"change.unknown"}),
        ({"version": "v9.9.9"}, {"artifact.unregistered", "change.missing", *NOT_PROMOTED}),
        ({"version": "latest", "environment": "stg"}, {"version.latest_outside_dev", "artifact.unregistered"}),
        ({"digest": OTHER_DIGEST}, {"artifact.digest_differs", "change.missing"}),
        ({"version": "v2.3.1-sha-ffffffff"}, {"artifact.unregistered", "change.missing", *NOT_PROMOTED}),
    ],
)
@pytest.mark.usefixtures("artifact")
def test_ask__what_nobody_knows__is_denied_with_its_reason(ask: Ask, members: dict[str, str], codes: set[str]) -> None:
    body = ask(**members)
    assert (body["decision"], blocking(body)) == ("deny", codes)


@pytest.mark.usefixtures("approved")
def test_ask__the_alias_of_a_version__is_that_version(ask: Ask, slot: datetime, clock_at: Hold) -> None:
    clock_at(slot)
    body = ask(version="v2.3.1-sha-a1b2c3d")
    assert (body["decision"], body["version"]) == ("allow", "v2.3.1")


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("action", ["configure", "scale"])
def test_ask__to_configure_or_scale__needs_no_version(ask: Ask, ci: APIClient, action: str) -> None:
    question = {"service": SERVICE, "environment": "prd", "action": action}
    body = ci.post(URL, question).json()
    assert blocking(body) == {"schedule.slot_not_open"}
    assert body["digest"] is None


@pytest.mark.usefixtures("approved")
def test_strict__anything_but_allow__is_403_with_the_same_members(
    ci: APIClient, slot: datetime, clock_at: Hold
) -> None:
    question = {"service": SERVICE, "version": VERSION, "environment": "prd"}
    refused = ci.post(f"{URL}?strict=1", question)
    body = refused.json()
    assert refused.status_code == 403
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (body["status"], body["code"], body["decision"]) == (403, "gate.waiting", "wait")
    assert {"id", "decided_at", "valid_until", "reasons", "next_allowed_at", "summary", "type", "title"} <= set(body)
    assert blocking(body) == {"schedule.slot_not_open"}
    assert evaluations().get(decision=body["id"]).outcome == "wait"

    clock_at(slot)
    assert ci.post(f"{URL}?strict=1", question).status_code == 201


@pytest.mark.usefixtures("approved")
def test_idempotency_key__sent_again__gives_the_first_answer_and_asks_once(
    ci: APIClient, slot: datetime, clock_at: Hold
) -> None:
    question = {"service": SERVICE, "version": VERSION, "environment": "prd"}
    clock_at(slot)
    first = ci.post(URL, question, headers={"Idempotency-Key": "a-1"})
    clock_at(slot + timedelta(minutes=1))
    again = ci.post(URL, question, headers={"Idempotency-Key": "a-1"})
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert decisions().count() == 1

    other = ci.post(URL, {**question, "environment": "stg"}, headers={"Idempotency-Key": "a-1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert ci.post(URL, question, headers={"Idempotency-Key": "a-2"}).json()["id"] != first.json()["id"]
