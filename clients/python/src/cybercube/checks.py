"""`cybercube check`: names and messages held against the standard's conventions. The table is shipped: nothing is asked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from cybercube.conventions.table import KINDS, Violation, check
from cybercube.exits import Exit
from cybercube.report import as_json, one_line

STANDARD_INPUT = "-"
EXIT_CODES = """exit codes:
  0 every value follows the conventions   1 one does not   2 usage"""
HELP = {
    "branch": "a branch's name (§2.2)",
    "commit": "a commit's whole message (§2.3)",
    "pull_request": "a pull request's title, or title, line break and description with its checklist (§2.4)",
    "version": "a version (§3.2)",
    "artifact": "an artifact's name (§3.3)",
    "migration": "a migration file's name (§9.2)",
    "flag": "a feature flag's key (§7.2)",
    "variable": "an environment variable's name (§1.3)",
}


def add_check(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Add `check` with a command for each kind of the table; returns where more of its commands can be added."""
    parser = commands.add_parser("check", help="hold names and messages against the conventions", allow_abbrev=False)
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    for kind in KINDS:
        one = kinds.add_parser(
            kind.replace("_", "-"),
            help=HELP[kind],
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        one.set_defaults(command=run_check, kind=kind, created=None)
        one.add_argument(
            "values", metavar="VALUE", nargs="+", help="what to check, or - to read it from standard input"
        )
        one.add_argument("--json", action="store_true", help="print {ok, violations} as the portal answers")
        if kind == "branch":
            one.add_argument(
                "--created", type=_moment, metavar="MOMENT", help="when it was made, e.g. 2026-01-17T10:00:00Z"
            )
    return kinds


def run_check(options: argparse.Namespace) -> Exit:
    """Check every value of `options` and print what is broken, with a correct example."""
    age = datetime.now(timezone.utc) - options.created if options.created else None
    found = [broken for value in options.values for broken in _check(options.kind, value, age)]
    if options.json:
        print(as_json({"ok": not found, "violations": [broken._asdict() for broken in found]}))
    else:
        for line in _rows(found):
            print(line)
    return Exit.REFUSED if found else Exit.ALLOWED


def _check(kind: str, value: str, age: timedelta | None) -> list[Violation]:
    text = _read() if value == STANDARD_INPUT else value
    # A shell names files with their folders; the convention is about the name.
    return check(kind, text.rpartition("/")[2] if kind == "migration" else text, age=age)


def _read() -> str:
    """Standard input without its last line ends, Windows' among them; bytes that are no UTF-8 are characters that break a rule."""
    return sys.stdin.buffer.read().decode("utf-8", errors="replace").rstrip("\r\n")


def _rows(found: list[Violation]) -> Iterator[str]:
    for broken in found:
        first, _, _ = broken.value.partition("\n")
        yield f"✗ {broken.rule}  {broken.section}  {one_line(broken.message)}  ({one_line(first) or 'nothing'})"
        yield f"    for example: {one_line(broken.example)}"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError("must look like 2026-01-17T10:00:00Z") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("must say its offset, such as Z or +01:00")
    if moment > datetime.now(timezone.utc) + timedelta(days=1):
        raise argparse.ArgumentTypeError("must not lie in the future")
    return moment
