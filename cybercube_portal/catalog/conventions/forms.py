"""What each rule looks at: functions from a value to what is wrong with it, or None.

A rule that has nothing to judge (the scope of a line that is no commit's) finds nothing: another rule has found it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from unicodedata import category

TYPES = ("feat", "fix", "docs", "style", "refactor", "perf", "test", "chore")
FLAG_TYPES = ("release", "ops", "experiment", "permission")
DAY = timedelta(days=1)
LIFETIMES = {"feature": 7 * DAY, "hotfix": DAY, "release": 7 * DAY}
LONGEST_FLAG_KEY = 100
LONGEST_VERSION = 128  # what a container tag may hold
PREFIX_CATEGORY_NAME = 3

_NUMBER = "(?:0|[1-9][0-9]*)"
_IDENTIFIER = f"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_SHA = "[0-9a-f]{7,40}"
SEMVER = re.compile(
    rf"v?(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<prerelease>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+(?P<build>[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)
SHA_BUILD = re.compile(f"sha-(?P<sha>{_SHA})")
ALIAS = re.compile(rf"(?P<base>v?[^+]+)-sha-(?P<sha>{_SHA})(?P<build>\+.*)?")
SERVICE = re.compile("[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

_DASHED = "[a-z0-9]+(?:-[a-z0-9]+)*"
_SNAKE = re.compile("[a-z0-9]+(?:_[a-z0-9]+)*")
_TICKET = "[A-Z][A-Z0-9]*-[1-9][0-9]*"
_SHORT_RELEASE = re.compile(rf"v{_NUMBER}\.{_NUMBER}")
_PRERELEASE = re.compile(rf"(?:alpha|beta|rc)\.{_NUMBER}")
_HEADER = re.compile(r"(?P<type>[^():!\s]*)(?P<scope>\([^()]*\))?!?(?P<colon>: ?)(?P<description>.*)")
_SCOPE = re.compile(r"[a-z0-9]+(?:[-_./][a-z0-9]+)*")
_REGISTRY = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]+)?(?:/[a-z0-9._-]+)*")
_MOMENT = re.compile("[0-9]{14}(?=_)")

_FIRST_LINE = "The first line is {type}({scope}): {description}."
_SQUASHED = "It is squashed into another commit before the merge: git rebase --interactive --autosquash."
GITS_OWN = (
    ("fixup! ", _SQUASHED),
    ("squash! ", _SQUASHED),
    ("amend! ", _SQUASHED),
    ("Revert ", "Git wrote this line: say what is taken back and why, as a fix(…): or another type."),
    ("Merge ", "Git wrote this line: only a merge commit has it, and merge commits are not judged."),
)
# Controls and line breaks of Unicode; marks that turn the direction of what follows.
_UNSEEN = frozenset({"Cc", "Zl", "Zp"})
_TURNS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))

Finds = Callable[[str], "str | None"]


# Branches, §2.2


def branch_type(value: str) -> str | None:
    """`main`, or one of the three that end."""
    kind, slash, _ = value.partition("/")
    if value == "main" or (slash and kind in LIFETIMES):
        return None
    return "A branch is main, or begins with feature/, hotfix/ or release/."


def working_branch(kind: str) -> Finds:
    """`{kind}/{ticket}-{desc}`."""
    has_ticket = re.compile(f"{kind}/{_TICKET}(?:-|$)")
    form = re.compile(f"{kind}/{_TICKET}-{_DASHED}")

    def finds(value: str) -> str | None:
        if not value.startswith(f"{kind}/") or form.fullmatch(value):
            return None
        if not has_ticket.match(value):
            return f"After {kind}/ stands a ticket, such as CC-1234."
        return "After the ticket stands a description: words in lower case, joined by “-”."

    return finds


def release_branch(value: str) -> str | None:
    """`release/v{version}` of §2.2, or `release/v{major}.{minor}` of the glossary (R10)."""
    version = value.partition("/")[2]
    if not value.startswith("release/") or _SHORT_RELEASE.fullmatch(version):
        return None
    parsed = _semver(version)
    if parsed and version.startswith("v") and not parsed["build"]:
        return None
    return "After release/ stands a version: v2.3.0, or v2.3."


def too_old(value: str, age: timedelta) -> str | None:
    """Whether a branch of this name has lived longer than §2.2 lets it."""
    limit = LIFETIMES.get(value.partition("/")[0])
    if limit is None or age < limit:
        return None
    return f"It has lived {age / DAY:.1f} days; it lives less than {'1 day' if limit == DAY else '1 week'}."


# Commits, §2.3


def commit_form(value: str) -> str | None:
    """The first line as a whole. What Git writes by itself is told what to do with it."""
    first = value.partition("\n")[0]
    if _HEADER.fullmatch(first):
        return None
    if not first.strip():
        return "The first line is empty."
    return next((says for begins, says in GITS_OWN if first.startswith(begins)), _FIRST_LINE)


def commit_type(value: str) -> str | None:
    """One of the eight."""
    header = _header(value)
    if header is None or header["type"] in TYPES:
        return None
    return f"“{header['type']}” is none of the types {', '.join(TYPES)}."


def commit_scope(value: str) -> str | None:
    """§2.3 writes only body and footer in brackets: the scope is not optional."""
    header = _header(value)
    if header is None or header["type"] not in TYPES:
        return None
    if header["scope"] is None:
        return "It names no scope; only body and footer are optional."
    return None if _SCOPE.fullmatch(header["scope"][1:-1]) else "The scope is words in lower case, such as (auth)."


def commit_description(value: str) -> str | None:
    """`: ` and words."""
    header = _header(value)
    if header is None:
        return None
    words = header["description"]
    if header["colon"] != ": " or words != words.strip() or not any(map(str.isalnum, words)):
        return "After the colon stand one space and a description."
    if any(category(character) in _UNSEEN or character in _TURNS for character in words):
        return "The description holds a character that nobody sees, such as one that controls a terminal."
    return None


def commit_body(value: str) -> str | None:
    """Git's own rule for the line after the first."""
    rest = value.split("\n")[1:]
    return "An empty line parts the first line from the body." if rest and rest[0].strip() else None


