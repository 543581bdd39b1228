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
from playwright.sync_api import ConsoleMessage, Dialog, Page, Response

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


def axe_faults(page: Page, *, colours_only: bool = False) -> list[str]:
    """What axe says against the page as it stands. Only its colours can differ from one theme to the other."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    options |= {"runOnly": list(OF_COLOURS)} if colours_only else {"rules": RULES}
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


@contextmanager
def listening(page: Page) -> Iterator[list[str]]:
    """What goes wrong behind the page meanwhile: errors of scripts and of the console, dialogs, requests that fail."""
    heard: list[str] = []

    def hear_console(said: ConsoleMessage) -> None:
        if said.type == "error":
            heard.append(f"console: {said.text}")

    def hear_answer(answer: Response) -> None:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            heard.append(f"{answer.status} of {answer.url}")

    def hear_dialog(dialog: Dialog) -> None:
        heard.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    ears: dict[Any, Callable[[Any], None]] = {
        "console": hear_console,
        "dialog": hear_dialog,
        "pageerror": lambda error: heard.append(f"script: {error}"),
        "requestfailed": lambda request: heard.append(f"failed: {request.url} {request.failure}"),
        "response": hear_answer,
    }
    for event, ear in ears.items():
        page.on(event, ear)
    try:
        yield heard
    finally:
        for event, ear in ears.items():
            page.remove_listener(event, ear)
