"""The board goes through its agenda, votes, and leaves with minutes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from changes.actions.cab import MeetingPlan, plan_meeting, vote_in_meeting
from changes.models import CabMeeting, ChangeRequest
from cybercube_portal import clock
from tests.browser.hands import Hands, Keys
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

BREAKING = {**stories.NO_RISK, "breaking_api": True}


def _tomorrow(people: Cast) -> CabMeeting:
    """Two breaking changes wait; product has voted on both already."""
    now = clock.now()
    stories.service()
    changes = [
        stories.in_review(now=now, title=title, answers=BREAKING) for title in ("Drop the v1 API", "Drop the v2 API")
    ]
    plan = MeetingPlan(title="Weekly CAB", scheduled_at=now + timedelta(days=1))
    meeting = plan_meeting(plan=plan, actor=people.actor("ivan"), now=now)
    for change in changes:
        for voter in ("carol", "dan"):
            vote_in_meeting(
                reference=meeting.reference, change=change.number, vote="approve", actor=people.actor(voter), now=now
            )
    return meeting


def test_cab__agenda_votes_and_minutes(people: Cast, come: Callable[[str], Hands]) -> None:
    _tomorrow(people)

    ivan = come("ivan")
    ivan.go("CAB")
    ivan.press(ivan.link("Weekly CAB").first)
    ivan.press(ivan.button("Open the meeting"))
    ivan.sees("In session")
    ivan.press(ivan.link("Drop the v1 API").first)
    ivan.is_at("Drop the v1 API")
    if isinstance(ivan, Keys):
        ivan.page.keyboard.press("ArrowRight")
        ivan.is_at("Drop the v2 API")
        ivan.page.keyboard.press("ArrowLeft")
        ivan.is_at("Drop the v1 API")
    ivan.write(ivan.field("Comment"), "Both clients have moved.")
    ivan.press(ivan.button("Approve as"))
    ivan.is_at("Drop the v2 API")
    ivan.write(ivan.field("Comment"), "One client still calls it.")
    ivan.press(ivan.button("Refuse"))
    ivan.is_at("Weekly CAB")
    ivan.press(ivan.button("Close the meeting"))
    ivan.write(ivan.field("More for the notes"), "Ask the clients first.")
    ivan.press(ivan.button("Close and keep the minutes"))

    ivan.sees("Closed", "One client still calls it.", "Ask the clients first.")
    ivan.press(ivan.link("Minutes"))
    expect(ivan.page).to_have_url(re.compile(r"/minutes\.md$"))
    ivan.sees("One client still calls it.")
    assert ChangeRequest.objects.get(title="Drop the v2 API").state == "rejected"


def test_print_pack__of_a_meeting__prints_its_items_and_nothing_of_the_portal(
    people: Cast, open_browser: Callable[..., Page]
) -> None:
    meeting = _tomorrow(people)

    page = open_browser("carol")
    page.goto(f"/cab/{meeting.reference}/")
    page.get_by_role("link", name="Print pack").click()
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Drop the v1 API")).to_be_visible()
    for part in (page.get_by_role("navigation", name="Main"), page.get_by_role("search"), page.locator("footer")):
        expect(part).to_be_hidden()
    assert page.pdf().startswith(b"%PDF")
