"""Sends the forms of a page from Chromium, empty and with nonsense, and leaves no trace: what they do is rolled back.

A form that refuses has to say so on top, link each error to its field, and keep what was typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.urls import resolve
from playwright.sync_api import Error, Page, Request, Route

from tests.architecture.world import World
from tests.browser.standing import axe_faults

NONSENSE = '"><img/src="x"/onerror="alert(1)">' * 60
SAYS_NO = {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY}
# A choice among what there is, every one of which fits; the answer shows an address that is never shown again.
TAKES_ANYTHING = {"calendar/feeds/"}
SOON = 2_000

# Forms that ask something and have a button.
FORMS = """() => [...document.querySelectorAll("main form[method=post]")]
    .map((form, index) => ({index, action: new URL(form.action).pathname, fields: [...form.elements]}))
    .filter(({fields}) => fields.some((field) => field.name && !["hidden", "submit"].includes(field.type)))
    .filter(({fields}) => fields.some((field) => field.type === "submit"))
    .map(({index, action}) => ({index, action}))"""

# Fills a form with `text`, past what the browser itself would hold back, and sends it by its first button. Without text it empties it.
SEND = """([index, text]) => {
    const form = document.querySelectorAll("main form[method=post]")[index], typed = [];
    for (let above = form; above; above = above.parentElement) if (above.matches("details")) above.open = true;
    for (const field of form.elements) {
        if (!field.name || field.readOnly || ["hidden", "submit", "button", "fieldset", "file"].includes(field.type)) continue;
        if (["checkbox", "radio"].includes(field.type)) field.checked = Boolean(text);
        else if (field.matches("select")) field.selectedIndex = text ? field.options.length - 1 : -1;
        else {
            const secret = field.type === "password";
            if (text && field.matches("input") && !secret) field.type = "text";
            field.value = text;
            if (!secret) typed.push([field.name, text]);
        }
    }
    form.noValidate = true;
    // The portal sends a form once (portal.js); what was held back has not been sent.
    delete form.dataset.sent;
    form.requestSubmit(form.querySelector("[type=submit]"));
    return typed;
}"""

LACKS = """([action, typed]) => {
    const found = [], main = document.querySelector("main"), alert = main.querySelector("[role=alert]");
    if (!alert) return ["says nothing of what was wrong"];
    if (document.activeElement !== alert) found.push("leaves the focus elsewhere");
    const linked = [...alert.querySelectorAll("a[href^='#']")].map((link) => link.hash.slice(1));
    for (const id of linked) if (!document.getElementById(id)) found.push(`links an error to #${id}, which is nowhere`);
    for (const error of main.querySelectorAll(".field-error")) {
        if (!main.querySelector(`[aria-describedby~="${error.id}"]`)) found.push(`has no field that names its error ${error.id}`);
        const field = error.closest(".has-error");
        if (!linked.some((id) => field?.id === id || field?.querySelector(`[id="${id}"]`))) found.push(`leaves ${error.id} out of its summary`);
    }
    const form = [...main.querySelectorAll("form[method=post]")].find((one) => new URL(one.action).pathname === action);
    if (!form) return [...found, "is gone"];
    const kept = [...form.elements].filter((field) => field.matches("input, textarea"))
        .map((field) => [field.name, field.matches("textarea") ? field.value : field.getAttribute("value") ?? ""]);
    for (const [name, text] of typed) {
        const same = kept.filter(([other]) => other === name);
        if (same.length && !same.some(([, value]) => value === text)) found.push(`forgets what was typed as ${name}`);
    }
    if (document.querySelector("img[src=x]")) found.push("shows markup that was typed");
    return found;
}"""


class Sender:
    """The forms of one page after another, each address once: `sent` is what was sent by all before."""

    def __init__(self, page: Page, world: World, name: str, sent: set[str]) -> None:
        self.page, self.world, self.name, self.sent = page, world, name, sent

    def send_all(self, path: str) -> list[str]:
        """What is wrong with how the forms of the page at `path`, which is open, refuse."""
        found: list[str] = []
        is_open = True
        for form in self.page.evaluate(FORMS):
            route = resolve(form["action"]).route
            if route in self.sent:
                continue
            self.sent.add(route)
            if not is_open:
                self.page.goto(path)
            is_open = False
            found += [f"its form to {route}, sent {fault}" for fault in self._send(form)]
        return found

    def _send(self, form: dict[str, Any]) -> list[str]:
        """Both from the one page, which a POST that is held back leaves as it stands."""
        found, seen = [], False
        with held_back(self.page):
            asked = [(what, *self._post(form, text)) for what, text in (("empty", ""), ("nonsense", NONSENSE))]
        for what, request, typed in asked:
            said = self._answer(request)
            if said.status_code == HTTPStatus.FOUND or resolve(form["action"]).route in TAKES_ANYTHING:
                continue
            if said.status_code not in SAYS_NO:
                found.append(f"{what}, answers {said.status_code}")
                continue
            found += [
                f"{what}, {fault}" for fault in self._look_at(request.url, said, form["action"], typed, seen=seen)
            ]
            seen = True
        return found

    def _post(self, form: dict[str, Any], text: str) -> tuple[Request, list[list[str]]]:
        """What Chromium would send, and what stood in the form's fields by name."""
        # To Chromium an answer without content is a navigation that came to nothing.
        with self.page.expect_event("requestfailed", lambda asked: asked.method == "POST") as held:
            typed: list[list[str]] = self.page.evaluate(SEND, [form["index"], text])
        return held.value, typed

    def _look_at(self, url: str, said: Any, action: str, typed: list[list[str]], *, seen: bool) -> list[str]:
        page = self.page
        page.route(url, lambda route: _show(route, said))
        try:
            page.goto(url)
            # Chromium focuses what asks for it with the first picture that it draws, which may come after the load.
            with suppress(Error):
                page.wait_for_function("document.activeElement?.matches('main [role=alert]')", timeout=SOON)
            # The second answer wears the colours of the first.
            return [*page.evaluate(LACKS, [action, typed]), *axe_faults(page, colours=not seen)]
        finally:
            page.unroute_all()

    def _answer(self, asked: Request) -> Any:
        """What the portal says, and nothing of it done."""
        client = self.world.client(self.name, for_programs=False)
        kind, body = asked.headers["content-type"], asked.post_data_buffer or b""
        with transaction.atomic():
            said = client.generic("POST", asked.url.partition(urlsplit(asked.url).netloc)[2], body, content_type=kind)
            transaction.set_rollback(True)
        return said


@contextmanager
def held_back(page: Page) -> Iterator[None]:
    """Nothing that the page posts meanwhile arrives."""
    page.route("**/*", _hold_back)
    try:
        yield
    finally:
        page.unroute_all()


def _hold_back(route: Route) -> None:
    if route.request.method == "POST":
        route.fulfill(status=HTTPStatus.NO_CONTENT)
    else:
        route.fallback()


def _show(route: Route, said: Any) -> None:
    headers = {name: value for name, value in said.headers.items() if name != "Content-Length"}
    route.fulfill(status=said.status_code, headers=headers, body=said.content)
