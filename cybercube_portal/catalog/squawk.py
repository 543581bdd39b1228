"""Squawk, the linter of PostgreSQL migrations, as a process. It knows SQL; which of its findings count is `migration_lint`'s table."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SECONDS = 10
POSTGRESQL = "16.0"
# A comment could switch the linter off: it is read as a comment, in the same length so that columns stay.
_SILENCING = re.compile("squawk-(?=ignore|disable)", re.IGNORECASE)
_BINARY = Path(sys.executable).with_name("squawk")


class CannotRead(Exception):
    """Squawk gave no answer: the text is nested too deeply or takes too long, or there is no squawk beside this Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What squawk said. `line` and `column` count from 1; `help` may be empty."""

    rule: str
    line: int
    column: int
    message: str
    help: str


def findings_of(sql: str) -> list[Finding]:
    """Everything squawk finds, in its order. Raises CannotRead."""
    command = [
        str(_BINARY),
        f"--config={os.devnull}",  # else a .squawk.toml beside us would count
        "--reporter=json",
        "--stdin-filepath=migration.sql",
        f"--pg-version={POSTGRESQL}",
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own program; the SQL comes in by standard input
            command,
            input=_SILENCING.sub("squawk_", sql).encode(errors="replace"),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={"PATH": os.defpath},
        )
        rows = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise CannotRead from error
    return [
        Finding(
            rule=row["rule_name"],
            line=row["line"] + 1,
            column=row["column"] + 1,
            message=row["message"],
            help=row["help"] or "",
        )
        for row in rows
    ]
