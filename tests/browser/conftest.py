"""A real Chromium on a real server. `browser_page(username, …)` opens pages as a member of the cast.

Playwright's synchronous half runs an event loop, in which Django refuses its database: everything a test writes is
written through `live` fixtures before a page is opened, or with DJANGO_ALLOW_ASYNC_UNSAFE as set here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

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
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
Theme = Literal["light", "dark"]

# Playwright's loop lives in this thread; Django would refuse every query beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the run; each test has contexts of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def people(transactional_db: None) -> Cast:
    """The cast, where the server's threads see it."""
    return build_cast()


@pytest.fixture
def open_browser(chromium: Browser, live_server: LiveServer, people: Cast) -> Iterator[Callable[..., Page]]:
    """`open_browser(username=None, theme="light", phone=False, scripts=True)`: a page of somebody logged in (None: a stranger)."""
    contexts: list[BrowserContext] = []

    def open_as(
        username: str | None = None, *, theme: Theme = "light", phone: bool = False, scripts: bool = True
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            color_scheme=theme,
            java_script_enabled=scripts,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        contexts.append(context)
        if username is not None:
            context.add_cookies([session_cookie(people, username, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield open_as
    for context in contexts:
        context.close()


def session_cookie(people: Cast, username: str, url: str) -> Any:
    """The cookie of a fresh session; tests of the log-in page itself type the password."""
    client = Client()
    client.force_login(people[username], backend="cybercube_portal.people.authentication.PersonBackend")
    return {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "url": url}


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Fails with every violation that axe finds on the page as it stands."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page)
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"

    return check


@pytest.fixture
def assert_fits() -> Callable[[Page], None]:
    """Fails when the page scrolls sideways."""

    def check(page: Page) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{page.url} is {wide} px wider than its window"

    return check


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Page, str], Path]:
    """`picture(page, name)`: the whole page as PNG, in $CYBERCUBE_TEST_PICTURES or the test's own folder."""
    folder = Path(os.environ.get("CYBERCUBE_TEST_PICTURES", tmp_path))

    def take(page: Page, name: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take
