"""What a page has to stand, looked for in Chromium. Each finding is a line, so that one run tells them all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import ConsoleMessage, Dialog, Error, Page, Request, Response

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
# ui.md section 3: targets of 24 px, a rule of WCAG 2.2 that axe leaves off.
RULES = {"target-size": {"enabled": True}}
OF_COLOURS = ("color-contrast", "link-in-text-block")
DESKTOP, PHONE = (1280, 800), (360, 740)
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FIGURES = """() => ({
    headings: document.querySelectorAll("h1").length,
    primary: [...document.querySelectorAll(".btn-primary")].filter((button) => button.checkVisibility()).length,
    title: document.title.split("·")[0].trim(),
})"""


def axe_faults(page: Page, *, colours: bool = True, others: bool = True) -> list[str]:
    """What axe says against the page as it stands, by its rules of colours, by all others, or by both.

    Only its colours can differ from one theme to the other, and half of the work is theirs.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if others:
        options["rules"] = RULES if colours else RULES | {name: {"enabled": False} for name in OF_COLOURS}
    else:
        options["runOnly"] = list(OF_COLOURS)
    found = page.evaluate("(options) => axe.run(options)", options)["violations"]
    return [
        f"axe {rule['id']}: {rule['help']}\n" + "\n".join(f"        {node['html'][:200]}" for node in rule["nodes"][:4])
        for rule in found
    ]


def wear(page: Page, *, theme: Any, size: tuple[int, int]) -> str:
    """Show the page in a theme and a window. Returns their words."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    # A colour on its way to another is neither.
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    return f"{theme} {size[0]} px"


def picture(page: Page, name: str) -> None:
    """For whoever wants to see: CYBERCUBE_TEST_PICTURES names the folder."""
    if folder := os.environ.get("CYBERCUBE_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{re.sub(r'[^a-zA-Z0-9]+', '-', name).strip('-')}.png", full_page=True)


def sideways(page: Page) -> list[str]:
    """How far the page scrolls sideways, which it never may."""
    over = page.evaluate(SIDEWAYS)
    return [f"scrolls {over} px sideways"] if over > 0 else []


def order(page: Page) -> list[str]:
    """One heading of the first rank, a title, at most one primary button (ui.md section 4)."""
    found = page.evaluate(FIGURES)
    return [
        *([] if found["headings"] == 1 else [f"{found['headings']} headings of rank 1"]),
        *([] if found["primary"] <= 1 else [f"{found['primary']} primary buttons"]),
        *([] if found["title"] else ["no title"]),
    ]


class _Ears:
    """One method for each event of Playwright's pages, by its name."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.begun: set[Request] = set()

    def request(self, asked: Request) -> None:
        self.begun.add(asked)

    def requestfailed(self, asked: Request) -> None:
        if asked in self.begun:
            self.heard.append(f"failed: {asked.url} {asked.failure}")

    def response(self, answer: Response) -> None:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            self.heard.append(f"{answer.status} of {answer.url}")

    def console(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.heard.append(f"console: {said.text}")

    def pageerror(self, error: Error) -> None:
        self.heard.append(f"script: {error}")

    def dialog(self, dialog: Dialog) -> None:
        self.heard.append(f"dialog: {dialog.message}")
        dialog.dismiss()


EVENTS = ("request", "requestfailed", "response", "console", "pageerror", "dialog")


@contextmanager
def listening(page: Page) -> Iterator[list[str]]:
    """What goes wrong behind the page meanwhile: errors of scripts and of the console, dialogs, requests that fail.

    What the page before had still asked for ends with it, and is no fault of this one.
    """
    ears = _Ears()
    hears: dict[Any, Callable[[Any], None]] = {event: getattr(ears, event) for event in EVENTS}
    for event, ear in hears.items():
        page.on(event, ear)
    try:
        yield ears.heard
    finally:
        for event, ear in hears.items():
            page.remove_listener(event, ear)
