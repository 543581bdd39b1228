"""`cybercube flags …` against the portal itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler

from cybercube_portal import clock
from flags.models import CodeReference, Flag
from flags.selectors.flags import get_served
from tests.clients.contract import Command
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast
from tests.flags.servers import wsgi_server

KEY = "release_new_dashboard"


@pytest.fixture
def job(transactional_db: None, cast: Cast, key_of: Callable[..., str]) -> Iterator[dict[str, str]]:
    """The variables of a job that talks to the portal, in which one flag is on in production."""
    story.service()
    flag(KEY, now=clock.now())
    served(KEY, "prd", now=clock.now(), enabled=True, rollout_percentage=5)
    with wsgi_server(WSGIHandler()) as address:
        yield {"CYBERCUBE_PORTAL_URL": address, "CYBERCUBE_API_KEY": key_of("ci-payments", scopes=["flags"])}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "app.py").write_text(f'if on("{KEY}"):\n    pass\nrelease_new_dashboard = 1\n')
    (folder / "app.ts").write_text("flags.isEnabled('release_gone')\n")
    (folder / "node_modules" / "x.js").write_text(f'"{KEY}"')
    (folder / "logo.png").write_bytes(b"\x89PNG\xff")
    return folder


def test_scan__of_a_folder__keeps_what_it_names_and_says_what_nobody_defined(
    cybercube: Command, job: dict[str, str], code: Path
) -> None:
    ran = cybercube("flags", "scan", str(code), "--repository", "billing", "--revision", "a1b2c3d", **job)
    assert (ran.code, "nobody defined release_gone" in ran.out) == (0, True), ran.said
    rows = CodeReference.objects.values_list("key", "path", "line")
    assert sorted(rows) == [("release_gone", "app.ts", 1), (KEY, "app.py", 1)]


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "feature/CC-7-menu"},
        {"GITLAB_CI": "true", "CI_COMMIT_REF_NAME": "feature/CC-7-menu"},
        {"JENKINS_URL": "https://jenkins.test", "BRANCH_NAME": "feature/CC-7-menu"},
        {},
    ],
)
def test_scan__of_another_branch_than_main__keeps_nothing_and_says_so(
    cybercube: Command, job: dict[str, str], code: Path, elsewhere: dict[str, str]
) -> None:
    asked = ["flags", "scan", str(code), "--repository", "billing", "--revision", "a1b2c3d"]
    if not elsewhere:
        subprocess.run(["git", "init", "-q", "-b", "feature/CC-7-menu", str(code)], check=True)
    ran = cybercube(*asked, **job, **elsewhere)
    assert "0 of 2 references kept for billing: feature/CC-7-menu is not main" in ran.out, ran.said
    assert "nobody defined release_gone" in ran.out
    assert not CodeReference.objects.exists()

    ran = cybercube(*asked, "--branch", "main", **job, **elsewhere)
    assert "2 of 2 references kept" in ran.out, ran.said
    assert CodeReference.objects.count() == 2


def test_lint__of_a_folder__fails_on_unknown_and_expired_flags(
    cybercube: Command, job: dict[str, str], code: Path
) -> None:
    ran = cybercube("flags", "lint", str(code), **job)
    assert (ran.code, ran.out) == (1, "app.ts:1: release_gone is not defined (§7.6)\n"), ran.said
    (code / "app.ts").write_text(
        "const notes = 'release_notes'  // cybercube: no flag\n"
        "client.getBooleanValue('newMenu', false) || flags().isEnabled(`new-menu`)\n"
    )
    ran = cybercube("flags", "lint", str(code), **job)
    assert [line.partition(" is not named")[0] for line in ran.out.splitlines()] == [
        "app.ts:2: newMenu",
        "app.ts:2: new-menu",
    ]
    (code / "app.ts").unlink()
    assert cybercube("flags", "lint", str(code), **job).code == 0
    Flag.objects.update(expires_at=clock.now() - timedelta(days=1))
    assert "due for cleanup" in cybercube("flags", "lint", str(code), **job).out


def test_kill__from_a_terminal__is_at_once(cybercube: Command, job: dict[str, str]) -> None:
    ran = cybercube("flags", "kill", KEY, "prd", "--reason", "Errors", **job)
    assert ran.code == 0, ran.said
    assert get_served(KEY, "prd").killed_because == "Errors"
    assert cybercube("flags", "kill", "release_nobody", "prd", "--reason", "Errors", **job).code == 2
    assert cybercube("flags", "kill", "dashboard", "prd", "--reason", "Errors", **job).code == 2


def test_list_show_enable_ramp_export__from_a_terminal__say_what_is_served(
    cybercube: Command, job: dict[str, str], tmp_path: Path
) -> None:
    def said(*arguments: str, code: int = 0) -> str:
        ran = cybercube("flags", *arguments, **job)
        assert ran.code == code, ran.said
        return ran.out

    assert said("list").split() == [KEY, "enabling", "dev", "off", "stg", "off", "prd", "5", "%"]
    assert said("list", "is:archived") == ""
    said("list", "is:arcived", code=2)
    assert "dev: off, version 1" in said("show", KEY)
    assert said("enable", KEY, "dev", "--percent", "40") == f"{KEY} in dev: 40 %, version 2\n"
    assert said("enable", KEY, "prd", "--percent", "50%", "--reason", "Ready").startswith(f"{KEY} in prd: planned: CR-")
    said("enable", KEY, "prd", "--percent", "500", code=2)
    assert f"{KEY} in stg: 5 %" in said("ramp", KEY, "stg", "--steps", "5:1h,25:approval,100")
    said("ramp", KEY, "stg", "--steps", "5:soon", code=2)
    file = tmp_path / "flags.json"
    assert said("export", "dev", "--output", str(file)) == ""
    assert json.loads(file.read_text())["flags"][KEY]["rollout_percentage"] == 40
    assert json.loads(said("export", "dev", "--format", "flagd"))["flags"][KEY]["state"] == "ENABLED"
