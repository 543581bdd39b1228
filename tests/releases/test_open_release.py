"""A release and the one change opened with it (§5.2, R16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.models import ChangeRequest
from changes.selectors.changes import get_change
from cybercube_portal import clock
from cybercube_portal.audit.models import Delivery, Event
from cybercube_portal.catalog.models import Artifact
from releases.models import Release
from tests.factories import changes as story
from tests.factories import deployments
from tests.factories.people import Cast

BODY: dict[str, Any] = {"service": "billing-service", "version": "v2.3.1"}
NO_RISK = story.NO_RISK


@pytest.fixture
def alice(held: datetime, api: Callable[..., APIClient], artifact: Artifact) -> APIClient:
    return api("alice")


def opened(client: APIClient, **members: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/releases/", {**BODY, **members}, format="json")
    assert answer.status_code == 201, answer.content
    shown: dict[str, Any] = answer.json()
    return shown


def complete(client: APIClient, number: str) -> None:
    """What only people know of the change."""
    etag = client.get(f"/api/v1/changes/{number}/")["ETag"]
    body = {
        "risk_assessment": {"answers": NO_RISK},
        "impact": story.NO_IMPACT,
        "rollback_plan": "Redeploy the version before.",
    }
    answer = client.patch(f"/api/v1/changes/{number}/", body, format="json", headers={"If-Match": etag})
    assert answer.status_code == 200, answer.content


def moves(shown: dict[str, Any]) -> dict[str, list[str]]:
    """Codes of what stands in the way, by verb."""
    return {move["verb"]: [reason["code"] for reason in move["reasons"]] for move in shown["moves"]}


def test_open__with_two_words__opens_one_draft_change_and_knows_its_type(alice: APIClient, held: datetime) -> None:
    shown = opened(alice)
    assert (shown["state"], shown["type"], shown["phase"]) == ("preparing", "patch", "prepare")
    assert [entry["version"] for entry in shown["artifacts"]] == ["v2.3.1"]
    change = get_change(shown["change"])
    assert (change.state, change.type, change.release, change.release_type) == (
        "draft",
        "normal",
        shown["id"],
        "patch",
    )
    assert change.scheduled_time == held + timedelta(days=2)
    assert change.estimated_duration == timedelta(minutes=30)
    assert (change.services, change.environments) == (["billing-service"], ["prd"])
    assert change.risk_answers["database_schema"] is False
    assert change.risk_answers["breaking_api"] is None
    assert ChangeRequest.objects.count() == 1
    assert Event.objects.filter(verb="release.opened", object_id=shown["id"]).count() == 1


def test_open__of_a_version_with_commits__drafts_what_its_change_says_and_answers(alice: APIClient) -> None:
    commits = [
        {"sha": letter * 10, "message": message, "committed_at": "2026-01-13T10:00:00+00:00"}
        for letter, message in (
            ("a", "fix(billing)!: round half cents up (CC-9)"),
            ("b", "chore(deps): address CVE-2026-1234"),
        )
    ]
    migration: dict[str, Any] = {
        "filename": "20260117120000_add_tax.sql",
        "sql": "",
        "kind": "schema",
        "phase": None,
        "findings": [],
    }
    service = story.service("ledger")
    story.artifact(service, "v1.0.0", at=clock.now(), commits=commits, migrations=[migration])
    shown = opened(alice, service="ledger", version="v1.0.0")
    change = get_change(shown["change"])
    assert change.description == (
        "Release ledger v1.0.0, a major release.\n\n"
        "### Fixed\n- **Breaking:** Round half cents up (CC-9)\n\n"
        "### Security\n- Address CVE-2026-1234"
    )
    told = {name: answer for name, answer in change.risk_answers.items() if answer is not None}
    assert told == {"database_schema": True, "breaking_api": True, "security": True}
    assert shown["migrations"] == ["20260117120000_add_tax.sql"]


@pytest.mark.parametrize(
    ("version", "before", "given", "found"),
    [
        ("v2.3.2", "v2.3.1", {}, "patch"),
        ("v2.4.0", "v2.3.1", {}, "minor"),
        ("v3.0.0", "v2.3.1", {}, "major"),
        ("v2.3.2", "v2.2.0", {}, "minor"),
        ("v2.3.2", "v2.3.1", {"type": "hotfix"}, "hotfix"),
        ("v2.0.0", None, {}, "major"),
        ("v1.3.0", None, {}, "minor"),
        ("v1.2.3", None, {}, "patch"),
    ],
)
def test_open__type_left_out__is_the_step_from_what_is_in_production(
    version: str, before: str | None, given: dict[str, str], found: str, alice: APIClient
) -> None:
    if before:
        deployments.deployed(before, at=clock.now() - timedelta(days=9))
    assert opened(alice, version=version, **given)["type"] == found


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"version": "v2.3.1-rc.1"}, "/version"),
        ({"version": "sha-1a2b3c4d"}, "/version"),
        ({"version": "two"}, "/version"),
        ({"type": "huge"}, "/type"),
        ({"changes": ["CR-1999-0101-001"]}, "/changes/0"),
        ({"migrations": ["add_things.sql"]}, "/migrations/0"),
        ({"artifacts": ["billing-service:v9.9.9"]}, "/artifacts/0"),
        ({"artifacts": ["nothing-known:v1.0.0"]}, "/services/1"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_open__with_something_wrong__is_refused_and_leaves_nothing(
    members: dict[str, Any], pointer: str, alice: APIClient
) -> None:
    answer = alice.post("/api/v1/releases/", {**BODY, **members}, format="json")
    assert answer.status_code in {400, 422}, answer.content
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.json()
    assert (Release.objects.count(), ChangeRequest.objects.count()) == (0, 0)


def test_open__a_version_twice__is_a_conflict(alice: APIClient) -> None:
    opened(alice)
    answer = alice.post("/api/v1/releases/", BODY, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "release.exists")


def test_submit__an_incomplete_change__is_refused_with_what_is_missing(alice: APIClient) -> None:
    shown = opened(alice)
    answer = alice.post(f"/api/v1/releases/{shown['id']}/submit/", {}, format="json")
    assert answer.status_code == 409
    missing = {reason["code"] for reason in answer.json()["reasons"] if reason["outcome"] != "pass"}
    assert missing == set(moves(shown)["submit"])
    assert missing == {"change.impact_missing", "change.rollback_plan_missing", "risk.question_open"}
    assert get_change(shown["change"]).state == "draft"


def test_submit__a_complete_change__is_with_its_approvers_and_on_call_is_told(
    alice: APIClient, held: datetime, cast: Cast
) -> None:
    shown = opened(alice)
    complete(alice, shown["change"])
    answer = alice.post(f"/api/v1/releases/{shown['id']}/submit/", {}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (200, "in_review"), answer.content
    assert get_change(shown["change"]).state == "in_review"
    told = set(Delivery.objects.filter(about=shown["id"]).values_list("target", flat=True))
    assert told == {"grace@example.com", "heidi@example.com"}
    assert item(answer.json(), "on_call_notified")["done"] is True
    approve_change(number=shown["change"], actor=cast.actor("bob"), now=held)
    assert alice.get(f"/api/v1/releases/{shown['id']}/").json()["state"] == "approved"
    assert [row["id"] for row in alice.get("/api/v1/releases/?state=approved").json()["results"]] == [shown["id"]]
    assert alice.get("/api/v1/releases/?state=in_review").json()["results"] == []


def test_edit__its_type__edits_its_change_and_wants_the_version_it_was_read_at(alice: APIClient) -> None:
    shown = opened(alice)
    address = f"/api/v1/releases/{shown['id']}/"
    assert alice.patch(address, {"type": "hotfix"}, format="json").status_code == 428
    stale = alice.patch(address, {"type": "hotfix"}, format="json", headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    etag = alice.get(address)["ETag"]
    answer = alice.patch(address, {"type": "hotfix"}, format="json", headers={"If-Match": etag})
    assert (answer.status_code, answer.json()["type"]) == (200, "hotfix"), answer.content
    assert get_change(shown["change"]).release_type == "hotfix"
    assert answer["ETag"] != etag


def test_cancel__a_release__cancels_its_change(alice: APIClient) -> None:
    shown = opened(alice)
    answer = alice.post(f"/api/v1/releases/{shown['id']}/cancel/", {"reason": "Not now"}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled"), answer.content
    assert get_change(shown["change"]).state == "cancelled"
    opened(alice)


def item(shown: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in shown["checklist"] if row["item"] == key)
    return found


def test_key__for_releases_alone__opens_edits_submits_and_cancels_the_release_with_its_change_but_no_other(
    alice: APIClient, api: Callable[..., APIClient], held: datetime
) -> None:
    keeper = api("alice", scopes=["releases"])
    shown = opened(keeper)
    url = f"/api/v1/releases/{shown['id']}/"
    for kind in ("minor", "patch"):
        edited = keeper.patch(url, {"type": kind}, format="json", headers={"If-Match": keeper.get(url)["ETag"]})
        assert (edited.status_code, get_change(shown["change"]).release_type) == (200, kind)
    other = f"/api/v1/changes/{story.draft(now=held).number}/cancel/"
    assert keeper.post(other, {"reason": "Not ours"}, format="json").status_code == 403
    complete(alice, shown["change"])
    submitted = keeper.post(f"{url}submit/", {}, format="json")
    assert submitted.status_code == 200, submitted.content
    assert get_change(shown["change"]).state == "in_review"
    assert keeper.post(f"/api/v1/changes/{shown['change']}/approve/", {}, format="json").status_code == 403
    assert keeper.post(f"{url}cancel/", {"reason": "Not now"}, format="json").status_code == 200
    assert get_change(shown["change"]).state == "cancelled"

    neither = api("alice", scopes=["changes"]).post("/api/v1/releases/", BODY, format="json")
    assert (neither.status_code, "releases" in neither.json()["detail"]) == (403, True)
