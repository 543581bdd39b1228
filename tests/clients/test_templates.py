"""The GitHub Action and the GitLab template: parsed, and their own shell steps run as the platform would."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_httpserver import HTTPServer

from tests.clients.contract import (
    CLIENTS,
    DEPLOYMENTS,
    DIGEST,
    FINISH,
    GATE,
    ID,
    KEY,
    TOKEN,
    Command,
    Ran,
    decision,
    deployment,
)

ACTION: dict[str, Any] = yaml.safe_load((CLIENTS / "github" / "action.yml").read_text())
FINISHING: dict[str, Any] = yaml.safe_load((CLIENTS / "github" / "finish" / "action.yml").read_text())
JOB: dict[str, Any] = yaml.safe_load((CLIENTS / "gitlab" / "gate.yml").read_text())[".cybercube-gate"]
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
OUTPUT = re.compile(r"\$\{\{ steps\.[a-z]+\.outputs\.([a-z]+) \}\}")
UNLESS_EMPTY = re.compile(r"inputs\.([a-z-]+) != ''")


class GitHubRunner:
    """As much of a GitHub runner as a composite action with shell steps needs."""

    def __init__(self, folder: Path, action: Mapping[str, Any], home: Path) -> None:
        self.folder, self.action, self.home = folder, action, home
        self.files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for file in self.files.values():
            file.touch()

    def run(self, given: Mapping[str, str]) -> Ran:
        """Run the action's steps with the inputs `given`, until one fails."""
        inputs = {
            name: given.get(name, declared.get("default", "")) for name, declared in self.action["inputs"].items()
        }
        said = Ran(0, "", "")
        for step in self.action["runs"]["steps"]:
            condition = UNLESS_EMPTY.fullmatch(step.get("if", ""))
            if condition and not inputs[condition[1]]:
                continue
            left = self._left()
            variables = {
                name: OUTPUT.sub(lambda found: left[found[1]], INPUT.sub(lambda found: inputs[found[1]], value))  # noqa: B023 - used at once
                for name, value in step.get("env", {}).items()
            }
            said = self._shell(step["run"], variables)
            if said.code:
                break
        return said

    def outputs(self) -> dict[str, str]:
        left = self._left()
        named = {name: OUTPUT.fullmatch(declared["value"]) for name, declared in self.action["outputs"].items()}
        return {name: left.get(found[1], "") for name, found in named.items() if found}

    def _left(self) -> dict[str, str]:
        lines = self.files["GITHUB_OUTPUT"].read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def _shell(self, script: str, variables: Mapping[str, str]) -> Ran:
        (self.folder / "step.sh").write_text(script)
        path = [*reversed(self.files["GITHUB_PATH"].read_text().splitlines()), "/usr/bin", "/bin"]
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.folder / "step.sh")],
            env={
                "PATH": os.pathsep.join(path),
                "HOME": str(self.folder),
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_ACTIONS": "true",
                "GITHUB_RUN_ID": "4711",
                "GITHUB_ACTION_PATH": str(self.home),
                **{name: str(file) for name, file in self.files.items()},
                **variables,
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def runner(tmp_path: Path) -> GitHubRunner:
    return GitHubRunner(tmp_path, ACTION, CLIENTS / "github")


@pytest.fixture
def inputs(portal: HTTPServer) -> dict[str, str]:
    return {
        "service": "payments-api",
        "version": "v1.4.2",
        "environment": "prd",
        "portal-url": portal.url_for("").rstrip("/"),
        "api-key": KEY,
    }


def test_action__file__is_a_composite_action_of_its_own_steps_alone() -> None:
    steps = ACTION["runs"]["steps"]

    assert ACTION["runs"]["using"] == "composite"
    assert {"service", "version", "environment", "digest", "change", "wait", "portal-url", "api-key"} <= set(
        ACTION["inputs"]
    )
    assert set(ACTION["outputs"]) == {"decision", "id", "token", "deployment"}
    assert all(step["shell"] == "bash" and "uses" not in step for step in steps)
    assert not any("${{" in step["run"] for step in steps), "an input pasted into a script becomes a command"
    used = {name for step in steps for value in step.get("env", {}).values() for name in INPUT.findall(value)}
    assert used == set(ACTION["inputs"])


def test_action__allowed__passes_everything_on(
    portal: HTTPServer, runner: GitHubRunner, inputs: dict[str, str]
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    ran = runner.run({**inputs, "digest": DIGEST, "change": "CR-2026-0117-001", "wait": "1m"})

    assert ran.code == 0, ran.said
    assert runner.outputs() == {"decision": "allow", "id": ID, "token": TOKEN, "deployment": ""}
    assert runner.files["GITHUB_STEP_SUMMARY"].read_text().startswith("**allow**")
    asked, _ = portal.log[0]
    assert asked.json["digest"] == DIGEST
    assert asked.json["change"] == "CR-2026-0117-001"
    assert asked.json["run"]["id"] == "4711"
    assert KEY not in ran.said


@pytest.mark.parametrize(("outcome", "code"), [("deny", 1), ("wait", 1)])
def test_action__not_allowed__fails_the_step_and_leaves_the_outputs(
    portal: HTTPServer, runner: GitHubRunner, inputs: dict[str, str], outcome: str, code: int
) -> None:
    portal.expect_request(GATE).respond_with_json(decision(outcome), status=201)

    assert runner.run(inputs).code == code
    assert runner.outputs() == {"decision": outcome, "id": ID, "token": "", "deployment": ""}


def test_action__asked_to_report__starts_the_deployment_and_another_action_finishes_it(
    portal: HTTPServer, runner: GitHubRunner, inputs: dict[str, str], tmp_path: Path
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)
    portal.expect_request(DEPLOYMENTS).respond_with_json(deployment("running"), status=201)
    portal.expect_request(FINISH).respond_with_json(deployment("healthy"))

    assert runner.run({**inputs, "start": "rolling"}).code == 0
    assert runner.outputs()["deployment"] == "DEP-017"
    started, _ = portal.log[-1]
    assert (started.json["decision"], started.json["method"]) == (ID, "rolling")

    finishing = GitHubRunner(tmp_path, FINISHING, CLIENTS / "github" / "finish")
    known = {name: inputs[name] for name in ("portal-url", "api-key")}
    assert finishing.run({**known, "deployment": "DEP-017", "status": "succeeded"}).code == 0
    assert finishing.run({**known, "deployment": '"; touch pwned; "', "status": "$(touch pwned)"}).code == 2
    assert not (tmp_path / "pwned").exists()


def test_action__not_allowed__starts_nothing(portal: HTTPServer, runner: GitHubRunner, inputs: dict[str, str]) -> None:
    portal.expect_request(GATE).respond_with_json(decision("deny"), status=201)
    assert runner.run({**inputs, "start": "rolling"}).code == 1
    assert [request.path for request, _ in portal.log] == [GATE]


def test_action__template_instead_of_a_change__is_sent(
    portal: HTTPServer, runner: GitHubRunner, inputs: dict[str, str]
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    assert runner.run({**inputs, "template": "routine-deployment"}).code == 0
    assert portal.log[0][0].json["template"] == "routine-deployment"


@pytest.mark.parametrize("name", ["service", "version", "environment", "digest", "change", "template", "wait"])
@pytest.mark.parametrize("value", ["--help", "--version", '"; touch pwned; "', "$(touch pwned)", "`touch pwned`", "\n"])
def test_action__hostile_input__is_neither_run_nor_a_way_round(
    portal: HTTPServer, runner: GitHubRunner, inputs: dict[str, str], name: str, value: str
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("deny"), status=201)

    assert runner.run({**inputs, name: value}).code in {1, 2}
    assert not (runner.folder / "pwned").exists()


def test_action__nothing_to_prove_who_asks__exits_4(runner: GitHubRunner, inputs: dict[str, str]) -> None:
    ran = runner.run({**inputs, "api-key": ""})

    assert ran.code == 4, ran.said
    assert "id-token: write" in ran.err


def test_gitlab__file__is_one_hidden_job_that_may_not_fail() -> None:
    assert JOB["allow_failure"] is False
    assert JOB["id_tokens"]["CYBERCUBE_ID_TOKEN"]["aud"] == "$CYBERCUBE_PORTAL_URL"
    assert JOB["artifacts"]["reports"]["dotenv"] == "cybercube.env"
    assert all(isinstance(line, str) for line in JOB["script"])


@pytest.fixture
def gitlab_job(environment: dict[str, str], tmp_path: Path) -> Command:
    """Run the template's script as a GitLab runner with only `sh`, in an image that has the command."""
    command = tmp_path / "bin" / "cybercube"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\nexec python3 -m cybercube "$@"\n')
    command.chmod(0o755)

    def run(**variables: str | None) -> Ran:
        changed = {
            **environment,
            "PATH": f"{command.parent}:{environment['PATH']}",
            "GITLAB_CI": "true",
            "CI_PIPELINE_ID": "812",
            "CYBERCUBE_SERVICE": "payments-api",
            "CYBERCUBE_VERSION": "v1.4.2",
            "CYBERCUBE_ENVIRONMENT": "prd",
            **variables,
        }
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(JOB["script"])],
            env={name: value for name, value in changed.items() if value is not None},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def test_gitlab__allowed__leaves_the_decision_to_later_jobs(
    portal: HTTPServer, gitlab_job: Command, tmp_path: Path
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)

    ran = gitlab_job(CYBERCUBE_DIGEST=DIGEST, CYBERCUBE_CHANGE="CR-2026-0117-001")

    assert ran.code == 0, ran.said
    assert f"CYBERCUBE_DECISION_ID={ID}" in (tmp_path / "cybercube.env").read_text().splitlines()
    asked = portal.log[0][0].json
    assert (asked["digest"], asked["change"]) == (DIGEST, "CR-2026-0117-001")
    assert asked["run"]["provider"] == "gitlab"


def test_gitlab__with_a_method__starts_the_deployment_too(
    portal: HTTPServer, gitlab_job: Command, tmp_path: Path
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)
    portal.expect_request(DEPLOYMENTS).respond_with_json(deployment("running"), status=201)

    ran = gitlab_job(CYBERCUBE_METHOD="rolling")

    assert ran.code == 0, ran.said
    assert "CYBERCUBE_DEPLOYMENT=DEP-017" in (tmp_path / "cybercube.env").read_text().splitlines()
    assert portal.log[-1][0].json["decision"] == ID


def test_gitlab__waits_by_itself__until_the_time_given(portal: HTTPServer, gitlab_job: Command) -> None:
    portal.expect_request(GATE).respond_with_json(decision("wait"), status=201)
    portal.expect_request(f"{GATE}{ID}/").respond_with_json(decision("wait"))

    assert gitlab_job(CYBERCUBE_WAIT="1s", CYBERCUBE_TEMPLATE="routine-deployment").code == 3
    assert portal.log[0][0].json["template"] == "routine-deployment"


@pytest.mark.parametrize("version", [None, "", "--help", '"; touch pwned; "', "$(touch pwned)"])
def test_gitlab__version_missing_or_hostile__is_no_success(
    portal: HTTPServer, gitlab_job: Command, tmp_path: Path, version: str | None
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("deny"), status=201)

    assert gitlab_job(CYBERCUBE_VERSION=version).code in {1, 2}
    assert not (tmp_path / "pwned").exists()
