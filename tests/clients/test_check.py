"""`cybercube check`, the hook and the pipeline steps: nothing is asked of the portal."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.contract import CLIENTS, Command, Ran
from tests.standard.test_conventions import CHECKLIST, pull_request

BRANCH, COMMIT = "feature/CC-1234-user-authentication", "feat(auth): add Google OAuth"
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("branch", BRANCH, "feature/user-auth"),
        ("commit", COMMIT, "feat: add Google OAuth"),
        ("pull-request", COMMIT, "Add Google OAuth"),
        ("version", "v2.3.1", "v2.3"),
        ("artifact", "api-service:v2.3.1", "api-service-v2.3.1"),
        ("migration", "db/20260117120000_add_tax_rate.sql", "db/20260117_add_tax_rate.sql"),
        ("flag", "release_new_dashboard", "new_dashboard"),
        ("variable", "CYBERCUBE_DB_HOST", "CYBERCUBE_ENV"),
    ],
)
def test_check__each_kind__passes_what_is_right_and_names_what_is_wrong(
    cybercube: Command, kind: str, right: str, wrong: str
) -> None:
    alone = {"CYBERCUBE_PORTAL_URL": None, "CYBERCUBE_API_KEY": None}
    passing, failing = cybercube("check", kind, right, **alone), cybercube("check", kind, right, wrong, **alone)

    assert (passing.code, passing.out) == (0, "")
    assert failing.code == 1
    assert f"✗ {kind.replace('-', '_')}." in failing.out
    assert "§" in failing.out
    assert "for example: " in failing.out


@pytest.mark.parametrize(
    ("stdin", "code"),
    [
        (f"{COMMIT}\r\n", 0),
        (f"{COMMIT}\r\n\r\nCloses CC-1234\r\n", 0),
        (f"{COMMIT}\r\nCloses CC-1234\r\n", 1),
        ("", 1),
        (f"{COMMIT}\n\n{'x' * 1_000_000}", 0),
        ("feat(auth): add\0x", 1),
    ],
)
def test_check__message_from_standard_input__is_read_with_any_line_ends(
    cybercube: Command, stdin: str, code: int
) -> None:
    assert cybercube("check", "commit", "-", stdin=stdin).code == code


def test_check__json__is_the_answer_of_the_portal(cybercube: Command) -> None:
    body = json.loads(cybercube("check", "version", "--json", "v2.3").out)

    assert body["ok"] is False
    assert list(body["violations"][0]) == ["kind", "value", "rule", "section", "message", "example"]


def test_check__branch_with_its_age__keeps_its_lifetime(cybercube: Command) -> None:
    now = datetime.now(UTC)
    young, old = ((now - timedelta(days=days)).isoformat() for days in (6, 8))

    assert cybercube("check", "branch", BRANCH, "--created", young).code == 0
    ran = cybercube("check", "branch", BRANCH, "--created", old)
    assert ran.code == 1
    assert "branch.lifetime" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("tag", "v1.0.0"),
        ("branch",),
        ("branch", BRANCH, "--created", "yesterday"),
        ("branch", BRANCH, "--created", "2999-01-01T00:00:00Z"),
        ("branch", BRANCH, "--created", "2026-01-01T00:00:00"),
    ],
)
def test_check__asked_wrongly__is_usage(cybercube: Command, arguments: tuple[str, ...]) -> None:
    assert cybercube("check", *arguments).code == 2


@pytest.fixture
def command(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The job's variables, with `cybercube` on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    tool = folder / "cybercube"
    tool.write_text('#!/bin/sh\nexec python3 -m cybercube "$@"\n')
    tool.chmod(0o755)
    author = {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {**environment, **author, "PATH": f"{folder}:{environment['PATH']}"}


@pytest.fixture
def repository(command: dict[str, str], tmp_path: Path) -> Repository:
    return Repository(tmp_path / "work", command)


class Repository:
    """A working copy with one commit on main."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder, self.variables = folder, variables
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("commit", "--quiet", "--allow-empty", "--message", "chore(repo): begin")

    def run(self, *arguments: str, stdin: str = "", **variables: str) -> Ran:
        done = subprocess.run(
            arguments,
            cwd=self.folder,
            env={**self.variables, **variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def git(self, *arguments: str, **variables: str) -> str:
        ran = self.run("git", *arguments, **variables)
        assert ran.code == 0, ran.said
        return ran.out.strip()

    def commit(self, message: str) -> Ran:
        return self.run("git", "commit", "--quiet", "--allow-empty", "--file=-", stdin=message)


def test_hook__commits_and_merges__lets_only_messages_of_2_3_in(repository: Repository) -> None:
    hook = repository.folder / ".git" / "hooks" / "commit-msg"
    hook.write_bytes((CLIENTS / "hooks" / "commit-msg").read_bytes())
    hook.chmod(0o755)

    assert repository.commit(f"{COMMIT}\n\nCloses CC-1234\n").code == 0
    refused = repository.commit("Add Google OAuth\n")
    assert refused.code != 0
    assert "commit.format" in refused.said
    repository.git("checkout", "--quiet", "-b", "other", "HEAD~1")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "fix(auth): another way")
    assert repository.run("git", "merge", "--no-edit", "main").code == 0


def test_hook__fixup_and_revert__the_one_waits_for_its_squashing_the_other_is_told_what_to_say(
    repository: Repository,
) -> None:
    hook = repository.folder / ".git" / "hooks" / "commit-msg"
    hook.write_bytes((CLIENTS / "hooks" / "commit-msg").read_bytes())
    hook.chmod(0o755)

    assert repository.run("git", "commit", "--quiet", "--allow-empty", "--fixup", "HEAD").code == 0
    (repository.folder / "a").write_text("a")
    repository.git("add", "a")
    assert repository.commit("feat(repo): add a").code == 0
    # Git asks no hook for the message of its own; whoever touches it is told, and so is the pipeline.
    repository.git("revert", "--no-edit", "HEAD")
    touched = repository.run("git", "commit", "--quiet", "--amend", "--no-edit")
    assert touched.code != 0
    assert "say what is taken back" in touched.said
    assert repository.run("git", "commit", "--quiet", "--amend", "--message", "fix(repo): take a back").code == 0


def test_hook__verbose_commit_with_comments__judges_the_message_alone(repository: Repository) -> None:
    text = f"# Please write\n{COMMIT}\n# a message\n# {'-' * 24} >8 {'-' * 24}\ndiff --git a b\n"
    message = repository.folder / "COMMIT_EDITMSG"

    for line_end in ("\n", "\r\n"):
        message.write_text(text, newline=line_end)
        assert repository.run("sh", str(CLIENTS / "hooks" / "commit-msg"), str(message)).code == 0


@pytest.fixture
def changed(repository: Repository) -> dict[str, str]:
    """What a platform says of a pull request with one commit."""
    base = repository.git("rev-parse", "HEAD")
    repository.commit(COMMIT)
    title, _, body = pull_request().partition("\n")
    return {"branch": BRANCH, "title": title, "body": body, "base": base, "head": repository.git("rev-parse", "HEAD")}


def github(repository: Repository, given: dict[str, str]) -> Ran:
    action: dict[str, Any] = yaml.safe_load((CLIENTS / "github" / "check" / "action.yml").read_text())
    step = action["runs"]["steps"][-1]
    variables = {name: INPUT.sub(lambda found: given[found[1]], value) for name, value in step["env"].items()}
    return repository.run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"], **variables)


def gitlab(repository: Repository, given: dict[str, str]) -> Ran:
    job: dict[str, Any] = yaml.safe_load((CLIENTS / "gitlab" / "check.yml").read_text())[".cybercube-check"]
    names = {
        "branch": "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
        "title": "CI_MERGE_REQUEST_TITLE",
        "body": "CI_MERGE_REQUEST_DESCRIPTION",
        "base": "CI_MERGE_REQUEST_DIFF_BASE_SHA",
        "head": "CI_COMMIT_SHA",
    }
    variables = {names[name]: value for name, value in given.items()}
    return repository.run("sh", "-e", "-c", "\n".join(job["script"]), **variables)


PLATFORMS = pytest.mark.parametrize("platform", [github, gitlab])


@PLATFORMS
def test_pipeline__pull_request_by_the_book__passes(
    platform: Any, repository: Repository, changed: dict[str, str]
) -> None:
    ran = platform(repository, changed)

    assert ran.code == 0, ran.said


@PLATFORMS
@pytest.mark.parametrize(
    ("off", "rule"),
    [
        ({"branch": "user-auth"}, "branch.type"),
        ({"branch": "--help"}, "branch.type"),
        ({"title": "$(touch pwned)"}, "pull_request.title"),
        ({"body": ""}, "pull_request.description"),
        ({"body": f"Words\n\n- [ ] {CHECKLIST[4]}"}, "pull_request.secrets"),
    ],
)
def test_pipeline__something_off_or_hostile__is_named(
    platform: Any, repository: Repository, changed: dict[str, str], off: dict[str, str], rule: str
) -> None:
    ran = platform(repository, {**changed, **off})

    assert ran.code == 1, ran.said
    assert rule in ran.out
    assert not (repository.folder / "pwned").exists()


@PLATFORMS
def test_pipeline__commits_and_the_branchs_age__are_read_from_the_history(
    platform: Any, repository: Repository, changed: dict[str, str]
) -> None:
    repository.git("commit", "--quiet", "--amend", "--allow-empty", "--date=2020-01-01T00:00:00Z", "--message", COMMIT)
    repository.commit("Fix it")
    repository.commit(f"fixup! {COMMIT}")
    ran = platform(repository, {**changed, "head": repository.git("rev-parse", "HEAD")})

    assert ran.code == 1
    assert "commit.format" in ran.out
    assert "--autosquash" in ran.out
    assert "branch.lifetime" in ran.out


@PLATFORMS
def test_pipeline__history_is_not_there__does_not_pass(
    platform: Any, repository: Repository, changed: dict[str, str]
) -> None:
    assert platform(repository, {**changed, "base": "0" * 40}).code not in {0, 1}
