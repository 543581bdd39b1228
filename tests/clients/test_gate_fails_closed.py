"""`cybercube gate` against answers that are no allow, however much they look like one: never exit 0."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.clients.contract import GATE, Command, decision

ALLOW = decision("allow")
LONG_AGO = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
LATER = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None).isoformat()


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        pytest.param("<html>Please log in</html>", "text/html", id="login-page"),
        pytest.param(json.dumps(ALLOW), "text/html", id="allow-that-says-it-is-html"),
        pytest.param("<html>allow</html>", "application/json", id="html-that-says-it-is-json"),
        pytest.param(json.dumps(ALLOW)[:-20], "application/json", id="cut-short"),
        pytest.param("", "application/json", id="empty"),
        pytest.param("null", "application/json", id="null"),
        pytest.param('"allow"', "application/json", id="text"),
        pytest.param(json.dumps([ALLOW]), "application/json", id="list"),
        pytest.param("[" * 100_000, "application/json", id="deep"),
        pytest.param(json.dumps({**ALLOW, "padding": "x" * 1024 * 1024}), "application/json", id="too-long"),
        pytest.param(json.dumps(ALLOW)[:-1] + ', "decision": "deny"}', "application/json", id="said-twice"),
        pytest.param(b"\xff\xfe" + json.dumps(ALLOW).encode(), "application/json", id="no-utf-8"),
    ],
)
def test_gate__answer_that_cannot_be_read__exits_5(
    portal: HTTPServer, gate: Command, body: str | bytes, media_type: str
) -> None:
    portal.expect_request(GATE).respond_with_data(body, status=200, content_type=media_type)

    ran = gate()

    assert ran.code == 5, ran.said
    assert ran.out == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"decision": "ALLOW"},
        {"decision": "Allow"},
        {"decision": "allow "},
        {"decision": "allowed"},
        {"decision": True},
        {"decision": 1},
        {"decision": ["allow"]},
        {"decision": None},
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "a/../b"},
        {"id": "one\ndecision=allow"},
        {"reasons": None},
        {"reasons": "none"},
        {"reasons": ["fine"]},
        {"valid_until": None},
        {"valid_until": "tomorrow"},
        {"valid_until": LONG_AGO},
        {"valid_until": LATER},
        {"token": "allow\nid=1"},
        {"token": {}},
    ],
    ids=lambda changes: repr(changes).replace(LONG_AGO, "long ago").replace(LATER, "no zone"),
)
def test_gate__almost_an_allow__exits_5(portal: HTTPServer, gate: Command, changes: dict[str, object]) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow", **changes), status=201)

    ran = gate()

    assert ran.code == 5, ran.said
    assert ran.out == ""


@pytest.mark.parametrize("status", [202, 203, 204, 206, 300, 304, 404, 405, 410, 418, 500, 502, 504])
def test_gate__allow_under_another_status__exits_5(portal: HTTPServer, gate: Command, status: int) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=status)

    ran = gate()

    assert ran.code == 5, ran.said
    assert ran.out == ""


@pytest.mark.parametrize("part", ["headers", "body"])
def test_gate__answer_never_ends__exits_5_in_time(portal: HTTPServer, gate: Command, part: str) -> None:
    over = threading.Event()

    def drip() -> Iterator[bytes]:
        while not over.wait(0.2):
            yield b" "

    def answer(_request: Request) -> Response:
        if part == "headers":
            over.wait()
        return Response(drip(), content_type="application/json")

    portal.expect_request(GATE).respond_with_handler(answer)

    ran = gate("--timeout", "1s")
    over.set()

    assert ran.code == 5, ran.said
    assert "within 1 s" in ran.err or "timed out" in ran.err


def test_gate__outputs_cannot_be_written__exits_5_despite_the_allow(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    assert gate(GITHUB_OUTPUT="/nowhere/output").code == 5


def test_audit_verify__no_file__is_no_success(cybercube: Command) -> None:
    assert cybercube("audit", "verify").code != 0
    assert cybercube("audit", "verify", "missing.jsonl").code != 0
