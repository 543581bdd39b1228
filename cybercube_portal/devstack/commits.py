"""Our own commits, held against §2.3 by the table that we ship."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cybercube_portal.catalog.conventions.table import check

# What was written before names no scope everywhere; history is not written anew (§2.5).
SINCE = "2026-11-26T00:00:00Z"


def wrong_commits(folder: Path) -> list[str]:
    """Every commit since SINCE that breaks a rule, each with the rule and what it says; merges are Git's own. Empty without a history."""
    asked = ["git", "log", "--no-merges", f"--since={SINCE}", "--format=%h%x00%B%x00%x00"]
    done = subprocess.run(asked, cwd=folder, check=False, capture_output=True, text=True, errors="replace")
    if done.returncode:
        return []
    wrong = []
    for commit in done.stdout.split("\0\0"):
        sha, _, message = commit.strip("\n").partition("\0")
        for broken in check("commit", message.strip("\n")) if sha else []:
            first, _, _ = message.partition("\n")
            wrong.append(
                f"{sha} {first}\n    {broken.rule} {broken.section} {broken.message} For example: {broken.example}"
            )
    return wrong
