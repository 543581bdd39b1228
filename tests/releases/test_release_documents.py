"""Changelog and notes of a release: drafted from commits, written by people, published and announced (§5.4, §5.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.models import Artifact
from releases.policy.notes import SECTIONS
from tests.factories import changes as story
from tests.factories import deployments
from tests.factories.notices import mails_of
from tests.factories.people import Cast

SERVICE = "billing-service"


def commit(sha: str, message: str) -> dict[str, str]:
    return {"sha": sha * 10, "message": message, "committed_at": "2026-01-13T10:00:00+00:00"}


TAX = commit("a", "fix(billing): correct tax calculation for EU customers\n\nFixes CC-5678")
RETRY = commit("b", "feat(webhooks): add webhook retry configuration (CC-1236)")
OLD = commit("c", "feat: add what is in production already")


@pytest.fixture
def alice(
    cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime], api: Callable[..., APIClient]
) -> APIClient:
    clock_at(now)
    service = story.service(SERVICE)
    story.artifact(service, "v2.2.0", at=now, commits=[OLD])
    story.artifact(service, "v2.3.0", at=now, commits=[OLD, RETRY])
    story.artifact(service, "v2.3.1", at=now, commits=[RETRY, TAX, commit("d", "Merge branch 'main'")])
    deployments.deployed("v2.2.0", at=now - timedelta(days=9))
    return api("alice")


@pytest.fixture
def address(alice: APIClient) -> str:
    opened = alice.post("/api/v1/releases/", {"service": SERVICE, "version": "v2.3.1"}, format="json")
    assert opened.status_code == 201, opened.content
    return f"/api/v1/releases/{opened.json()['id']}"


def get(client: APIClient, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_changelog__nobody_wrote__tells_what_production_does_not_have_yet(alice: APIClient, address: str) -> None:
    found = get(alice, f"{address}/changelog/")
    assert found["markdown"] == (
        "## [2.3.1] - 2026-01-16\n\n"
        "### Added\n- Webhook retry configuration (CC-1236)\n\n"
        "### Fixed\n- Correct tax calculation for EU customers (CC-5678)\n"
    )
    assert (found["drafted"], found["unread"]) == (True, ["Merge branch 'main'"])
    assert list(found["groups"]) == ["Added", "Fixed"]


def test_changelog__written__is_kept_without_its_heading_and_has_to_be_reviewed_again(
    alice: APIClient, address: str
) -> None:
    ticked = {"item": "changelog_reviewed", "ticked": True}
    assert alice.post(f"{address}/checklist/", ticked, format="json").status_code == 200
    assert get(alice, f"{address}/changelog/")["drafted"] is False
    wanted = "## [2.3.1] - 2026-01-16\n\n### Fixed\n- Taxes of the EU (CC-5678)\n"
    answer = alice.put(f"{address}/changelog/", {"markdown": wanted}, format="json")
    assert (answer.status_code, answer.json()["markdown"], answer.json()["drafted"]) == (200, wanted, False)
    assert "changelog_reviewed" not in done(get(alice, f"{address}/"))
    assert Event.objects.filter(verb="release.changelog_edited").count() == 1
    back = alice.put(f"{address}/changelog/", {"markdown": ""}, format="json")
    assert back.json()["drafted"] is True


def test_changelog__written_over_somebody_elses__is_refused(alice: APIClient, address: str) -> None:
    stale = alice.put(f"{address}/changelog/", {"markdown": "x"}, format="json", headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    etag = alice.get(f"{address}/changelog/")["ETag"]
    fresh = alice.put(f"{address}/changelog/", {"markdown": "x"}, format="json", headers={"If-Match": etag})
    assert fresh.status_code == 200


def test_notes__drafted_edited_and_published__are_announced_once_and_stay(
    alice: APIClient, address: str, cast: Cast
) -> None:
    found = get(alice, f"{address}/notes/")
    assert (found["drafted"], found["missing_sections"], found["published_at"]) == (True, [], None)
    assert all(f"## {title}" in found["markdown"] for title in SECTIONS)
    assert "**Type:** Patch Release" in found["markdown"] or "**Type:** Minor Release" in found["markdown"]
    edited = alice.put(
        f"{address}/notes/", {"markdown": "# Release Notes: v2.3.1\n\n## Highlights\n\nTaxes."}, format="json"
    )
    assert (edited.status_code, "Known Issues" in edited.json()["missing_sections"]) == (200, True)
    again = alice.post(f"{address}/notes/draft/", {}, format="json")
    assert again.json()["missing_sections"] == []
    published = alice.post(f"{address}/notes/publish/", {}, format="json")
    assert published.status_code == 200, published.content
    assert published.json()["published_at"] is not None
    assert {"notes_published", "team_notified"} <= done(get(alice, f"{address}/"))
    told = mails_of("notes_published")
    assert {"alice@example.com", "bob@example.com", "carol@example.com"} <= set(told.values_list("target", flat=True))
    assert "Correct tax calculation" in told.first().payload["body"]  # type: ignore[union-attr]
    twice = alice.post(f"{address}/notes/publish/", {}, format="json")
    assert (twice.status_code, twice.json()["code"]) == (409, "notes.published_already")


def test_notes__of_what_was_cancelled__are_not_published(alice: APIClient, address: str) -> None:
    alice.post(f"{address}/cancel/", {}, format="json")
    answer = alice.post(f"{address}/notes/publish/", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "notes.nothing_to_tell")


def test_notes__by_another_team__are_not_touched(alice: APIClient, address: str, api: Callable[..., APIClient]) -> None:
    assert api("oscar").put(f"{address}/notes/", {"markdown": "x"}, format="json").status_code == 403
    assert api("oscar").post(f"{address}/notes/publish/", {}, format="json").status_code == 403


@pytest.mark.usefixtures("alice")
def test_changelog__of_a_first_version__tells_its_own_commits(now: datetime, api: Callable[..., APIClient]) -> None:
    row = story.service("ledger")
    Artifact.objects.filter(service=row).count()
    story.artifact(row, "v1.0.0", at=now, commits=[TAX])
    opened = api("alice").post("/api/v1/releases/", {"service": "ledger", "version": "v1.0.0"}, format="json").json()
    assert "Correct tax" in get(api("alice"), f"/api/v1/releases/{opened['id']}/changelog/")["markdown"]


def done(shown: dict[str, Any]) -> set[str]:
    return {row["item"] for row in shown["checklist"] if row["done"]}
