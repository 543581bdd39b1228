from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from changes.actions.content import edit_change
from changes.models import ChangeRequest
from changes.states import ChangeState
from cybercube_portal import clock
from cybercube_portal.people.models import User
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def _fill_normal(page: Page) -> None:
    page.get_by_label("Title").fill("Deploy billing-service v2.3.1")
    page.get_by_label("What changes, and why").fill("Fix for EU tax calculation (CC-5678)")
    page.get_by_label("billing-service · payments").check()
    for question in page.locator(".question").all():
        question.get_by_label("No").check()
    for fold in ("Impact", "Way back"):
        page.locator("summary").filter(has=page.get_by_role("heading", name=fold)).click()
    for label in ("Impact on customers", "Downtime", "Impact on data"):
        page.get_by_label(label).fill("none")
    page.get_by_label("Rollback plan").fill("Revert to billing-service:v2.3.0")


@pytest.mark.parametrize("scripts", [True, False])
def test_normal_change__filed_by_alice_approved_by_bob_on_a_phone__page_shows_approved(
    scripts: bool, people: Cast, open_browser: OpenBrowser
) -> None:
    stories.service()

    alice = open_browser("alice", scripts=scripts)
    alice.goto("/changes/")
    alice.get_by_role("link", name="New change").click()
    alice.get_by_role("link", name="Normal change").click()
    _fill_normal(alice)
    alice.get_by_role("button", name="File and submit").click()
    expect(alice.locator(".page-title .state").first).to_have_text("In review")
    # Her own button stands there, and says why it does nothing.
    own = alice.get_by_role("button", name="Approve")
    expect(own).to_have_attribute("aria-disabled", "true")
    expect(alice.get_by_text("You requested this change and cannot sign it.")).to_be_visible()

    bob = open_browser("bob", scripts=scripts, window="phone")
    bob.goto(alice.url)
    bob.get_by_label("Comment on your signature").fill("Read it, looks right.")
    approve = bob.get_by_role("button", name="Approve as Engineer, 1 of 1")
    box = approve.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    approve.click()
    expect(bob.locator(".page-title .state").first).to_have_text("Approved")
    expect(bob.get_by_text("Read it, looks right.")).to_be_visible()
    assert ChangeRequest.objects.get().state == ChangeState.APPROVED


