"""A form that is left comes back as it was, on another device too, until it is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from changes.models import ChangeRequest
from cybercube_portal.people.models import UnsentForm
from tests.browser.hands import Keys
from tests.factories import changes as stories
from tests.factories.people import PASSWORD, Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]
NEW = "/changes/new/?type=normal"
DRAFT = "main button[name=save]"


def test_form__left_half_written__is_there_again_and_gone_once_sent(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    stories.service()
    page = open_browser("alice")
    alice, said = Keys(page), page.locator("#unsent-said")
    page.goto(NEW)
    alice.write(alice.field("Title"), "Half written")
    alice.tick(alice.field("billing-service · payments"))
    expect(said).to_contain_text("Kept at")
    # Whoever leaves before the pause is over loses nothing either.
    alice.write(alice.field("What changes, and why"), "Taxes")
    page.goto("/")
    alice.press(alice.link("Normal change: Half written"))

    phone = open_browser("alice", window="phone")
    phone.goto(NEW)
    for shown in (page, phone):
        expect(shown.get_by_label("Title")).to_have_value("Half written")
        expect(shown.get_by_label("What changes, and why")).to_have_value("Taxes")
        expect(shown.get_by_label("billing-service · payments")).to_be_checked()
    look(phone, "a form that was kept")

    # The phone goes on with it; the tab that is still open here keeps its own beside that.
    with phone.expect_response("**/unsent/"):
        phone.get_by_label("Title").fill("Written on the phone")
    expect(phone.locator("#unsent-said")).not_to_contain_text("Another tab")
    alice.write(alice.field("Title"), "Written here")
    expect(said).to_contain_text("Another tab kept this form")
    said.get_by_role("link", name="Open that one").press("Enter")
    expect(page.get_by_label("Title")).to_have_value("Written on the phone")
    said.get_by_role("button", name="Discard").press("Enter")
    expect(page.get_by_label("Title")).to_have_value("Written here")

    # Logged out in another tab: told here, and nothing typed is lost.
    Session.objects.all().delete()
    alice.write(alice.field("Title"), "Written later")
    expect(said).to_contain_text("you are logged out")
    with page.context.expect_page() as opened:
        said.get_by_role("link").press("Enter")
    tab = opened.value
    tab.locator("[name=username]").fill("alice")
    tab.locator("[name=password]").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Home")
    alice.write(alice.field("Title"), "Written last")
    expect(said).to_contain_text("Kept at")

    page.locator(DRAFT).press("Enter")
    alice.is_at("Written last")
    assert ChangeRequest.objects.get().services == ["billing-service"]
    assert not UnsentForm.objects.exists()
    page.goto(NEW)
    expect(page.get_by_label("Title")).to_have_value("")
