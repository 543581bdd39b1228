"""A release manager sees versions side by side, and walks a release through its phases and its checklist."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from changes.actions.approvals import approve_change
from changes.actions.content import edit_change
from changes.selectors.changes import get_change
from cybercube_portal.catalog.states import Stage
from releases.actions.outcomes import end_watch
from releases.models import Release
from tests.browser.hands import Hands
from tests.factories import changes as stories
from tests.factories import releases as lives
from tests.factories.deployments import deployed
from tests.factories.people import Cast
from tests.releases.working import work

pytestmark = pytest.mark.browser

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WORDS = ("All planned tickets completed", "Documentation updated", "Changelog reviewed")
Hold = Callable[[datetime], datetime]


@pytest.fixture
def held(people: Cast, now: datetime, clock_at: Hold) -> datetime:
    """v2.3.0 runs in production, v2.3.1 in development."""
    clock_at(now)
    deployed("v2.3.0", at=now - 9 * DAY)
    stories.artifact(stories.service(lives.SERVICE), lives.VERSION, at=now)
    lives.proved(at=now)
    lives.healthy("dev", at=now - HOUR)
    return now


def _completed(release: Release, people: Cast, now: datetime) -> None:
    change = get_change(release.change)
    filled: dict[str, Any] = {
        "answers": stories.NO_RISK,
        "impact": stories.NO_IMPACT,
        "rollback_plan": "Redeploy v2.3.0.",
        "scheduled_time": now + 26 * HOUR,
    }
    edit_change(number=change.number, version=change.version, changes=filled, actor=people.actor("alice"), now=now)


def test_release_manager__side_by_side_then_through_five_phases(
    people: Cast, held: datetime, clock_at: Hold, come: Callable[[str], Hands]
) -> None:
    alice = come("alice")
    alice.go("Services")
    alice.press(alice.link("Billing Service"))
    places = alice.page.get_by_role("region", name="Environments")
    for place, version in (("Development", "v2.3.1"), ("Production", "v2.3.0")):
        expect(places.locator("section").filter(has_text=place)).to_contain_text(version)

    alice.go("Releases")
    alice.press(alice.link("New release"))
    alice.choose(alice.field("Service"), lives.SERVICE)
    alice.write(alice.field("Version"), lives.VERSION)
    alice.press(alice.button("Open the release"))
    alice.is_at("billing-service v2.3.1")
    _stands_at(alice, 1)
    release = Release.objects.get()
    _completed(release, people, held)
    for item in WORDS:
        alice.press(alice.button(f"Tick {item}"))
        expect(alice.button(f"Untick {item}")).to_be_visible()
    alice.press(alice.button("Submit for approval"))
    alice.sees("Handed to its approvers.")
    _stands_at(alice, 2)

    approve_change(number=release.change, actor=people.actor("bob"), now=held)
    lives.healthy("stg", at=clock_at(held + HOUR))
    lives.proved(Stage.E2E, at=clock_at(held + 2 * HOUR))
    _look_again(alice)
    _stands_at(alice, 3)
    deployment = lives.healthy(at=clock_at(held + 26 * HOUR))
    clock_at(held + 26 * HOUR + 10 * MINUTE)
    _look_again(alice)
    _stands_at(alice, 4)
    alice.sees("What the next step needs")
    end_watch(reference=deployment.reference, now=clock_at(held + 27 * HOUR))
    _look_again(alice)
    _stands_at(alice, 5)
    alice.press(alice.link("Release notes"))
    alice.press(alice.button("Publish and announce"))
    alice.press(alice.link("billing-service v2.3.1"))
    alice.press(alice.button("Publish"))

    alice.sees("Released")
    assert Release.objects.get().state == "released"


def _look_again(alice: Hands) -> None:
    work("releases.follow_change", "releases.follow_artifact")
    alice.page.reload()


def _stands_at(alice: Hands, phase: int) -> None:
    current = alice.page.locator("[aria-current=step]")
    expect(current).to_contain_text(re.compile(rf"{phase}\."))
