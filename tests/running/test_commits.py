"""`./portal check`: our own commits keep §2.3 from the day on that the rule was made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cybercube_portal.devstack.commits import wrong_commits

AUTHOR = {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def commit(folder: Path, message: str, *, at: str) -> None:
    environment = {**os.environ, **AUTHOR, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    command = ["git", "commit", "--quiet", "--allow-empty", "--file=-"]
    subprocess.run(command, cwd=folder, env=environment, input=message, text=True, check=True)


def test_commits__since_the_rule__are_named_with_what_they_break(tmp_path: Path) -> None:
    assert wrong_commits(tmp_path) == []
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=tmp_path, check=True)
    commit(tmp_path, "docs: no scope, before the rule", at="2026-11-25T12:00:00Z")
    commit(tmp_path, "docs(api): the schema\n\nIt says more.", at="2026-11-26T12:00:00Z")
    assert wrong_commits(tmp_path) == []

    commit(tmp_path, "docs: no scope, after it\n\nIt says more.", at="2026-11-27T12:00:00Z")
    (found,) = wrong_commits(tmp_path)
    assert "docs: no scope, after it" in found
    assert "commit.scope §2.3" in found
    assert "For example: fix(billing): correct tax calc" in found
