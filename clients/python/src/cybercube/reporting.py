"""`cybercube report protection`: how the repository's branches are protected, sent to the portal and judged by §2.5."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Callable

from cybercube.arguments import add_credentials, word
from cybercube.decision import Reason, read_reasons
from cybercube.exits import Exit, Unreachable, UsageError
from cybercube.portal import Portal
from cybercube.report import MARKS, as_json, one_line

SECONDS = 30.0
LARGEST_SETTINGS = 1024 * 1024
# Where each platform looks for it: the first that is there counts.
CODEOWNERS = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
}
# A pattern and somebody: @person, @group/team or an address. A section of GitLab's may name owners for all of its lines.
OWNED = re.compile(r"^(?!\s*#)\s*(?:\^?\[[^\]]+\](?:\[\d+\])?|\S+)\s+[^#\n]*[^\s#]*@[^\s#]+", re.MULTILINE)
EXIT_CODES = """exit codes:
  0 protected as §2.5 asks   1 not   2 usage   4 not authenticated   5 portal unreachable or unreadable"""

Connect = Callable[[argparse.Namespace], Portal]


def add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser], *, connect: Connect) -> None:
    """Add `report protection`, which tells the portal that `connect` finds."""
    parser = commands.add_parser("report", help="tell the portal what a platform says", allow_abbrev=False)
    protection = parser.add_subparsers(required=True, metavar="WHAT").add_parser(
        "protection",
        help="how main and release/* are protected (§2.5)",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    protection.set_defaults(command=lambda options: report_protection(options, connect(options)))
    protection.add_argument("service", metavar="SERVICE", type=word)
    protection.add_argument("--platform", choices=("github", "gitlab"), required=True)
    protection.add_argument("--settings", metavar="FILE", required=True, help="the platform's JSON, or - for stdin")
    protection.add_argument("--root", type=Path, default=Path(), help="the checkout, to look for CODEOWNERS in")
    protection.add_argument("--json", action="store_true", help="print the portal's answer instead of rows")
    add_credentials(protection)


def report_protection(options: argparse.Namespace, portal: Portal) -> Exit:
    """Send the settings and print what §2.5 lacks. Raises UsageError for settings that are no JSON object."""
    body: dict[str, object] = {
        "platform": options.platform,
        "settings": _settings(options.settings),
        "codeowners": _has_owners(options.root, options.platform),
    }
    answer = portal.call(f"services/{options.service}/protection/", body=body, seconds=SECONDS)
    reasons = read_reasons({"reasons": answer.get("findings")})
    if not reasons or not isinstance(answer.get("protected"), bool):
        raise Unreachable("the portal's answer holds no findings")
    for line in [as_json(answer)] if options.json else _rows(reasons):
        print(line)
    is_protected = answer["protected"] is True and all(reason.outcome == "pass" for reason in reasons)
    return Exit.ALLOWED if is_protected else Exit.REFUSED


def _settings(source: str) -> Mapping[str, object]:
    try:
        text = sys.stdin.read(LARGEST_SETTINGS + 1) if source == "-" else Path(source).read_text(encoding="utf-8")
        settings = json.loads(text)
    except (OSError, ValueError, RecursionError) as fault:
        raise UsageError(f"--settings cannot be read: {type(fault).__name__}") from None
    if not isinstance(settings, dict):
        raise UsageError("--settings must hold a JSON object")
    return settings


def _has_owners(root: Path, platform: str) -> bool:
    """Whether the file that counts names an owner; one with nothing but comments does not."""
    file = next((root / name for name in CODEOWNERS[platform] if (root / name).is_file()), None)
    return file is not None and OWNED.search(file.read_text(encoding="utf-8", errors="replace")) is not None


def _rows(reasons: tuple[Reason, ...] | list[Reason]) -> Iterator[str]:
    for reason in reasons:
        yield f"{MARKS.get(reason.outcome, '?')} {one_line(reason.section)}  {one_line(reason.message)}"
        if reason.outcome != "pass" and reason.remedy:
            yield f"    remedy: {one_line(reason.remedy)}"
