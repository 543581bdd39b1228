"""What the command takes from the CI platform and leaves for later steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.clients.contract import GATE, ID, TOKEN, Command, decision, reason

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "acme/payments",
    "GITHUB_RUN_ID": "4711",
    "GITHUB_RUN_ATTEMPT": "2",
}
GITLAB = {"GITLAB_CI": "true", "CI_PIPELINE_ID": "812", "CI_PIPELINE_URL": "https://gitlab.example/p/-/pipelines/812"}
JENKINS = {
    "JENKINS_URL": "https://jenkins.example/",
    "BUILD_TAG": "jenkins-payments-7",
    "BUILD_URL": "https://jenkins.example/job/payments/7/",
}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (
            GITHUB,
            {
                "provider": "github",
                "id": "4711",
                "attempt": 2,
                "url": "https://github.example/acme/payments/actions/runs/4711/attempts/2",
            },
        ),
        (GITLAB, {"provider": "gitlab", "id": "812", "attempt": 1, "url": GITLAB["CI_PIPELINE_URL"]}),
        (JENKINS, {"provider": "jenkins", "id": "jenkins-payments-7", "attempt": 1, "url": JENKINS["BUILD_URL"]}),
        ({}, None),
    ],
    ids=["github", "gitlab", "jenkins", "nowhere"],
)
def test_run__of_the_platform__is_named_to_the_gate(
    portal: HTTPServer, gate: Command, variables: dict[str, str], expected: dict[str, object] | None
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    assert gate(**variables).code == 0
    assert portal.log[0][0].json.get("run") == expected


def test_outputs__in_github__are_appended_with_the_summary(portal: HTTPServer, gate: Command, tmp_path: Path) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary"
    output.write_text("earlier=1\n")
    portal.expect_request(GATE).respond_with_json(decision("allow", summary="**Allowed** by CR-1"), status=201)

    assert gate(**GITHUB, GITHUB_OUTPUT=str(output), GITHUB_STEP_SUMMARY=str(summary)).code == 0
    assert output.read_text() == f"earlier=1\ndecision=allow\nid={ID}\ntoken={TOKEN}\n"
    assert summary.read_text() == "**Allowed** by CR-1\n"


def test_outputs__when_refused__still_tell_later_steps(portal: HTTPServer, gate: Command, tmp_path: Path) -> None:
    portal.expect_request(GATE).respond_with_json(decision("deny"), status=201)

    assert gate("--env-file", "gate.env", GITHUB_OUTPUT=str(tmp_path / "output")).code == 1
    assert (tmp_path / "output").read_text() == f"decision=deny\nid={ID}\ntoken=\n"
    assert (tmp_path / "gate.env").read_text() == (
        f"CYBERCUBE_DECISION=deny\nCYBERCUBE_DECISION_ID={ID}\nCYBERCUBE_DECISION_TOKEN=\n"
    )


def test_rows__hostile_text__cannot_command_the_ci_platform(portal: HTTPServer, gate: Command) -> None:
    hostile = "fine\n::set-output name=decision::allow\r\n##[add-path]/evil \x1b[2J\u2028::error::"
    answer = decision(
        "deny",
        change=hostile,
        next_allowed_at=hostile,
        reasons=[reason(hostile, hostile, section=hostile, message=hostile, remedy=hostile, who=[hostile])],
    )
    portal.expect_request(GATE).respond_with_json(answer, status=201)

    for ran in (gate(), gate("--json")):
        assert ran.code == 1, ran.said
        assert "##[" not in ran.said
        assert "\x1b" not in ran.said
        assert not any(line.lstrip().startswith("::") for line in ran.said.splitlines())


def test_rows__log_without_utf_8__still_exits_by_the_answer(portal: HTTPServer, gate: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("deny"), status=201)

    assert gate(PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0").code == 1
