"""Our own commits, held against §2.3 by the table that we ship."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cybercube_portal.catalog.conventions.table import check


def wrong_commits(folder: Path) -> list[str]:
    """Every commit that no remote has yet and that breaks a rule, each with the rule and what it says.

    What was pushed is not written anew (§2.5), so to refuse it would be to refuse for ever; merges are Git's own.
    Empty without a remote or a history.
    """
    if not _git(folder, "remote"):
        return []
    said = _git(folder, "log", "--no-merges", "--format=%h%x00%B%x00%x00", "HEAD", "--not", "--remotes")
    wrong = []
    for commit in said.split("\0\0"):
        sha, _, message = commit.strip("\n").partition("\0")
        for broken in check("commit", message.strip("\n")) if sha else []:
            first, _, _ = message.partition("\n")
            wrong.append(
                f"{sha} {first}\n    {broken.rule} {broken.section} {broken.message} For example: {broken.example}"
            )
    return wrong


def _git(folder: Path, *asked: str) -> str:
    done = subprocess.run(["git", *asked], cwd=folder, check=False, capture_output=True, text=True, errors="replace")
    return "" if done.returncode else done.stdout
