"""Every route x method x identity: who gets in. Closed by default: what has no row in routes.csv fails the build.

Cells: `open`, `no` (403), `login` (401 for programs, the log-in page for browsers), `hidden` (404: not theirs to know of). A method without a
row answers 405. `on` names the thing of `world.py` that fills the address; a body stands in `world.py` too. Alice calls the API with a key of all
scopes, `scopeless` is a key of hers without the needed one, `client` a key that only evaluates flags; other persons come with a session.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django.fixtures import Settings

from cybercube_portal.api.problems import is_for_programs
from tests.architecture.world import IDENTITIES, World, build
from tests.factories.people import Cast

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
READING_ROOM = "admin/"
LOG_IN_PAGES = ("/login/?next=", "/admin/login/?next=")
ADMIN_TABLE = re.compile(r"^admin/[a-z]+/[a-z]+/(?=$|add/|<path:object_id>/)")
ADMIN_APP = re.compile(r"^admin/\^\(\?P<app_label>[a-z|]+\)/\$$")
ADMIN_ANYTHING = "admin/(?P<url>.*)$"
REFUSED = {
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "no",
    HTTPStatus.NOT_FOUND: "hidden",
    HTTPStatus.METHOD_NOT_ALLOWED: "-",
}


@dataclass(frozen=True)
class Row:
    """One route and method with who gets in."""

    route: str
    method: str
    on: str
    cells: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.route}"

    def path(self, world: World) -> str:
        known = {"anything": "nowhere", **world.things.get(self.on, {})}
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(known[found[1]]), self.route)
        return f"/{path}{known.get('query', '')}"


def read_rows() -> list[Row]:
    with Path(__file__).with_name("routes.csv").open(newline="") as file:
        return [
            Row(line["route"], line["method"], line["on"], {name: line[name] for name in IDENTITIES})
            for line in csv.DictReader(file)
        ]


ROWS = read_rows()


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every route as it is written; those of Django's admin once for all tables."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            route = ADMIN_APP.sub("admin/<app>/", ADMIN_TABLE.sub("admin/<app>/<model>/", route))
            yield "admin/<anything>" if route == ADMIN_ANYTHING else route
        else:
            yield from routes(entry, route)


@pytest.fixture
def world(cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime], settings: Settings) -> World:
    settings.RATES = {"api": 0, "gate": 0}
    return build(cast, now=clock_at(now))


def test_routes__of_the_resolver__have_rows_and_rows_have_routes() -> None:
    assert set(routes()) - {row.route for row in ROWS} == set(), "add a row to routes.csv that says who gets in"
    assert {row.route for row in ROWS} - set(routes()) == set(), "rows without a route"
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))


def test_rows__cells__are_known_and_somebody_gets_in() -> None:
    for row in ROWS:
        assert row.method in METHODS, row.name
        assert set(row.cells.values()) <= {"open", "no", "login", "hidden"}, row.name
        if not row.route.startswith(READING_ROOM):
            assert "open" in row.cells.values(), f"{row.name}: a row that nobody passes proves nothing"


def test_names__of_routes__are_each_used_once() -> None:
    names = [entry.name for entry in flat(get_resolver()) if entry.name]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def flat(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif entry.namespace != "admin":
            yield from flat(entry)


def test_route__asked_by_every_identity__answers_as_its_row_says(world: World) -> None:
    wrong = []
    for identity in IDENTITIES:
        browser, program = (world.client(identity, for_programs=kind) for kind in (False, True))
        for row in ROWS:
            found = answer_of(row, program if is_for_programs(row.path(world)) else browser, world)
            if found != row.cells[identity]:
                wrong.append(f"{row.name} by {identity}: {row.cells[identity]} in the table, {found} by the portal")
    assert not wrong, "\n".join(wrong)


def test_method__without_a_row__is_not_allowed_even_for_an_admin(world: World) -> None:
    admin, stranger = (world.client(identity, for_programs=False) for identity in ("admin", "stranger"))
    kept = {row.route: row for row in ROWS if not row.route.startswith(READING_ROOM)}
    listed = {row.name for row in ROWS}
    wrong = []
    for row in kept.values():
        client = stranger if row.cells["stranger"] == "open" else admin
        for method in METHODS:
            asked = Row(row.route, method, row.on, {})
            if asked.name not in listed and (found := answer_of(asked, client, world)) != "-":
                wrong.append(f"{asked.name} answers {found}")
    assert not wrong, "\n".join(wrong)


def answer_of(row: Row, client: Client, world: World) -> str:
    """The cell that the portal's answer amounts to; nothing of it stays."""
    cookies = client.cookies.output()
    kept = SimpleCookie({name: morsel.value for name, morsel in client.cookies.items()})
    with transaction.atomic():
        found = cell_of(send(row, client, world), client)
        transaction.set_rollback(True)
    if client.cookies.output() != cookies:
        client.cookies = kept
    return found


def send(row: Row, client: Client, world: World) -> Any:
    path, body = row.path(world), world.bodies.get(row.name, {})
    call = getattr(client, row.method.lower())
    if row.method == "GET":
        return call(path)
    if not is_for_programs(path):
        return call(path, body)
    headers = {}
    if row.method == "PATCH" and body:
        read = world.client("admin", for_programs=True).get(path)
        headers = {"If-Match": read.headers["ETag"]} if "ETag" in read.headers else {}
    return call(path, body, "application/json", headers=headers)


def cell_of(answer: HttpResponse, client: Client) -> str:
    """`open` is what was done, or refused by a rule (409). A body that is wrong proves nothing, so it is no cell at all."""
    target = answer.headers.get("Location", "")
    if target.startswith(LOG_IN_PAGES[0]):
        return "login"
    if target.startswith("/admin/"):
        return cell_of(client.get(target), client)  # type: ignore[arg-type]
    status = answer.status_code
    if status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.CONFLICT:
        return "open"
    return REFUSED.get(HTTPStatus(status), f"{status} {getattr(answer, 'content', b'')[:300]!r}")
