"""Who the pipeline is: taken from where the job keeps it, sent to the portal alone, printed nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.clients.contract import GATE, KEY, Command, decision, problem

ID_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJydW5faWQiOiI0MiJ9.platform"


def test_key__from_a_file__is_sent_without_its_line_end(portal: HTTPServer, gate: Command, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    ran = gate(CYBERCUBE_API_KEY=None, CYBERCUBE_API_KEY_FILE=str(tmp_path / "key"))

    assert ran.code == 0, ran.said
    assert portal.log[0][0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", [None, ""])
def test_key__none__exits_4_without_asking(portal: HTTPServer, gate: Command, key: str | None) -> None:
    ran = gate(CYBERCUBE_API_KEY=key)

    assert ran.code == 4, ran.said
    assert not portal.log


@pytest.mark.parametrize("key", [f"{KEY}\r\nX-Admin: yes", f"two {KEY}", f"{KEY}é", " "])
def test_key__that_no_header_carries__exits_2_unprinted(portal: HTTPServer, gate: Command, key: str) -> None:
    ran = gate(CYBERCUBE_API_KEY=key)

    assert ran.code == 2, ran.said
    assert KEY not in ran.said
    assert not portal.log


def test_key__file_missing_or_given_twice__exits_2(gate: Command, tmp_path: Path) -> None:
    assert gate(CYBERCUBE_API_KEY=None, CYBERCUBE_API_KEY_FILE=str(tmp_path / "none")).code == 2
    assert gate(CYBERCUBE_API_KEY_FILE=str(tmp_path / "none")).code == 2


def test_key__repeated_by_the_portal__is_never_printed(portal: HTTPServer, gate: Command) -> None:
    answer = decision("deny", summary=f"You sent {KEY}", echoed=f"Bearer {KEY}")
    portal.expect_ordered_request(GATE).respond_with_json(answer, status=201)
    portal.expect_ordered_request(GATE).respond_with_json(
        problem(401, detail=f"The key {KEY} is unknown.", errors=[{"pointer": "", "message": KEY}]),
        status=401,
        content_type="application/problem+json",
    )

    refused, unknown = gate("--json"), gate()

    assert (refused.code, unknown.code) == (1, 4)
    assert KEY not in refused.said + unknown.said
    assert json.loads(refused.out)["echoed"] == "Bearer ***"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", [GATE, "/login"])
def test_redirect__to_another_host__is_not_followed(
    portal: HTTPServer, elsewhere: HTTPServer, gate: Command, status: int, path: str
) -> None:
    portal.expect_request(GATE).respond_with_data("", status=status, headers={"Location": elsewhere.url_for(path)})

    ran = gate()

    assert ran.code == 5, ran.said
    assert "redirects" in ran.err
    assert not elsewhere.log, "the credential went to another host"


def test_http__in_the_clear__is_warned_of_but_not_on_loopback(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    assert "in the clear" not in gate().err
    assert "in the clear" in gate(CYBERCUBE_PORTAL_URL="http://portal.invalid").err


def test_oidc__gitlab__sends_the_jobs_token(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    ran = gate("--oidc", CYBERCUBE_API_KEY=None, CYBERCUBE_ID_TOKEN=ID_TOKEN)

    assert ran.code == 0, ran.said
    assert portal.log[0][0].headers["Authorization"] == f"Bearer {ID_TOKEN}"
    assert ID_TOKEN not in ran.said


def test_oidc__github__asks_for_a_token_for_the_portal_alone(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request("/token").respond_with_json({"value": ID_TOKEN})
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    ran = gate(
        "--oidc",
        CYBERCUBE_API_KEY=None,
        ACTIONS_ID_TOKEN_REQUEST_URL=portal.url_for("/token?api-version=2.0"),
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="request-token",
    )

    assert ran.code == 0, ran.said
    asked, gated = (request for request, _ in portal.log)
    assert dict(asked.args) == {"api-version": "2.0", "audience": portal.url_for("").rstrip("/")}
    assert asked.headers["Authorization"] == "Bearer request-token"
    assert gated.headers["Authorization"] == f"Bearer {ID_TOKEN}"
    assert ID_TOKEN not in ran.said


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [(403, {}, 4), (500, {}, 5), (200, {}, 5), (200, {"value": 7}, 5), (200, {"value": "two words"}, 2)],
)
def test_oidc__github_gives_none__never_asks_the_gate(
    portal: HTTPServer, gate: Command, status: int, body: dict[str, object], code: int
) -> None:
    portal.expect_request("/token").respond_with_json(body, status=status)

    ran = gate(
        "--oidc",
        CYBERCUBE_API_KEY=None,
        ACTIONS_ID_TOKEN_REQUEST_URL=portal.url_for("/token?api-version=2.0"),
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="request-token",
    )

    assert ran.code == code, ran.said
    assert [request.path for request, _ in portal.log] == ["/token"]


def test_oidc__outside_of_ci__exits_4(gate: Command) -> None:
    assert gate("--oidc", CYBERCUBE_API_KEY=None).code == 4


def test_oidc__key_is_set__the_key_is_used(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    assert gate("--oidc", CYBERCUBE_ID_TOKEN=ID_TOKEN).code == 0
    assert portal.log[0][0].headers["Authorization"] == f"Bearer {KEY}"
