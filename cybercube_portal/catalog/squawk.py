"""Squawk, the linter of PostgreSQL migrations, as a process. It knows SQL; which of its findings count is `migration_lint`'s table."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

SECONDS = 5
POSTGRESQL = "16.0"
# A comment could switch the linter off: it is read as a comment, in the same length so that columns stay.
_SILENCING = re.compile("squawk-(?=ignore|disable)", re.IGNORECASE)
BINARY = Path(sys.executable).with_name("squawk")


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
        str(BINARY),
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
    columns = _Columns(sql)
    return [
        Finding(
            rule=row["rule_name"],
            line=row["line"] + 1,
            column=columns.of(row["line"], row["column"]),
            message=row["message"],
            help=row["help"] or "",
        )
        for row in rows
    ]


class _Columns:
    """Squawk counts a column in bytes of UTF-8, people in characters. Each line is measured once."""

    def __init__(self, sql: str) -> None:
        self.lines = sql.split("\n")
        self.measured: dict[int, list[int]] = {}

    def of(self, line: int, byte: int) -> int:
        """The column, counted from 1, of a byte counted from 0."""
        text = self.lines[line] if line < len(self.lines) else ""
        if text.isascii():
            return byte + 1
        if line not in self.measured:
            self.measured[line] = list(accumulate(len(character.encode(errors="replace")) for character in text))
        return bisect_right(self.measured[line], byte) + 1