def _header(value: str) -> re.Match[str] | None:
    return _HEADER.fullmatch(value.partition("\n")[0])


# Versions, §3.2, and artifacts, §3.3


def version_form(value: str) -> str | None:
    """SemVer, its alias with a commit, or a build of main (R17)."""
    if len(value) > LONGEST_VERSION:
        return f"A version has at most {LONGEST_VERSION} characters."
    if SHA_BUILD.fullmatch(value) or _semver(value):
        return None
    return "A version is vMAJOR.MINOR.PATCH; a build of main is sha- and its commit."


def version_prerelease(value: str) -> str | None:
    """The three that §3.2 knows."""
    parsed = None if len(value) > LONGEST_VERSION else _semver(value)
    if parsed is None or parsed["prerelease"] is None or _PRERELEASE.fullmatch(parsed["prerelease"]):
        return None
    return "A pre-release is alpha.N, beta.N or rc.N."


def artifact_form(value: str) -> str | None:
    """A colon between two halves (R2), perhaps after a registry."""
    registry, slash, name = value.rpartition("/")
    service, colon, version = name.partition(":")
    if slash and not _REGISTRY.fullmatch(registry):
        return "Before the last “/” stands a registry, such as registry.cybercube.software."
    return None if service and colon and version else "An artifact is {service}:{version}, joined by a colon."


def artifact_service(value: str) -> str | None:
    """The half before the colon."""
    service, colon, _ = value.rpartition("/")[2].partition(":")
    if not (service and colon) or SERVICE.fullmatch(service):
        return None
    return f"“{service}” is no service: words in lower case, joined by “-”."


def artifact_version(value: str) -> str | None:
    """The half after the colon; `latest` is a name of §3.3, for dev alone (the gate sees to that)."""
    version = value.rpartition("/")[2].partition(":")[2]
    return None if version in {"", "latest"} else version_form(version) or version_prerelease(version)


def _semver(value: str) -> re.Match[str] | None:
    alias = ALIAS.fullmatch(value)
    return SEMVER.fullmatch(alias["base"] + (alias["build"] or "") if alias else value)


# Migrations, §9.2, flags, §7.2, and variables, §1.3


def migration_timestamp(value: str) -> str | None:
    """14 digits that are a moment."""
    moment = _MOMENT.match(value)
    try:
        if moment is not None:
            datetime.strptime(moment[0], "%Y%m%d%H%M%S")  # noqa: DTZ007 - only asks whether the moment exists
            return None
    except ValueError:
        pass
    return "It begins with a moment of 14 digits, YYYYMMDDHHMMSS, and “_”."


def migration_description(value: str) -> str | None:
    """What stands between the moment and the ending."""
    description = re.sub("^[0-9]*_?", "", value.removesuffix(".sql"))
    if _SNAKE.fullmatch(description):
        return None
    if description.endswith((".up", ".down")):
        return "The way there and the way back stand in one file, below “-- Up” and “-- Down” (§8.4): the description is words alone."
    return "After the moment stands a description: words in lower case, joined by “_”."


def migration_ending(value: str) -> str | None:
    """The ending."""
    return None if value.endswith(".sql") else "The file ends in .sql."


def flag_type(value: str) -> str | None:
    """The first word (R11: the names of 7.1 are not keys)."""
    return None if value.partition("_")[0] in FLAG_TYPES else f"A flag begins with one of {', '.join(FLAG_TYPES)}."


def flag_form(value: str) -> str | None:
    """What follows the type; examples of §7.2 have no variant, so one word is enough (R11)."""
    kind, _, rest = value.partition("_")
    if len(value) > LONGEST_FLAG_KEY:
        return f"A flag has at most {LONGEST_FLAG_KEY} characters."
    if kind not in FLAG_TYPES or _SNAKE.fullmatch(rest):
        return None
    return "After the type stand the feature and its variant: words in lower case, joined by “_”."


def variable_form(value: str) -> str | None:
    """A prefix, a category and a name."""
    words = value.split("_")
    if words[0] != "CYBERCUBE":
        return "A variable begins with CYBERCUBE_."
    if not all(re.fullmatch("[A-Z0-9]+", word) for word in words):
        return "A variable is words in upper case, joined by “_”."
    return None if len(words) >= PREFIX_CATEGORY_NAME else "After CYBERCUBE_ stand a category and a name."
