"""`./portal check`: our own commits keep §2.3 before they are pushed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cybercube_portal.devstack.commits import wrong_commits

AUTHOR = {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder: Path, *asked: str, message: str = "") -> None:
    command = ["git", *asked]
    subprocess.run(command, cwd=folder, env={**os.environ, **AUTHOR}, input=message, text=True, check=True)


def commit(folder: Path, message: str) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "--file=-", message=message)


def test_commits__not_pushed_yet__are_named_with_what_they_break(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    assert wrong_commits(tmp_path) == []
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(theirs))
    commit(theirs, "docs: no scope, and nobody can mend it any more")
    assert wrong_commits(theirs) == [], "nothing to push to"
    git(tmp_path, "clone", "--quiet", str(theirs), str(ours))
    commit(ours, "docs(api): the schema\n\nIt says more.")
    assert wrong_commits(ours) == []

    commit(ours, "docs: no scope\n\nIt says more.")
    (found,) = wrong_commits(ours)
    assert "docs: no scope" in found
    assert "commit.scope §2.3" in found
    assert "For example: fix(billing): correct tax calc" in found
