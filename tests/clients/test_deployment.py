"""`cybercube deployment start|finish`: what is sent, what is left for later steps, and one exit code for each ending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.clients.contract import DEPLOYMENTS, FINISH, ID, TOKEN, Command, deployment, problem, reason
from tests.clients.test_pipeline import GITHUB


def test_start__an_allow__is_spent_with_the_run_and_the_id_left_for_later(
    portal: HTTPServer, cybercube: Command, tmp_path: Path
) -> None:
    portal.expect_request(DEPLOYMENTS, method="POST").respond_with_json(deployment("running"), status=201)
    output = tmp_path / "output"

    ran = cybercube(
        "deployment", "start", ID, "--method", "canary", "--steps", "5:5m,100", "--env-file", "started.env",
        **GITHUB, GITHUB_OUTPUT=str(output),
    )  # fmt: skip

    assert (ran.code, ran.out) == (0, "RUNNING payments-api v1.4.2 -> prd (DEP-017, canary)\n")
    [(request, _)] = portal.log
    sent = request.json
    assert sent["decision"] == ID
    assert sent["method"] == "canary"
    assert sent["steps"] == [{"weight": 5, "pause_seconds": 300}, {"weight": 100, "pause_seconds": 0}]
    assert sent["run"]["id"] == "4711"
    assert request.headers["Idempotency-Key"]
    assert output.read_text() == "deployment=DEP-017\n"
    assert (tmp_path / "started.env").read_text() == "CYBERCUBE_DEPLOYMENT=DEP-017\n"


def test_start__a_token_on_standard_input__is_sent_as_the_decision(portal: HTTPServer, cybercube: Command) -> None:
    portal.expect_request(DEPLOYMENTS).respond_with_json(deployment("running"), status=201)
    assert cybercube("deployment", "start", "-", stdin=f"{TOKEN}\n").code == 0
    assert portal.log[0][0].json["decision"] == TOKEN


def test_start__a_spent_decision__is_refused_with_its_reason(portal: HTTPServer, cybercube: Command) -> None:
    refused = problem(409, code="decision.spent", reasons=[reason("decision.spent", "fail", remedy="Ask again.")])
    portal.expect_request(DEPLOYMENTS).respond_with_json(refused, status=409)
    ran = cybercube("deployment", "start", ID)
    assert ran.code == 1
    assert "decision.spent" in ran.err
    assert "Ask again." in ran.err


@pytest.mark.parametrize(("status", "code"), [(401, 4), (403, 4), (422, 2), (409, 1), (500, 5), (503, 5), (302, 5)])
def test_start__whatever_is_no_start__is_no_success(
    portal: HTTPServer, cybercube: Command, status: int, code: int
) -> None:
    portal.expect_request(DEPLOYMENTS).respond_with_json(problem(status), status=status)
    assert cybercube("deployment", "start", ID).code == code


@pytest.mark.parametrize("body", [{}, {"id": "DEP-017"}, {"id": "../x", "state": "running"}, {"id": 17, "state": "x"}])
def test_start__an_answer_that_is_no_deployment__is_5(
    portal: HTTPServer, cybercube: Command, body: dict[str, Any]
) -> None:
    portal.expect_request(DEPLOYMENTS).respond_with_json(body, status=201)
    assert cybercube("deployment", "start", ID).code == 5


def test_finish__without_waiting__reports_and_ends(portal: HTTPServer, cybercube: Command) -> None:
    portal.expect_request(FINISH, method="POST").respond_with_json(deployment("verifying"))
    ran = cybercube("deployment", "finish", "DEP-017", "succeeded", "--note", "12 pods")
    assert ran.code == 0
    assert portal.log[0][0].json == {"status": "succeeded", "note": "12 pods"}


@pytest.mark.parametrize(("state", "code"), [("healthy", 0), ("failed", 1), ("rolling_back", 1)])
def test_finish__waiting__ends_with_the_verdict_and_its_checks(
    portal: HTTPServer, cybercube: Command, state: str, code: int
) -> None:
    checks = [{"kind": "error_rate", "verdict": "fail", "message": "2 % of requests fail."}]
    over = deployment(state, verification={"verdict": "fail", "checks": checks})
    portal.expect_request(FINISH).respond_with_json(deployment("verifying"))
    portal.expect_request(f"{DEPLOYMENTS}DEP-017/", method="GET").respond_with_json(over)
    ran = cybercube("deployment", "finish", "DEP-017", "succeeded", "--wait", "20s")
    assert ran.code == code
    assert "fail error_rate: 2 % of requests fail." in ran.out


def test_finish__still_verifying_when_the_time_is_over__is_3(portal: HTTPServer, cybercube: Command) -> None:
    portal.expect_request(FINISH).respond_with_json(deployment("verifying"))
    portal.expect_request(f"{DEPLOYMENTS}DEP-017/").respond_with_json(deployment("verifying"))
    assert cybercube("deployment", "finish", "DEP-017", "succeeded", "--wait", "1s").code == 3


def test_finish__a_fault_while_waiting__is_told_and_tried_again(portal: HTTPServer, cybercube: Command) -> None:
    answers = iter(
        [Response(status=503), Response('{"id": "DEP-017", "state": "healthy"}', mimetype="application/json")]
    )

    def answer(_request: Request) -> Response:
        return next(answers)

    portal.expect_request(FINISH).respond_with_json(deployment("verifying"))
    portal.expect_request(f"{DEPLOYMENTS}DEP-017/").respond_with_handler(answer)
    ran = cybercube("deployment", "finish", "DEP-017", "succeeded", "--wait", "60s")
    assert ran.code == 0
    assert "trying again" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("start",),
        ("start", ""),
        ("start", ID, "--method", "magic"),
        ("start", ID, "--steps", "five"),
        ("finish", "DEP-017"),
        ("finish", "../gate", "succeeded"),
        ("finish", "DEP-017", "maybe"),
        ("abort", "DEP-017"),
    ],
)
def test_arguments__wrong__are_2_and_nothing_is_sent(
    portal: HTTPServer, cybercube: Command, arguments: tuple[str, ...]
) -> None:
    assert cybercube("deployment", *arguments).code == 2
    assert portal.log == []
