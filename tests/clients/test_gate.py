"""`cybercube gate`: each answer of the portal ends in the exit code a pipeline can branch on."""

from __future__ import annotations

import json
import socket

import pytest
from pytest_httpserver import HTTPServer

from tests.clients.contract import DIGEST, GATE, ID, KEY, TOKEN, Command, decision, problem, reason


def test_gate__allowed__exits_0_and_asks_what_was_given(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE, method="POST").respond_with_json(decision("allow"), status=201)

    ran = gate("--digest", DIGEST, "--change", "CR-2026-0117-001", "--action", "migrate")

    assert ran.code == 0, ran.said
    assert ran.out.startswith("ALLOW payments-api v1.4.2 -> prd")
    request, _ = portal.log[0]
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.json == {
        "service": "payments-api",
        "version": "v1.4.2",
        "environment": "prd",
        "action": "migrate",
        "digest": DIGEST,
        "change": "CR-2026-0117-001",
    }


def test_gate__template__is_sent_instead_of_a_change(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE, method="POST").respond_with_json(decision("allow"), status=201)

    assert gate("--template", "routine-deployment").code == 0
    assert portal.log[0][0].json["template"] == "routine-deployment"


def test_gate__denied__exits_1_and_shows_every_reason(portal: HTTPServer, gate: Command) -> None:
    reasons = [
        reason("artifact.registered", "pass", section="§3.6", message="The digest is the registered one."),
        reason(
            "freeze.covers_window",
            "fail",
            message="The holiday freeze lasts until 2 January.",
            remedy="Ask for an exception.",
            who=["engineering_manager", "cto"],
        ),
        reason("approval.missing_seat", "pending", section="§6.3", message="A tech lead has not signed."),
        reason("promotion.staging", "skipped", section="§4.1", message="Deployments are not recorded yet."),
    ]
    answer = decision("deny", reasons=reasons, next_allowed_at="2027-01-02T08:00:00Z")
    portal.expect_request(GATE, method="POST").respond_with_json(answer, status=201)

    ran = gate()

    assert ran.code == 1, ran.said
    assert [" ".join(line.split()) for line in ran.out.splitlines() if line.startswith("  ") and line[2] != " "] == [
        "✓ artifact.registered §3.6 The digest is the registered one.",
        "✗ freeze.covers_window §6.5 The holiday freeze lasts until 2 January.",
        "… approval.missing_seat §6.3 A tech lead has not signed.",
        "- promotion.staging §4.1 Deployments are not recorded yet.",
    ]
    assert "remedy: Ask for an exception." in ran.out
    assert "who: engineering_manager, cto" in ran.out
    assert "next allowed at 2027-01-02T08:00:00Z" in ran.out


def test_gate__wait_without_waiting__exits_1(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE, method="POST").respond_with_json(decision("wait"), status=201)

    assert gate().code == 1
    assert len(portal.log) == 1


def test_gate__json__prints_the_answer_as_it_came(portal: HTTPServer, gate: Command) -> None:
    answer = decision("allow", added_later={"kept": True})
    portal.expect_request(GATE, method="POST").respond_with_json(answer, status=201)

    ran = gate("--json")

    assert ran.code == 0
    assert json.loads(ran.out) == answer


def test_gate__dry_run__needs_no_id(portal: HTTPServer, gate: Command) -> None:
    answer = decision("allow", id=None, token=None)
    portal.expect_request(GATE, method="POST").respond_with_json(answer, status=201)

    ran = gate("--dry-run")

    assert ran.code == 0, ran.said
    assert portal.log[0][0].json["dry_run"] is True
    assert ID not in ran.out
    assert TOKEN not in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("gate",),
        ("gate", "payments-api", "v1.4.2"),
        ("gate", "", "v1.4.2", "prd"),
        ("gate", "payments-api", " ", "prd"),
        ("gate", "payments-api", "v1.4.2", "prd", "--digest", ""),
        ("gate", "payments-api", "v1.4.2", "prd", "--digest", "sha256:abc"),
        ("gate", "payments-api", "v1.4.2", "prd", "--change="),
        ("gate", "payments-api", "v1.4.2", "prd", "--change", "CR-1", "--template", "routine-deployment"),
        ("gate", "payments-api", "v1.4.2", "prd", "--action", "destroy"),
        ("gate", "payments-api", "v1.4.2", "prd", "--wait", "soon"),
        ("gate", "payments-api", "v1.4.2", "prd", "--wait", "25h"),
        ("gate", "payments-api", "v1.4.2", "prd", "--dry-run", "--wait", "1m"),
        ("gate", "payments-api", "v1.4.2", "prd", "--dry"),
        ("gate", "--digest=--help", "--", "payments-api", "v1.4.2", "prd"),
        ("unknown",),
        (),
    ],
)
def test_gate__wrong_arguments__exit_2_without_asking(
    portal: HTTPServer, cybercube: Command, arguments: tuple[str, ...]
) -> None:
    ran = cybercube(*arguments)

    assert ran.code == 2, ran.said
    assert ran.err
    assert not portal.log


@pytest.mark.parametrize(
    "address",
    [
        "",
        "portal",
        "file:///etc/passwd",
        "ftp://127.0.0.1",
        "https://",
        "https://me:secret@127.0.0.1",
        "http://[",
        None,
    ],
)
def test_gate__address_that_is_none__exits_2(gate: Command, address: str | None) -> None:
    ran = gate(CYBERCUBE_PORTAL_URL=address)

    assert ran.code == 2, ran.said
    assert "CYBERCUBE_PORTAL_URL" in ran.err
    assert "secret" not in ran.said


@pytest.mark.parametrize(("status", "code"), [(400, 2), (422, 2), (401, 4), (403, 4), (409, 1), (429, 5), (503, 5)])
def test_gate__problem__exits_by_its_status_and_says_why(
    portal: HTTPServer, gate: Command, status: int, code: int
) -> None:
    answer = problem(status, detail="No such service.", errors=[{"pointer": "/service", "message": "is unknown"}])
    portal.expect_request(GATE, method="POST").respond_with_json(
        answer, status=status, content_type="application/problem+json"
    )

    ran = gate()

    assert ran.code == code, ran.said
    assert "No such service." in ran.err
    assert "/service is unknown" in ran.err
    assert "req-1" in ran.err


def test_gate__problem_with_reasons__says_those_that_stand_in_the_way(portal: HTTPServer, gate: Command) -> None:
    reasons = [
        reason("template.known", "pass"),
        reason(
            "template.has_migrations", "fail", section="§6.2", message="It has migrations.", remedy="File a change."
        ),
    ]
    portal.expect_request(GATE).respond_with_json(
        problem(409, reasons=reasons), status=409, content_type="application/problem+json"
    )

    ran = gate("--template", "routine-deployment")

    assert ran.code == 1, ran.said
    assert "template.has_migrations §6.2 It has migrations. File a change." in ran.err
    assert "template.known" not in ran.err


@pytest.mark.parametrize(("code", "ends"), [("change.unknown", 2), ("request.not_found", 5), (None, 5)])
def test_gate__not_found__tells_a_wrong_name_from_a_wrong_address(
    portal: HTTPServer, gate: Command, code: str | None, ends: int
) -> None:
    portal.expect_request(GATE).respond_with_json(
        problem(404, code=code), status=404, content_type="application/problem+json"
    )

    assert gate().code == ends


def test_gate__nobody_listens__exits_5(gate: Command) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ran = gate(CYBERCUBE_PORTAL_URL=f"http://127.0.0.1:{unused.getsockname()[1]}")

    assert ran.code == 5, ran.said
    assert "cannot reach" in ran.err
