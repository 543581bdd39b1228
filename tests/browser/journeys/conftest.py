"""The people of ui.md section 1, each by keyboard alone with scripts and by thumb on a phone without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.hands import Hands, Keys, Thumb

OpenBrowser = Callable[..., Page]


@pytest.fixture(params=["keyboard", "phone"])
def come(request: pytest.FixtureRequest, open_browser: OpenBrowser) -> Callable[[str], Hands]:
    """`come("alice")`: somebody on the home page."""

    def arrive(username: str) -> Hands:
        by_keyboard = request.param == "keyboard"
        page = open_browser(username, scripts=by_keyboard, window="desktop" if by_keyboard else "phone")
        page.goto("/")
        return Keys(page) if by_keyboard else Thumb(page)

    return arrive
