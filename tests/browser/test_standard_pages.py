from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def test_conventions__value_checked_without_scripts__the_rule_and_an_example_show(
    open_browser: OpenBrowser, look: Look
) -> None:
    page = open_browser("alice", scripts=False)
    page.goto("/conventions/")
    page.get_by_label("What it is").select_option("branch")
    page.get_by_label("Value", exact=True).fill("feature/user-auth")
    page.get_by_role("button", name="Check", exact=True).click()

    expect(page.get_by_role("status")).to_contain_text("After feature/ stands a ticket")
    looking = open_browser("alice")
    looking.goto(page.url)
    look(looking, "conventions")
