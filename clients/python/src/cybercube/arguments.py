"""What an argument of the command may be, and the arguments that several commands share."""

from __future__ import annotations

import argparse
import re

from cybercube.deployment import REFERENCE

LONGEST_WAIT = 24 * 3600
FLAG_KEY = re.compile(r"(?:release|ops|experiment|permission)(?:_[a-z0-9]+)+", re.ASCII)


def add_common(command: argparse.ArgumentParser, *, left: str) -> None:
    """How long an answer may take, how it is printed, and the file that `left` is written to."""
    command.add_argument("--timeout", type=duration, default=30, metavar="30s", help="how long an answer may take")
    command.add_argument("--json", action="store_true", help="print the portal's answer instead of rows")
    command.add_argument("--env-file", type=word, metavar="FILE", help=f"write {left} as NAME=value lines")
    add_credentials(command)


def add_credentials(parser: argparse.ArgumentParser) -> None:
    """Who proves who runs, where there is no key."""
    parser.add_argument("--oidc", action="store_true", help="without a key, prove who runs by the CI platform's token")
    parser.add_argument("--oidc-audience", type=word, metavar="AUD", help="(default: CYBERCUBE_PORTAL_URL)")


def word(text: str) -> str:
    """An argument that an unset variable cannot have emptied."""
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError("must not be empty")
    return text.strip()


def flag_key(text: str) -> str:
    """A flag's key, which becomes part of an address (§7.2)."""
    if not FLAG_KEY.fullmatch(text):
        raise argparse.ArgumentTypeError("must look like release_new_dashboard (§7.2)")
    return text


def digest(text: str) -> str:
    """A digest of an artifact."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError("must be sha256: and 64 lower-case hexadecimal digits")
    return text


def reference(text: str) -> str:
    """A deployment's id, which becomes part of an address."""
    if not REFERENCE.fullmatch(text):
        raise argparse.ArgumentTypeError("must look like DEP-017")
    return text


def steps(text: str) -> list[dict[str, int]]:
    """`5:5m,25:10m,100`: percent and pause of each step; the portal judges whether they mean something."""
    steps = []
    for part in text.split(","):
        weight, _, pause = part.strip().partition(":")
        if not weight.isascii() or not weight.isdigit():
            raise argparse.ArgumentTypeError("must look like 5:5m,25:10m,100")
        steps.append({"weight": int(weight), "pause_seconds": duration(pause) if pause else 0})
    return steps


def duration(text: str) -> int:
    """`90s`, `30m`, `2h`, `1h30m` in seconds, at most a day."""
    match = re.fullmatch(r"(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?", text, re.ASCII)
    if not text or not match:
        raise argparse.ArgumentTypeError("must look like 90s, 30m, 2h or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total > LONGEST_WAIT:
        raise argparse.ArgumentTypeError("must be at most 24h")
    return total
