"""A release walks through its five phases by itself: its change and its deployments say where it stands (§5.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change, refuse_change
from changes.actions.changes import cancel_change, revise_change
from changes.actions.content import edit_change
from changes.selectors.changes import get_change
from cybercube_portal.catalog.states import Stage
from releases.actions import releases as actions
from releases.actions.checklist import tick_item
from releases.actions.deployments import finish_deployment
from releases.actions.outcomes import end_watch, pass_deployment
from releases.actions.release_content import ReleasePlan, open_release
from releases.models import Release
from tests.factories import changes as story
from tests.factories import releases as lives
from tests.factories.deployments import deployed
from tests.factories.people import Cast
from tests.releases.working import work

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FOLLOW = ("releases.follow_change", "releases.follow_artifact")
Hold = Callable[[datetime], datetime]


class Walk:
    """One release, told by what others do around it."""

    def __init__(self, cast: Cast, hold: Hold, *, now: datetime) -> None:
        self.alice, self.bob, self.hold, self.now = cast.actor("alice"), cast.actor("bob"), hold, now
        deployed("v2.3.0", at=now - timedelta(days=9))
        plan = ReleasePlan(service=lives.SERVICE, version=lives.VERSION)
        self.reference = open_release(plan=plan, actor=self.alice, now=now).reference
        change = get_change(self.release.change)
        filled: dict[str, Any] = {
            "answers": story.NO_RISK,
            "impact": story.NO_IMPACT,
            "rollback_plan": "Redeploy v2.3.0.",
            "scheduled_time": now + 26 * HOUR,
        }
        edit_change(number=change.number, version=change.version, changes=filled, actor=self.alice, now=now)

    @property
    def release(self) -> Release:
        return Release.objects.get(reference=self.reference)

    @property
    def state(self) -> str:
        """As it stands once the worker has done what was promised."""
        work(*FOLLOW)
        return str(self.release.state)

    def approved(self) -> Walk:
        """Submitted, signed, and every word given."""
        actions.submit_release(reference=self.reference, actor=self.alice, now=self.now)
        for item in ("tickets_completed", "documentation_updated", "changelog_reviewed"):
            tick_item(reference=self.reference, item=item, ticked=True, actor=self.alice, now=self.now)
        approve_change(number=self.release.change, actor=self.bob, now=self.now)
        return self

    def at(self, after: timedelta) -> datetime:
        return self.hold(self.now + after)


@pytest.fixture
def walk(cast: Cast, held: datetime, clock_at: Hold) -> Walk:
    story.artifact(story.service(lives.SERVICE), lives.VERSION, at=held)
    lives.proved(at=held)
    return Walk(cast, clock_at, now=held)


def test_release__of_a_good_version__walks_by_facts_to_its_publication(
    walk: Walk, api: Callable[..., APIClient]
) -> None:
    assert walk.state == "preparing"
    walk.approved()
    assert walk.state == "in_review"
    lives.healthy("stg", at=walk.at(HOUR))
    walk.hold(walk.now + 2 * HOUR)
    assert walk.state == "staging"
    lives.proved(Stage.E2E, at=walk.at(2 * HOUR))
    assert walk.state == "staged"
    slot = walk.at(26 * HOUR)
    deployment = lives.started(at=slot)
    assert deployment.release == walk.reference
    assert walk.state == "deploying"
    finish_deployment(reference=deployment.reference, status="succeeded", actor=walk.alice, now=slot + MINUTE)
    pass_deployment(reference=deployment.reference, observed_version=lives.VERSION, now=slot + 2 * MINUTE)
    assert walk.state == "monitoring"
    client = api("alice")
    address = f"/api/v1/releases/{walk.reference}/"
    early = client.post(f"{address}publish/", {}, format="json")
    assert {reason["code"] for reason in early.json()["reasons"]} == {"release.being_watched", "release.notes_missing"}
    assert client.get(address).json()["phase"] == "verify"
    end_watch(reference=deployment.reference, now=slot + 32 * MINUTE)
    assert client.get(address).json()["phase"] == "communicate"
    assert client.post(f"{address}notes/publish/", {}, format="json").status_code == 200
    published = client.post(f"{address}publish/", {}, format="json")
    assert (published.status_code, published.json()["state"]) == (200, "released"), published.content
    left = {row["item"] for row in published.json()["checklist"] if not row["done"]}
    assert left == {"flags_enabled", "cleanup_scheduled"}
    assert get_change(walk.release.change).state == "closed"


def test_release__whose_checklist_is_open__does_not_pass_the_gate(walk: Walk) -> None:
    walk.approved()
    tick_item(reference=walk.reference, item="changelog_reviewed", ticked=False, actor=walk.alice, now=walk.now)
    lives.staged(at=walk.at(HOUR))
    answer = lives.asked(at=walk.at(26 * HOUR))
    assert [reason.message for reason in answer.judgement.blockers] == ["Not ticked: Changelog reviewed."]


def test_release__that_fails_in_staging__is_prepared_again_and_a_retry_goes_on(walk: Walk) -> None:
    walk.approved()
    lives.broken("stg", at=walk.at(HOUR))
    assert walk.state == "preparing"
    lives.staged(at=walk.at(2 * HOUR))
    walk.at(3 * HOUR)
    assert walk.state == "staged"


def test_release__that_is_taken_back_from_production__ends_rolled_back_and_may_be_opened_again(walk: Walk) -> None:
    walk.approved()
    lives.staged(at=walk.at(HOUR))
    deployment = lives.healthy(at=walk.at(26 * HOUR))
    assert walk.state == "monitoring"
    lives.taken_back(deployment, to="v2.3.0", at=walk.at(26 * HOUR + 10 * MINUTE))
    assert walk.state == "rolled_back"
    again = open_release(
        plan=ReleasePlan(service=lives.SERVICE, version=lives.VERSION), actor=walk.alice, now=walk.at(27 * HOUR)
    )
    assert again.state == "preparing"


def test_release__whose_change_is_moved_by_hand__follows_it(walk: Walk) -> None:
    actions.submit_release(reference=walk.reference, actor=walk.alice, now=walk.now)
    number = walk.release.change
    refuse_change(number=number, actor=walk.bob, comment="No tests", now=walk.now)
    assert walk.state == "in_review"
    revise_change(number=number, actor=walk.alice, now=walk.now)
    assert walk.state == "preparing"
    actions.submit_release(reference=walk.reference, actor=walk.alice, now=walk.now)
    cancel_change(number=number, actor=walk.alice, now=walk.now)
    assert walk.state == "cancelled"


def test_release__whose_change_is_edited__ships_what_the_change_names(walk: Walk) -> None:
    story.service("search-api", team="search")
    change = get_change(walk.release.change)
    edit_change(
        number=change.number,
        version=change.version,
        changes={"release_type": "hotfix"},
        actor=walk.alice,
        now=walk.now,
    )
    assert walk.state == "preparing"
    assert walk.release.type == "hotfix"


def test_stage_and_deploy__said_by_a_person__wait_for_approval_and_checklist(
    walk: Walk, api: Callable[..., APIClient]
) -> None:
    client, address = api("alice"), f"/api/v1/releases/{walk.reference}/"
    assert client.post(f"{address}stage/", {}, format="json").json()["code"] == "state.move_not_possible"
    actions.submit_release(reference=walk.reference, actor=walk.alice, now=walk.now)
    assert client.post(f"{address}stage/", {}, format="json").json()["code"] == "release.not_approved"
    approve_change(number=walk.release.change, actor=walk.bob, now=walk.now)
    assert client.post(f"{address}stage/", {}, format="json").json()["state"] == "staging"
    lives.staged(at=walk.at(HOUR))
    assert walk.state == "staged"
    refused = client.post(f"{address}deploy/", {}, format="json").json()
    assert {reason["code"] for reason in refused["reasons"] if reason["outcome"] != "pass"} == {"release.checklist"}
    for item in ("tickets_completed", "documentation_updated", "changelog_reviewed"):
        tick_item(reference=walk.reference, item=item, ticked=True, actor=walk.alice, now=walk.now)
    assert client.post(f"{address}deploy/", {}, format="json").json()["state"] == "deploying"
