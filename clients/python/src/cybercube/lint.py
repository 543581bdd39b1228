"""`cybercube check sql`: the portal's lint of migration files (§9)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Callable

from cybercube.exits import Exit, Unreachable, UsageError
from cybercube.portal import Portal
from cybercube.report import as_json, one_line

SECONDS = 60.0
LARGEST_FILE = 500_000
EXIT_CODES = """exit codes:
  0 no file has an error   1 one has   2 usage   4 not authenticated   5 portal unreachable or unreadable"""

Connect = Callable[[argparse.Namespace], Portal]


def add_sql(kinds: argparse._SubParsersAction[argparse.ArgumentParser], *, connect: Connect) -> argparse.ArgumentParser:
    """Add `sql`, which asks the portal that `connect` finds; returns its parser."""
    sql = kinds.add_parser(
        "sql",
        help="migration files, by the portal's lint (§9)",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    sql.set_defaults(command=lambda options: run_lint(options, connect(options)))
    sql.add_argument("files", metavar="FILE", nargs="+", type=Path)
    sql.add_argument("--json", action="store_true", help="print one answer of the portal for each file, as JSON lines")
    return sql


def run_lint(options: argparse.Namespace, portal: Portal) -> Exit:
    """Lint every file and print its findings as `FILE:LINE:COLUMN: …`. Raises UsageError for a file that cannot be read."""
    texts = [(file, _text(file)) for file in options.files]
    failed = False
    for file, text in texts:
        answer = portal.call("migrations/lint/", body={"filename": file.name, "sql": text}, seconds=SECONDS)
        findings = _findings(answer)
        failed = failed or any(finding["severity"] != "warning" for finding in findings)
        for line in [as_json({"file": str(file), **answer})] if options.json else _rows(file, findings):
            print(line)
    return Exit.REFUSED if failed else Exit.ALLOWED


def _text(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"{file} cannot be read: {type(fault).__name__}") from None
    if len(text) > LARGEST_FILE:
        raise UsageError(f"{file} has more than {LARGEST_FILE} characters")
    return text


def _findings(answer: Mapping[str, object]) -> list[dict[str, object]]:
    findings = answer.get("findings")
    is_readable = isinstance(findings, list) and all(
        isinstance(finding, dict) and isinstance(finding.get("severity"), str) for finding in findings
    )
    if not is_readable:
        raise Unreachable("the portal's answer holds no findings")
    return findings  # type: ignore[return-value]  # looked at above


def _rows(file: Path, findings: list[dict[str, object]]) -> Iterator[str]:
    for finding in findings:
        words = "{severity} {rule} {section} {message}".format_map(_Said(finding))
        yield one_line(f"{file}:{finding.get('line')}:{finding.get('column')}: {words}")
        for line in str(finding.get("safe_pattern") or "").splitlines():
            yield f"    {one_line(line)}"


class _Said(dict[str, object]):
    """A member that is missing is empty."""

    def __missing__(self, name: str) -> str:
        return ""
