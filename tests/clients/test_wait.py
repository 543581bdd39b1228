"""`cybercube gate --wait`: patient with faults inside the time, never past it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.clients.contract import GATE, ID, KEY, Command, decision, problem, reason

HELD = f"{GATE}{ID}/"


def in_turn(*answers: tuple[int, dict[str, object]]) -> Callable[[Request], Response]:
    """Answer with each in turn, the last one for ever."""
    left = list(answers)

    def answer(_request: Request) -> Response:
        status, body = left.pop(0) if len(left) > 1 else left[0]
        kind = "application/json" if status < 300 else "application/problem+json"
        return Response(json.dumps(body), status=status, content_type=kind)

    return answer


def test_wait__signed_meanwhile__exits_0(portal: HTTPServer, gate: Command) -> None:
    pending = reason("approval.missing_seat", "pending", message="A tech lead has not signed.")
    portal.expect_request(GATE).respond_with_json(decision("wait", reasons=[pending]), status=201)
    portal.expect_request(HELD).respond_with_json(decision("allow"))

    ran = gate("--wait", "30m")

    assert ran.code == 0, ran.said
    assert ran.out.startswith("ALLOW")
    assert "approval.missing_seat (A tech lead has not signed.)" in ran.err
    asked = portal.log[1][0]
    assert asked.method == "GET"
    assert asked.args["wait"] == "30"
    assert asked.headers["Authorization"] == f"Bearer {KEY}"


def test_wait__freeze_opens_meanwhile__exits_1(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("wait"), status=201)
    portal.expect_request(HELD).respond_with_json(decision("deny"))

    assert gate("--wait", "1m").code == 1


def test_wait__time_is_over__exits_3_with_the_reasons(portal: HTTPServer, gate: Command) -> None:
    answer = decision("wait", reasons=[reason("slot.not_yet", "pending")], next_allowed_at="2027-01-02T08:00:00Z")
    portal.expect_request(GATE).respond_with_json(answer, status=201)
    portal.expect_request(HELD).respond_with_json(answer)

    ran = gate("--wait", "2s")

    assert ran.code == 3, ran.said
    assert "slot.not_yet" in ran.out
    assert ran.err.count("waiting") == 1, "the same news is told once"
    assert all(int(request.args["wait"]) <= 2 for request, _ in portal.log[1:])


def test_wait__faults_inside_the_time__are_tried_again(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("wait"), status=201)
    portal.expect_request(HELD).respond_with_handler(
        in_turn((503, problem(503)), (200, {"html": "no decision"}), (200, decision("allow")))
    )

    ran = gate("--wait", "1m")

    assert ran.code == 0, ran.said
    assert ran.err.count("trying again") == 2


def test_wait__first_answer_lost__repeats_the_question_under_one_idempotency_key(
    portal: HTTPServer, gate: Command
) -> None:
    portal.expect_request(GATE).respond_with_handler(
        in_turn((502, problem(502)), (409, problem(409, code="idempotency.in_flight")), (201, decision("allow")))
    )

    ran = gate("--wait", "1m")

    assert ran.code == 0, ran.said
    keys = [request.headers["Idempotency-Key"] for request, _ in portal.log]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_wait__portal_never_answers__exits_5(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(problem(503), status=503, content_type="application/problem+json")

    assert gate("--wait", "2s").code == 5


def test_wait__key_revoked_meanwhile__exits_4_at_once(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("wait"), status=201)
    portal.expect_request(HELD).respond_with_json(problem(401), status=401, content_type="application/problem+json")

    assert gate("--wait", "30m").code == 4


@pytest.mark.parametrize("changes", [{"id": "another"}, {"decision": "ALLOW"}, {"valid_until": None}], ids=repr)
def test_wait__answer_for_something_else__is_not_taken(
    portal: HTTPServer, gate: Command, changes: dict[str, object]
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("wait"), status=201)
    portal.expect_request(HELD).respond_with_json(decision("allow", **changes))

    assert gate("--wait", "2s").code == 3
