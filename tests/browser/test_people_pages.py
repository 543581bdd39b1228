from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from cybercube_portal import clock
from cybercube_portal.people.actions import issue_key
from cybercube_portal.people.actors import OPERATOR
from tests.factories import changes as stories
from tests.factories.people import PASSWORD, Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def test_home__work_and_freezes__accessible_in_both_themes_and_on_a_phone(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    now = clock.now()
    stories.service()
    stories.in_review(now=now, raised_to="high")
    stories.in_review(
        now=now, title="Rotate the certificate of the payment provider's callback endpoint in all regions"
    )
    stories.approved(now=now, by="bob", signers=("alice",), title="Raise the log level of billing-service for a day")
    stories.draft(now=now, by="bob", title="Move invoices to the new storage")

    stories.freeze(now=now, title="Payment provider's maintenance", starts_at=now, ends_at=now + timedelta(hours=6))
    stories.freeze(
        now=now,
        title="Quarter end",
        kind="quarter_end",
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=5),
    )

    page = open_browser("bob")
    page.goto("/")
    expect(page.locator("#needs").get_by_text("Tech lead, 1 of 2")).to_be_visible()
    look(page, "home")


def test_log_in__by_keyboard__leads_where_one_was_going(open_browser: OpenBrowser, look: Look) -> None:
    page = open_browser()
    page.goto("/grants/")
    look(page, "log-in")
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Password").fill("not it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    look(page, "log-in-refused")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/grants/$"))


def test_profile__errors_in_both_forms__accessible_and_linked_to_their_fields(
    open_browser: OpenBrowser, look: Look
) -> None:
    page = open_browser("bob")
    page.goto("/profile/")
    look(page, "profile")
    page.get_by_label("Time zone").fill("Berlin")
    page.get_by_role("button", name="Save time zone").click()
    look(page, "profile-timezone-refused")
    page.get_by_role("alert").get_by_role("link", name="Time zone").click()
    expect(page.get_by_label("Time zone")).to_be_focused()
    expect(page.get_by_label("Time zone")).to_have_value("Berlin")


def test_issue_key__errors_then_a_key__accessible_and_copied(open_browser: OpenBrowser, look: Look) -> None:
    page = open_browser("bob")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/keys/issue/")
    page.get_by_role("button", name="Issue the key").click()
    look(page, "issue-key-refused")
    page.get_by_label("What it is for").fill("nightly report")
    page.get_by_role("button", name="Issue the key").click()
    look(page, "key-issued")
    text = page.locator("pre").first.text_content()
    page.get_by_role("button", name="Copy").first.click()

    assert text is not None
    assert page.evaluate("navigator.clipboard.readText()") == text.strip()


def test_keys_and_grants__rows_with_buttons__accessible_and_refusal_shown_on_top(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    now = clock.now()
    key, _ = issue_key(username="admin", actor=OPERATOR, now=now, name="dashboard", expires_at=now + timedelta(days=90))
    issue_key(username="admin", actor=OPERATOR, now=now, name="a script", scopes=["gate"], services=["billing-service"])
    page = open_browser("admin")
    page.goto("/keys/")
    stale = page.context.new_page()
    stale.goto("/keys/")
    page.get_by_role("button", name="Revoke dashboard").click()
    expect(page.get_by_role("status")).to_contain_text(f"ccp_{key.prefix}_… no longer works")
    stale.get_by_role("button", name="Revoke dashboard").click()
    look(stale, "keys-refused")
    page.goto("/grants/")
    page.get_by_text("Revoke Tech lead of Sybil Sato").click()
    look(page, "grants")
    page.locator("details[open]").get_by_label("Why").fill("left the team")
    page.locator("details[open]").get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Sybil Sato no longer holds the role Tech lead")


def test_every_form__without_javascript__works(open_browser: OpenBrowser) -> None:
    page = open_browser(scripts=False, window="phone")
    page.goto("/profile/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Save time zone").click()
    expect(page.get_by_role("status")).to_contain_text("Europe/Berlin")
    page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.parametrize(("system", "chosen", "shown"), [("light", "Dark", "dark"), ("dark", "Light", "light")])
def test_theme__chosen_against_the_system__holds_without_javascript(
    system: str, chosen: str, shown: str, open_browser: OpenBrowser
) -> None:
    page = open_browser("bob", scripts=False, theme=system)
    page.goto("/")
    before = page.locator("body").evaluate("element => getComputedStyle(element).backgroundColor")
    page.get_by_role("button", name=chosen).click()
    page.goto("/profile/")
    after = page.locator("body").evaluate("element => getComputedStyle(element).backgroundColor")

    assert before != after
    assert page.locator("html").get_attribute("data-scheme") == shown


def test_menus__opened__accessible_and_closed_by_escape(open_browser: OpenBrowser, look: Look) -> None:
    page = open_browser("bob", window="phone")
    page.goto("/people/")
    page.get_by_role("button", name="Menu", exact=True).click()
    look(page, "menu")
    page.get_by_role("button", name="Account menu").click()
    look(page, "account-menu")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Profile")).to_be_hidden()


def test_keyboard__from_the_top__skip_link_first_then_every_place(open_browser: OpenBrowser) -> None:
    page = open_browser("bob")
    page.goto("/people/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
