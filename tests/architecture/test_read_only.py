"""What a client sends of members that the portal alone writes changes nothing (reliability.md section 4)."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

from django.db import transaction

from tests.architecture.matrix import ROWS, Row, send
from tests.architecture.world import World

# Drawn anew or counted on by each call, whoever asks.
NUMBERED = re.compile(r"\b(DEP|INC|REL|MIG)-\d+\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
FRESH = {"id", "reference", "prefix", "text", "secret", "url", "token", "event_id"}
WRITTEN = [row for row in ROWS if row.method in {"POST", "PATCH"} and row.route.startswith("api/v1/")]


def test_write__with_members_that_are_only_read__answers_as_without_them(world: World) -> None:
    schema = world.client("admin", for_programs=True).get("/api/v1/schema/?format=json").json()
    wrong, forged_in = [], set()
    for row in WRITTEN:
        identity = next(name for name, cell in row.cells.items() if cell == "open")
        said, status = put(row, world, identity, {})
        writable = writable_in(schema, row)
        extra = {name: forgery(value) for name, value in said.items() if name not in writable}
        if status >= HTTPStatus.BAD_REQUEST or not extra:
            continue
        answered, forged_status = put(row, world, identity, extra)
        if forged_status == HTTPStatus.BAD_REQUEST:
            unheard_of = pointers(answered)
            extra = {name: value for name, value in extra.items() if name not in unheard_of}
            answered, forged_status = put(row, world, identity, extra)
        forged_in |= {f"{row.name} {name}" for name in extra}
        changed = [name for name in said if name not in FRESH and plain(said[name]) != plain(answered.get(name))]
        if forged_status != status or changed:
            wrong.append(f"{row.name}: {forged_status}, {changed}")
    assert not wrong, "\n".join(wrong)
    assert "PATCH api/v1/changes/<str:number>/ state" in forged_in
    assert "POST api/v1/changes/ approvals" in forged_in


def writable_in(schema: dict[str, Any], row: Row) -> set[str]:
    """The members of the body that the schema lets a client write."""
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", row.route)
    body = schema["paths"][path][row.method.lower()].get("requestBody", {"content": {}})
    shapes = [kind["schema"] for kind in body["content"].values()]
    found = [schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]] for shape in shapes if "$ref" in shape]
    return {name for shape in found for name in shape.get("properties", {})}


def put(row: Row, world: World, identity: str, extra: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The JSON answered to the row's body with `extra`, and the status; nothing of it stays."""
    client = world.client(identity, for_programs=True)
    body = {**extra, **world.bodies.get(row.name, {})}
    with transaction.atomic():
        answer = send(row, client, World(world.cast, world.now, world.things, {row.name: body}, world.keys))
        transaction.set_rollback(True)
    said = json.loads(answer.content) if answer.content else {}
    return said, answer.status_code


def pointers(problem: dict[str, Any]) -> set[str]:
    """The members that a problem speaks of."""
    return {error["pointer"].strip("/").split("/")[0] for error in problem["errors"]}


def forgery(value: Any) -> Any:
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, list):
        return []
    return {"forged": True} if isinstance(value, dict) else "approved"


def plain(value: Any) -> Any:
    """Without what is fresh in each call."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if name not in FRESH}
    if isinstance(value, str):
        return NUMBERED.sub("", value)
    return [plain(inner) for inner in value] if isinstance(value, list) else value
