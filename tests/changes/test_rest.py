"""A change over REST: filed, read, edited, talked about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.actions.content import edit_change
from changes.models import ChangeRequest, Comment, ContentVersion
from changes.states import ChangeState
from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.states import MigrationKind
from tests.factories import changes as story

CHANGES = "/api/v1/changes/"
Client = Callable[..., APIClient]


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


def test_create__whole_proposal__answers_with_everything_a_page_shows(alice: APIClient, body: dict[str, Any]) -> None:
    answer = alice.post(CHANGES, body)

    assert answer.status_code == 201, answer.json()
    shown = answer.json()
    assert shown["number"] == "CR-2026-0114-001"
    assert shown["state"] == "draft"
    assert shown["environments"] == ["prd"]
    assert shown["artifacts"] == [{"service": "billing-service", "version": "v2.3.1", "digest": None}]
    assert shown["scheduled_time"] == "2026-01-15T12:00:00Z"
    assert shown["estimated_duration"] == "30m"
    assert shown["slot"] == {"start": "2026-01-15T12:00:00Z", "end": "2026-01-15T13:30:00Z"}
    assert shown["risk_assessment"]["level"] == "low"
    assert "No database changes" in shown["risk_assessment"]["factors"]
    assert shown["requester"] == {"username": "alice", "name": "Alice Arnold"}
    assert [(seat["label"], seat["state"]) for seat in shown["approvals"]["seats"]] == [("Engineer", "open")]
    assert [reason["code"] for reason in shown["blockers"]] == [
        "approval.seat_open",
        "artifact.unregistered",
        "schedule.slot_not_open",
    ]
    moves = {move["verb"]: move["allowed"] for move in shown["moves"]}
    assert moves == {"submit": True, "cancel": True}
    assert [event["verb"] for event in shown["history"]] == ["change.created"]
    assert answer.headers["ETag"] == '"1"'
    assert alice.get(f"{CHANGES}{shown['number']}").json() == shown


def test_create__iso_duration_digest_and_wall_time__read_as_meant(alice: APIClient, body: dict[str, Any]) -> None:
    digest = "sha256:" + "ab" * 32
    answer = alice.post(
        CHANGES,
        {
            **body,
            "artifacts": [{"service": "billing-service", "version": "2.3.1", "digest": digest}],
            "scheduled_time": {"local": "2026-07-01T14:00", "timezone": "Europe/London"},
            "estimated_duration": "PT1H30M",
        },
    )

    assert answer.status_code == 201, answer.json()
    assert answer.json()["artifacts"] == [{"service": "billing-service", "version": "v2.3.1", "digest": digest}]
    assert answer.json()["scheduled_time"] == "2026-07-01T13:00:00Z"
    assert answer.json()["estimated_duration"] == "1h30m"


def test_create__sent_twice_with_one_key__one_change(alice: APIClient, body: dict[str, Any]) -> None:
    first = alice.post(CHANGES, body, headers={"Idempotency-Key": "once"})
    again = alice.post(CHANGES, body, headers={"Idempotency-Key": "once"})

    assert first.json() == again.json()
    assert ChangeRequest.objects.count() == 1


def test_create__read_only_members_sent__change_nothing(alice: APIClient, body: dict[str, Any]) -> None:
    forged = {"state": "approved", "number": "CR-2020-0101-001", "version": 7, "approvals": {"complete": True}}
    shown = alice.post(CHANGES, {**body, **forged, "requester": {"username": "bob"}, "outcome": "successful"}).json()

    assert (shown["state"], shown["number"], shown["version"]) == ("draft", "CR-2026-0114-001", 1)
    assert shown["requester"]["username"] == "alice"
    assert shown["approvals"]["complete"] is False


def test_create__pipelines_key__files_but_never_signs(client_of: Client, held: datetime, body: dict[str, Any]) -> None:
    pipeline = client_of("ci-payments")
    number = pipeline.post(CHANGES, body).json()["number"]

    assert pipeline.post(f"{CHANGES}{number}/submit/").json()["state"] == "in_review"
    answer = pipeline.post(f"{CHANGES}{number}/approve/")
    assert (answer.status_code, answer.json()["code"]) == (403, "key.scope_missing")


def test_read__everything_that_stands_in_the_way__is_named(alice: APIClient, now: datetime) -> None:
    story.service("ledger", team="payments")
    change = story.in_review(now=now)
    other = story.in_review(now=now, by="oscar", services=("billing-service",), artifacts=(), rollback_version="")
    story.freeze(now=now, starts_at=change.scheduled_time, ends_at=change.scheduled_time + timedelta(days=1))
    story.window(
        now=now, starts_at=now - timedelta(days=1), ends_at=now, rule="FREQ=WEEKLY", services=("billing-service",)
    )

    shown = alice.get(f"{CHANGES}{change.number}/").json()

    assert {reason["code"] for reason in shown["blockers"]} == {
        "approval.seat_open",
        "artifact.unregistered",
        "schedule.slot_not_open",
        "window.closed",
        "freeze.covers_window",
        "conflict.overlaps",
    }
    assert all(reason["message"] and reason["remedy"] and reason["section"] for reason in shown["blockers"])
    assert [(conflict["number"], conflict["kind"]) for conflict in shown["conflicts"]] == [
        (other.number, "same_service")
    ]


def test_read__nobody_signed_in__401(client_of: Client, held: datetime) -> None:
    change = story.draft(now=held)
    answer = APIClient().get(f"{CHANGES}{change.number}/")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication.required")


def test_read__no_such_change__404_naming_it(alice: APIClient) -> None:
    answer = alice.get(f"{CHANGES}CR-2020-0101-001/")
    assert (answer.status_code, answer.json()["code"]) == (404, "change.unknown")


def test_edit__with_the_version_read__written_and_version_raised(alice: APIClient, now: datetime) -> None:
    change = story.in_review(now=now)
    answer = alice.patch(
        f"{CHANGES}{change.number}/",
        {"description": "Another text", "impact": {"customers": "five minutes of delay"}},
        headers={"If-Match": '"1"'},
    )

    assert answer.status_code == 200, answer.json()
    shown = answer.json()
    assert (shown["version"], answer.headers["ETag"]) == (2, '"2"')
    assert shown["description"] == "Another text"
    assert shown["impact"] == {"customers": "five minutes of delay", "downtime": "none", "data": "none"}
    edited = next(event for event in shown["history"] if event["verb"] == "change.edited")
    assert {"field": "description", "before": change.description, "after": "Another text"} in edited["changes"]


def test_edit__one_answer__others_stand_and_risk_rises(alice: APIClient, now: datetime) -> None:
    change = story.draft(now=now)
    answers = {"answers": {"database_schema": True}}
    shown = alice.patch(f"{CHANGES}{change.number}/", {"risk_assessment": answers}, headers={"If-Match": '"1"'}).json()

    assert shown["risk_assessment"]["level"] == "high"
    assert shown["risk_assessment"]["answers"]["security"] is False
    assert [seat["label"] for seat in shown["approvals"]["seats"]] == ["Tech lead", "Product", "DBA"]


def test_edit__what_was_read_sent_back_whole__nothing_material_changes(alice: APIClient, now: datetime) -> None:
    change = story.half_signed(now=now)
    read = alice.get(f"{CHANGES}{change.number}/")

    answer = alice.patch(f"{CHANGES}{change.number}/", read.json(), headers={"If-Match": read.headers["ETag"]})

    assert answer.status_code == 200, answer.json()
    assert answer.json()["approvals"] == read.json()["approvals"]
    assert ContentVersion.objects.filter(change=change).count() == 1


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "precondition.required"),
        ({"If-Match": "*"}, 428, "precondition.required"),
        ({"If-Match": '"7"'}, 412, "request.stale"),
    ],
)
def test_edit__without_the_version_read__refused(
    alice: APIClient, now: datetime, headers: dict[str, str], status: int, code: str
) -> None:
    change = story.draft(now=now)
    answer = alice.patch(f"{CHANGES}{change.number}/", {"title": "Mine"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ChangeRequest.objects.get().title == change.title


def test_edit__somebody_was_faster__412_and_theirs_stands(alice: APIClient, now: datetime) -> None:
    change = story.draft(now=now)
    etag = alice.get(f"{CHANGES}{change.number}/").headers["ETag"]
    edit_change(number=change.number, version=1, changes={"title": "Theirs"}, actor=story.actor("bob"), now=now)

    answer = alice.patch(f"{CHANGES}{change.number}/", {"title": "Mine"}, headers={"If-Match": etag})

    assert answer.status_code == 412
    assert ChangeRequest.objects.get().title == "Theirs"


def test_edit__approved_change__refused_with_the_way_out(alice: APIClient, now: datetime) -> None:
    change = story.approved(now=now)
    answer = alice.patch(f"{CHANGES}{change.number}/", {"description": "x"}, headers={"If-Match": '"1"'})

    assert (answer.status_code, answer.json()["code"]) == (409, "change.content_is_settled")
    assert "Revise" in answer.json()["reasons"][0]["remedy"]


def test_edit__by_another_team__403(client_of: Client, held: datetime) -> None:
    change = story.draft(now=held)
    answer = client_of("oscar").patch(f"{CHANGES}{change.number}/", {"title": "x"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 403


def test_submit__data_migration_registered_since__risk_is_assessed_again(alice: APIClient, now: datetime) -> None:
    change = story.draft(now=now)
    assert change.risk_level == "low"
    story.artifact(
        story.service("billing-service"),
        at=now,
        migrations=[
            {
                "filename": "1.sql",
                "sql": "UPDATE x SET y = 1",
                "kind": MigrationKind.DATA,
                "phase": None,
                "findings": [],
            }
        ],
    )

    shown = alice.post(f"{CHANGES}{change.number}/submit/").json()

    assert (shown["state"], shown["risk_assessment"]["level"]) == ("in_review", "critical")
    labels = {seat["label"] for seat in shown["approvals"]["seats"]}
    assert labels == {"Engineering lead", "Product", "Ops", "DBA"}


def test_approve__artifact_registered_since_makes_it_riskier__refused_until_revised(
    client_of: Client, held: datetime
) -> None:
    change = story.in_review(now=held)
    story.artifact(
        story.service("billing-service"),
        at=held,
        commits=[{"sha": "a1b2c3d", "message": "feat!: drop v1", "committed_at": held.isoformat()}],
    )
    bob = client_of("bob")

    answer = bob.post(f"{CHANGES}{change.number}/approve/")

    assert (answer.status_code, answer.json()["code"]) == (409, "risk.outdated")
    assert "risk.outdated" in {reason["code"] for reason in bob.get(f"{CHANGES}{change.number}/").json()["blockers"]}


def test_comment__said__shown_and_recorded(alice: APIClient, client_of: Client, now: datetime) -> None:
    change = story.draft(now=now)
    answer = alice.post(f"{CHANGES}{change.number}/comments/", {"body": " Who is on call? "})

    assert answer.status_code == 201
    assert answer.json()["body"] == "Who is on call?"
    assert answer.json()["author"] == {"username": "alice", "name": "Alice Arnold"}
    listed = client_of("kim").get(f"{CHANGES}{change.number}/comments/").json()["results"]
    assert listed == [answer.json()]
    assert Event.objects.filter(verb="change.commented", object_id=change.number).count() == 1


def test_comment__empty__refused(alice: APIClient, now: datetime) -> None:
    change = story.draft(now=now)
    answer = alice.post(f"{CHANGES}{change.number}/comments/", {"body": "  "})
    assert answer.status_code == 400
    assert not Comment.objects.exists()


def test_history__whole_life__reads_in_order(client_of: Client, held: datetime) -> None:
    change = story.approved(now=held)
    assert change.state == ChangeState.APPROVED
    shown = client_of("kim").get(f"{CHANGES}{change.number}/").json()

    verbs = [event["verb"] for event in shown["history"]]
    assert verbs == ["change.created", "change.submitted", "change.signed", "change.approved"]
    assert [event["actor"]["id"] for event in shown["history"]] == ["alice", "alice", "bob", "bob"]