def test_outlook__a_risk_question_is_answered__says_level_seats_and_the_first_slot_without_sending_the_form(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    stories.service()
    now = clock.now()
    stories.freeze(now=now, title="Quarter end", starts_at=now, ends_at=now + timedelta(days=3))

    page = open_browser("alice")
    page.goto("/changes/new/?type=normal")
    page.get_by_label("billing-service · payments").check()
    page.get_by_role("group", name="Breaking API changes?").get_by_label("Yes").check()

    outlook = page.locator("#preview")
    expect(outlook.get_by_text("Critical risk", exact=True)).to_be_visible()
    expect(outlook.get_by_text("Engineering lead").first).to_be_visible()
    expect(outlook.get_by_text("It stands on the CAB's agenda")).to_be_visible()
    slot = page.locator("#slot")
    expect(slot).to_contain_text("Quarter end: no deployments")
    look(page, "a slot in a freeze")
    slot.get_by_role("button", name="Take it").press("Enter")
    expect(slot).to_contain_text("Nothing stands in the way at that time.")
    expect(page.get_by_label("Starts")).to_be_focused()
    # What is still asked for leads into its fold.
    outlook.get_by_role("link", name="There is no rollback plan.").press("Enter")
    expect(page.get_by_label("Rollback plan")).to_be_visible()
    assert not ChangeRequest.objects.exists()


def test_outlook__no_scripts__the_check_button_says_the_same_and_keeps_the_input(
    people: Cast, open_browser: OpenBrowser
) -> None:
    stories.service()

    page = open_browser("alice", scripts=False)
    page.goto("/changes/new/?type=normal")
    _fill_normal(page)
    page.get_by_role("group", name="Database schema changes?").get_by_label("Yes").check()
    page.get_by_role("button", name="Show what follows").click()

    expect(page.locator("#preview").get_by_text("High risk", exact=True)).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Deploy billing-service v2.3.1")
    assert not ChangeRequest.objects.exists()


def test_standard_change__a_condition_does_not_hold__nothing_filed_and_input_kept(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    stories.service()

    page = open_browser("alice")
    page.goto("/changes/new/?template=scale")
    page.get_by_label("billing-service · payments").check()
    page.get_by_label("Replicas").fill("5000")
    page.get_by_label("None of the seven risk questions applies").check()
    page.get_by_role("button", name="File and approve").click()

    expect(
        page.get_by_role("alert").get_by_text("The replicas are within the template's approved bounds.")
    ).to_be_visible()
    expect(page.get_by_label("Replicas")).to_have_value("5000")
    expect(page.get_by_label("billing-service · payments")).to_be_checked()
    assert not ChangeRequest.objects.exists()
    look(page, "standard-refused")


def test_form_error__keeps_everything_and_leads_to_the_field(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    stories.service()

    page = open_browser("alice")
    page.goto("/changes/new/?type=normal")
    _fill_normal(page)
    page.get_by_label("Title").fill("")
    page.get_by_label("Artifacts").fill("billing-service")
    page.get_by_role("button", name="File and submit").click()

    summary = page.get_by_role("alert")
    expect(summary.get_by_role("link", name="Title")).to_be_visible()
    expect(summary.get_by_role("link", name="Artifacts")).to_be_visible()
    expect(page.get_by_label("What changes, and why")).to_have_value("Fix for EU tax calculation (CC-5678)")
    expect(page.get_by_label("Artifacts")).to_have_value("billing-service")
    look(page, "normal-with-errors")


def test_approve__edited_since_it_was_read__refused_and_says_what_changed(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    stories.service()
    now = clock.now()
    change = stories.in_review(now=now)

    page = open_browser("bob")
    page.goto(f"/changes/{change.number}/")
    edits = {"rollback_plan": "Flip the flag back."}
    edit_change(
        number=change.number, version=change.version, changes=edits, actor=people.actor("alice"), now=clock.now()
    )
    page.get_by_label("Comment on your signature").fill("Read it.")
    page.get_by_role("button", name="Approve as Engineer, 1 of 1").click()

    expect(page.get_by_role("alert").get_by_text("Somebody else changed this since you opened it")).to_be_visible()
    expect(page.get_by_label("Comment on your signature")).to_have_value("Read it.")
    look(page, "approve-stale")
    page.get_by_role("button", name="Approve as Engineer, 1 of 1").click()
    expect(page.locator(".page-title .state").first).to_have_text("Approved")


def test_scheduled_time__exists_twice__asks_which(people: Cast, open_browser: OpenBrowser, look: Look) -> None:
    stories.service()
    User.objects.filter(username="alice").update(timezone="Europe/Berlin")
    year = timezone.now().year + 1
    autumn = {2026: "10-25", 2027: "10-31", 2028: "10-29"}[year]

    page = open_browser("alice")
    page.goto("/changes/new/?type=normal")
    _fill_normal(page)
    page.get_by_label("Starts").fill(f"{year}-{autumn}T02:30")
    page.get_by_role("button", name="Keep as a draft").click()

    which = page.get_by_role("group", name="Which of the two?")
    look(page, "time-exists-twice")
    which.get_by_label("CET").check()
    page.get_by_role("button", name="Keep as a draft").click()
    expect(page.locator(".page-title .state").first).to_have_text("Draft")
    assert f"{ChangeRequest.objects.get().scheduled_time:%H:%M}" == "01:30"


def test_change__somebody_else_approves_while_it_is_read__page_shows_and_says_it_and_keeps_what_is_typed(
    people: Cast, open_browser: OpenBrowser
) -> None:
    stories.service()
    change = stories.in_review(now=clock.now())
    alice, bob = open_browser("alice"), open_browser("bob")
    alice.goto(f"/changes/{change.number}/")
    alice.get_by_label("Add a comment").fill("Half a thou")
    bob.goto(f"/changes/{change.number}/")
    bob.get_by_role("button", name="Approve as Engineer, 1 of 1").click()
    expect(bob.locator("#change-badges")).to_contain_text("Approved")

    # What the page asks every ten seconds, asked now; the gate's panel asks again then.
    with alice.expect_response(lambda answer: "/gate/" in answer.url):
        alice.evaluate("htmx.trigger(document, 'visibilitychange')")

    expect(alice.locator("#change-badges")).to_contain_text("Approved")
    expect(alice.locator("#entries")).to_contain_text("approved as")
    expect(alice.locator("#live-said")).to_contain_text("Bob Baker approved as")
    expect(alice.get_by_label("Add a comment")).to_have_value("Half a thou")
