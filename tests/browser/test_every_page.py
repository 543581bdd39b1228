"""Every page there is (routes.csv) as somebody who may open it, and every form on it sent empty and sent with nonsense.

The portal itself is asked for each in a language of brackets: a word outside of them was never offered to a translator.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page
from pytest_django.fixtures import Settings

from cybercube_portal.api.problems import is_for_programs
from tests.architecture.matrix import READING_ROOM, ROWS, Row
from tests.architecture.pseudo import LANGUAGE, Typed, speak_brackets, untranslated
from tests.architecture.world import PERSONS, World, build
from tests.browser.forms import Sender
from tests.browser.standing import AXE, DESKTOP, PHONE, axe_faults, listening, order, picture, sideways, wear
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

OpenBrowser = Callable[..., Page]

PARTS = 4
HEAVIEST, MOST_QUERIES = 300_000, 12
STRANGER = "stranger"
SENDS = {row.route: row for row in ROWS if row.method == "POST"}
# The API's own page is drawn by Swagger UI, not by us.
OPENED = [
    row for row in ROWS if row.method == "GET" and "open" in row.cells.values() and not is_for_programs(f"/{row.route}")
]


def visitor(row: Row) -> str:
    """Who may open it; if anybody of those may also send its form, one who may."""
    if row.cells[STRANGER] == "open":
        return STRANGER
    may = [name for name in PERSONS if row.cells[name] == "open"] or ["client"]
    sends = SENDS.get(row.route, row)
    return next((name for name in may if sends.cells[name] == "open"), may[0])


@pytest.fixture
def world(
    people: Cast,
    now: datetime,
    clock_at: Callable[[datetime], datetime],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    settings.RATES = {"api": 0, "gate": 0}
    speak_brackets(settings, monkeypatch)
    return build(people, now=clock_at(now))


# What a form keeps of what the tour types (test_unsent.py) would be counted among the faults of the next page.
KEEPS_NOTHING = """const portal = window.fetch;
window.fetch = (address, ...more) =>
  String(address).endsWith("/unsent/") ? Promise.resolve(new Response("")) : portal(address, ...more);"""


class Tour:
    """Opens one address after another, each person in a browser of their own, and keeps what is wrong."""

    def __init__(self, world: World, open_browser: OpenBrowser) -> None:
        self.world = world
        self.open_browser = open_browser
        self.browsers: dict[str, Page] = {}
        self.opened: set[str] = set()
        self.sent: set[str] = set()
        self.typed = Typed()
        self.faults: list[str] = []

    def visit(self, row: Row) -> None:
        """Open the page that answers, by itself and in Chromium, and send its forms. What answers with no page is passed over."""
        name, path = visitor(row), row.path(self.world)
        answer, queries = self._ask(name, path)
        if answer.status_code == HTTPStatus.FOUND:
            path = answer.headers["Location"].partition("#")[0]
            answer, queries = self._ask(name, path)
        known = path.partition("?")[0] in self.opened
        if known or answer.streaming or not answer.content.lstrip()[:9].lower().startswith(b"<!doctype"):
            answer.close()
            return
        self.opened.add(path.partition("?")[0])
        if name not in self.browsers:
            self.browsers[name] = self.open_browser(None if name == STRANGER else name)
            for script in (KEEPS_NOTHING, AXE):
                self.browsers[name].add_init_script(script)
        found = [] if len(answer.content) < HEAVIEST else [f"{len(answer.content)} bytes"]
        found += [] if queries <= MOST_QUERIES or row.route.startswith(READING_ROOM) else [f"{queries} queries"]
        found += [f"not translated: {text}" for text in self._english(answer.content.decode(), row)]
        found += look_at(self.browsers[name], path)
        found += Sender(self.browsers[name], self.world, name, self.sent).send_all(path)
        self.faults += [f"{path} ({row.route}) as {name}: {fault}" for fault in found]

    def _english(self, page: str, row: Row) -> list[str]:
        """What of the page does not go through gettext. Django's own reading room is left to Django."""
        if row.route.startswith(READING_ROOM):
            return []
        found = list(untranslated(page, self.typed))
        if found:
            # A form that was sent may have added to what people wrote.
            self.typed = Typed()
        return list(untranslated(page, self.typed)) if found else []

    def _ask(self, name: str, path: str) -> tuple[Any, int]:
        """The answer, and how many queries it cost beside those that fill a cache for others too."""
        client = self.world.client(name, for_programs=False)
        with CaptureQueriesContext(connection) as first:
            answer: Any = client.get(path, headers={"Accept-Language": LANGUAGE})
        if len(first) <= MOST_QUERIES:
            return answer, len(first)
        with CaptureQueriesContext(connection) as again:
            client.get(path)
        return answer, len(again)


def look_at(page: Page, path: str) -> list[str]:
    """What is wrong with the page in light on a desk and in dark on a phone, and what goes wrong behind it."""
    light = wear(page, theme="light", size=DESKTOP)
    with listening(page) as heard:
        opened = page.goto(path)
        found = [f"{light}: {fault}" for fault in (*order(page), *axe_faults(page))]
        picture(page, f"{path} {light}")
        dark = wear(page, theme="dark", size=PHONE)
        found += [f"{dark}: {fault}" for fault in (*sideways(page), *axe_faults(page))]
        picture(page, f"{path} {dark}")
    wear(page, theme="light", size=DESKTOP)
    if opened is None or opened.status != HTTPStatus.OK:
        found.append(f"answers {opened and opened.status}")
    return found + heard


@pytest.mark.long(40)
@pytest.mark.parametrize("part", range(PARTS))
def test_page__of_every_route__stands_what_a_page_has_to(part: int, world: World, open_browser: OpenBrowser) -> None:
    tour = Tour(world, open_browser)
    for row in OPENED[len(OPENED) * part // PARTS : len(OPENED) * (part + 1) // PARTS]:
        tour.visit(row)

    assert not tour.faults, "\n".join(tour.faults)
    assert len(tour.opened) > 10
