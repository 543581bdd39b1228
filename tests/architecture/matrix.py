"""Rows of routes.csv, the routes of the resolver, and how a row is put to the portal without leaving a trace."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cybercube_portal.api.problems import is_for_programs
from tests.architecture.world import IDENTITIES, World

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


def answer_of(row: Row, client: Client, world: World) -> str:
    """The cell that the portal's answer amounts to; nothing of it stays."""
    cookies = client.cookies.output()
    kept = SimpleCookie({name: morsel.value for name, morsel in client.cookies.items()})
    with transaction.atomic():
        answer = send(row, client, world)
        found = cell_of(answer, client)
        if answer.streaming:
            # A file is let go of once it was read to its end.
            b"".join(answer.streaming_content)
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
