"""`cybercube flags scan|lint|kill`: where code names flags, whether it names the right ones, and the switch.

A line that says `cybercube: no flag` names none, whatever it looks like.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple
from urllib.parse import quote

from cybercube.arguments import FLAG_KEY, add_credentials, flag_key, word
from cybercube.exits import Exit, Unreachable, UsageError
from cybercube.portal import Portal
from cybercube.report import as_json
from cybercube.runs import current_branch
from cybercube.serving import add_serving

SECONDS = 60.0
LARGEST_FILE = 1_000_000
MOST = 10_000
QUOTED = re.compile(rf"""(["'`])({FLAG_KEY.pattern})\1""")
# What is asked of a client of flags, by ours and §7.4's names and by OpenFeature's: its first argument is a key, whatever it looks like.
ASKED = re.compile(
    r"""(?:flags?\w*(?:\(\))?\s*\??\.\s*(?:is_?enabled|(?:get_?)?value|details)"""
    r"""|\.\s*get_?(?:boolean|string|integer|float|number|object)_?(?:value|details)(?:_?async)?)"""
    r"""\(\s*(["'`])([^"'`$\n]{1,200})\1""",
    re.IGNORECASE,
)
IGNORED = re.compile(r"cybercube:\s*no flag\b", re.IGNORECASE)
SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", "dist", "build", "vendor"})
EXIT_CODES = """exit codes:
  0 done, nothing wrong   1 lint found something, or the portal refused   2 usage   4 not authenticated   5 portal unreachable"""

Connect = Callable[[argparse.Namespace], Portal]


class Line(NamedTuple):
    """A line of code that names a flag."""

    key: str
    path: str
    line: int

    @property
    def is_key(self) -> bool:
        """Whether it is named as flags are (§7.2)."""
        return FLAG_KEY.fullmatch(self.key) is not None


def add_flags(commands: argparse._SubParsersAction[argparse.ArgumentParser], *, connect: Connect) -> None:
    """Add `flags`, which talks to the portal that `connect` finds."""
    verbs = commands.add_parser("flags", help="feature flags", allow_abbrev=False).add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    scan = _verb(verbs, "scan", "tell the portal where this code names flags")
    scan.set_defaults(command=lambda options: _scan(options, connect(options)))
    scan.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path())
    scan.add_argument("--repository", type=word, required=True, metavar="NAME", help="whose references are replaced")
    scan.add_argument("--revision", type=word, metavar="SHA", help="(default: git rev-parse HEAD)")
    scan.add_argument(
        "--branch", type=word, metavar="NAME", help="only what main names is kept (default: the job's, or git's)"
    )
    lint = _verb(verbs, "lint", "fail when the code names a flag nobody defined, one that expired or was archived")
    lint.set_defaults(command=lambda options: _lint(options, connect(options)))
    lint.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path())
    kill = _verb(verbs, "kill", "serve the safe variant to everybody, at once")
    kill.set_defaults(command=lambda options: _kill(options, connect(options)))
    kill.add_argument("key", metavar="KEY", type=flag_key)
    kill.add_argument("environment", metavar="ENV", choices=["dev", "stg", "prd"])
    kill.add_argument("--reason", type=word, required=True)
    add_serving(lambda name, words: _verb(verbs, name, words), connect=connect)


def _verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, words: str) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = verbs.add_parser(name, help=words, epilog=EXIT_CODES, formatter_class=raw, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print JSON instead of rows")
    add_credentials(parser)
    return parser


def find_lines(folder: Path) -> Iterator[Line]:
    """Every quoted key in the text files below `folder`, in order, and what flags are asked by. Raises UsageError for what is no folder."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(files):
            path = Path(place) / name
            for number, text in enumerate(_text(path).splitlines(), start=1):
                if IGNORED.search(text):
                    continue
                named = (found[2] for pattern in (QUOTED, ASKED) for found in pattern.finditer(text))
                for key in dict.fromkeys(named):
                    yield Line(key, path.relative_to(folder).as_posix(), number)


def _text(path: Path) -> str:
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST_FILE:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _scan(options: argparse.Namespace, portal: Portal) -> Exit:
    lines = [line for line in dict.fromkeys(find_lines(options.folder)) if line.is_key]
    if len(lines) > MOST:
        raise UsageError(f"{len(lines)} references: the portal takes {MOST} of a repository")
    body: dict[str, object] = {
        "repository": options.repository,
        "revision": options.revision or _revision(options.folder),
        "references": [line._asdict() for line in lines],
    }
    branch = (
        options.branch or current_branch(os.environ) or _git(options.folder, "symbolic-ref", "--short", "-q", "HEAD")
    )
    if branch:
        body["branch"] = branch
    answer = portal.call("flags/references/", body=body, seconds=SECONDS)
    unknown, kept = answer.get("unknown"), answer.get("references")
    words = f"{kept} of {len(lines)} references kept for {options.repository}"
    print(as_json(answer) if options.json else words if kept == len(lines) else f"{words}: {branch} is not main")
    for key in unknown if isinstance(unknown, list) and not options.json else []:
        print(f"nobody defined {key}")
    return Exit.ALLOWED


def _lint(options: argparse.Namespace, portal: Portal) -> Exit:
    lines = list(find_lines(options.folder))
    wrong = {key: words for key in sorted({line.key for line in lines}) if (words := _wrong(key, portal))}
    found = [{**line._asdict(), "problem": wrong[line.key]} for line in lines if line.key in wrong]
    if options.json:
        print(as_json({"problems": found}))
    else:
        for row in found:
            print(
                f"{row['path']}:{row['line']}: {row['key']} {row['problem']}"
                + ("" if "§" in row["problem"] else " (§7.6)")
            )
    return Exit.REFUSED if found else Exit.ALLOWED


def _wrong(key: str, portal: Portal) -> str:
    """What is wrong with naming the flag; empty when nothing is."""
    if not FLAG_KEY.fullmatch(key):
        return "is not named as flags are, such as release_new_dashboard (§7.2)"
    try:
        flag = portal.call(f"flags/{quote(key, safe='')}/", seconds=SECONDS)
    except UsageError:
        return "is not defined"
    if flag.get("archived_at"):
        return "is archived"
    if flag.get("stage") == "cleanup_due":
        return "is due for cleanup: it has expired, or is fully rolled out for two weeks"
    if flag.get("key") != key:
        raise Unreachable("the portal's answer is about another flag")
    return ""


def _kill(options: argparse.Namespace, portal: Portal) -> Exit:
    body: dict[str, object] = {"environment": options.environment, "reason": options.reason}
    answer = portal.call(f"flags/{quote(options.key, safe='')}/kill/", body=body, seconds=SECONDS)
    words = f"{options.key} is off in {options.environment}: {answer.get('safe_variant')} is served to everybody"
    print(as_json(answer) if options.json else words)
    return Exit.ALLOWED


def _revision(folder: Path) -> str:
    found = _git(folder, "rev-parse", "HEAD")
    if not found:
        raise UsageError("the revision is not known: give --revision")
    return found


def _git(folder: Path, *asked: str) -> str:
    """What git says of the folder; "" where it says nothing."""
    try:
        done = subprocess.run(  # noqa: S603 - its arguments are ours
            ["git", "-C", str(folder), *asked],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
