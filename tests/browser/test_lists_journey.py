from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cybercube_portal import clock
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def test_list__by_keyboard__asked_narrowed_by_a_chip_mended_and_saved(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    now = clock.now()
    stories.service()
    stories.draft(now=now, title="A draft about tax")
    stories.in_review(now=now, title="Tax rates", raised_to="high", by="bob")
    stories.draft(now=now, title="Something else")
    page = open_browser("alice")

    page.goto("/changes/")
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("tax requester:alcie")
    page.keyboard.press("Enter")
    mended = page.get_by_role("link", name="requester:alice").first
    mended.focus()
    look(page, "list query not understood")
    mended.press("Enter")
    expect(page.locator("#query")).to_have_value("tax requester:alice")
    expect(page.get_by_role("row")).to_have_count(2)

    page.get_by_role("link", name="requester:alice take away").press("Enter")
    page.get_by_role("link", name="High risk").press("Enter")
    expect(page.locator("#query")).to_have_value("tax risk:high")
    expect(page.get_by_role("link", name="Tax rates")).to_be_visible()
    look(page, "list narrowed by chips")

    page.get_by_role("link", name="Save this view").press("Enter")
    page.get_by_label("Name").press_sequentially("Risky taxes")
    page.get_by_label("Share it with my team").press("Space")
    page.keyboard.press("Enter")
    saved = page.get_by_role("link", name="Risky taxes")
    expect(saved).to_have_attribute("aria-current", "true")

    page.get_by_role("checkbox", name="CR-").press("Space")
    page.get_by_role("button", name="Comment").press("Enter")
    page.get_by_label("Comment").press_sequentially("Please wait for the audit.")
    look(page, "several changes")
    page.get_by_role("button", name="Comment 1").press("Enter")
    expect(page.get_by_role("heading", name="Commented on")).to_be_visible()
    look(page, "several changes done")
    page.goto("/views/")
    look(page, "saved views")
