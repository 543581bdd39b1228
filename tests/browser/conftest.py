"""A real Chromium on a real server.

`open_browser("bob")` is a page of somebody logged in, `look(page, "name")` what every page has to stand: axe in both themes and on a
phone, no sideways scroll at any width, and pictures for whoever wants to see (CYBERCUBE_TEST_PICTURES names the folder).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from pytest_django.live_server_helper import LiveServer

from tests.browser.standing import DESKTOP, PHONE, axe_faults, order, picture, sideways, wear
from tests.factories.people import Cast, build_cast

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WINDOWS = {"desktop": DESKTOP, "phone": PHONE}
WIDTHS = (360, 480, 700, 768, 961, 1024, 1280)

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the run; each page has a context of its own."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop lives in the tests' thread, and beside a loop Django refuses its database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def people(chromium: Browser, transactional_db: None) -> Cast:
    """The cast, where the server's threads see it."""
    cache.clear()
    return build_cast()


@pytest.fixture
def open_browser(chromium: Browser, live_server: LiveServer, people: Cast) -> Iterator[OpenBrowser]:
    """`open_browser(username=None, scripts=True, theme="light", window="desktop")`; without a name, a stranger."""
    contexts: list[BrowserContext] = []

    def open_as(
        username: str | None = None, *, scripts: bool = True, theme: Any = "light", window: str = "desktop"
    ) -> Page:
        width, height = WINDOWS[window]
        context = chromium.new_context(
            base_url=live_server.url,
            color_scheme=theme,
            java_script_enabled=scripts,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        contexts.append(context)
        if username is not None:
            context.add_cookies([_session_cookie(people, username, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(15_000)
        return page

    yield open_as
    for context in contexts:
        for page in context.pages:
            _until_answered(page)
        # A form that is left unsent would still be kept, while the next test empties the tables.
        context.set_offline(True)
        context.close()


@pytest.fixture
def look() -> Look:
    """`look(page, name)`: fails with everything axe finds, whatever breaks the order of a page, and every pixel of sideways scroll."""

    def inspect(page: Page, name: str) -> None:
        found = []
        for theme, size in (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)):
            worn = wear(page, theme=theme, size=size)
            picture(page, f"{name}-{worn}")
            faults = axe_faults(page, others=theme != "dark")
            found += [f"{worn}: {fault}" for fault in faults]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": PHONE[1]})
            found += [f"{width} px: {fault}" for fault in sideways(page)]
        found += order(page)
        assert not found, "\n".join([page.url, *found])

    return inspect


def _until_answered(page: Page) -> None:
    """What a page still asks for holds on to the database that the next test empties."""
    with suppress(PlaywrightError):
        page.wait_for_load_state()
        page.wait_for_function("document.querySelector('.htmx-request') === null", timeout=5_000)


def _session_cookie(people: Cast, username: str, url: str) -> Any:
    """Of a fresh session; the test of the log-in page itself types the password."""
    client = Client()
    client.force_login(people[username], backend="cybercube_portal.people.authentication.PersonBackend")
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}
