"""Release notes by the template of §5.5, drafted from what is known; people edit them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from releases.policy.changelog import Drafted, Entry, Group, plain, with_tickets

# The headings of §5.5, in their order. "Bug Fixes" is the glossary's ("Release Notes"), the template has no place for them.
SECTIONS: tuple[str, ...] = (
    "Highlights",
    "New Features",
    "Improvements",
    "Breaking Changes",
    "Deprecations",
    "Upgrade Instructions",
    "Known Issues",
    "Security Notes",
)
_VARIABLE = re.compile(r"\bCYBERCUBE(?:_[A-Z0-9]+)+\b")
_ASIDE = re.compile(
    r"\s*(?:#|=+\s*\Z|-+\s*\Z|(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|refs?)\b:? +\S+\s*\Z)", re.IGNORECASE
)
_HEADING = re.compile(r"^## +(?P<title>[^\n#]+?) *#*$", re.MULTILINE)
NONE = "None in this release."


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesFacts:
    """What the notes are drafted from. `migrations`: kind by file name."""

    service: str
    version: str
    type: str
    on: date | None
    drafted: Drafted
    migrations: Mapping[str, str] = field(default_factory=dict)


def draft_notes(facts: NotesFacts) -> str:
    """The template of §5.5, filled in."""
    drafted = facts.drafted
    parts = [
        _head(facts),
        _part("Highlights", _highlights(facts)),
        _part("New Features", "\n\n".join(map(_feature, drafted.of(Group.ADDED))) or NONE),
        _part("Improvements", _bullets(map(_improvement, drafted.of(Group.CHANGED)))),
        *([_part("Bug Fixes", _bullets(map(str, fixes)))] if (fixes := drafted.of(Group.FIXED)) else []),
        _part("Breaking Changes", _bullets(_breaking(drafted))),
        _part("Deprecations", _bullets(_leaving(drafted))),
        _part("Upgrade Instructions", _upgrade(facts)),
        _part("Known Issues", "None known."),
        _part("Security Notes", _bullets(map(str, drafted.of(Group.SECURITY)))),
    ]
    return "\n\n".join(parts) + "\n"


def missing_sections(text: str) -> tuple[str, ...]:
    """Headings of the template that the notes do not have."""
    found = {match["title"].strip().lower() for match in _HEADING.finditer(text)}
    return tuple(section for section in SECTIONS if section.lower() not in found)


def new_variables(drafted: Drafted) -> tuple[str, ...]:
    """Environment variables that commits speak of, in order (§1.3)."""
    said = (f"{commit.description}\n{commit.body}\n{commit.footers}" for commit in drafted.commits)
    return tuple(dict.fromkeys(found[0] for text in said for found in _VARIABLE.finditer(text)))


def _head(facts: NotesFacts) -> str:
    on = facts.on.isoformat() if facts.on else "Unreleased"
    return f"# Release Notes: {facts.version}\n\n**Release Date:** {on}\n**Type:** {facts.type.capitalize()} Release"


def _part(title: str, text: str) -> str:
    return f"## {title}\n\n{text}"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or NONE


def _highlights(facts: NotesFacts) -> str:
    drafted = facts.drafted
    counted = (
        (len(drafted.of(Group.ADDED)), "new feature"),
        (len(drafted.of(Group.CHANGED)), "improvement"),
        (len(drafted.of(Group.FIXED)), "bug fix"),
        (len(drafted.of(Group.SECURITY)), "security update"),
    )
    told = [_counted(number, word) for number, word in counted if number]
    brings = " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
    return f"This release of {facts.service} brings {brings or 'no change that users notice'}."


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}{'es' if word.endswith('x') else 's'}"


def _feature(entry: Entry) -> str:
    """Its heading and what its author said of it; lines that only refer to tickets, or would be headings, are not told."""
    lines = [line for line in entry.commit.body.splitlines() if not _ASIDE.match(line)]
    body = "\n".join(lines).strip()
    return f"### {entry.text}" + (f"\n\n{body}" if body else "")


def _improvement(entry: Entry) -> str:
    scope, told = entry.commit.scope, with_tickets(entry.text, entry.tickets)
    return f"**{scope[:1].upper()}{scope[1:]}**: {told}" if scope else told


def _leaving(drafted: Drafted) -> Iterable[str]:
    yield from (with_tickets(entry.text, entry.tickets) for entry in drafted.of(Group.DEPRECATED))
    # What breaks by being removed stands among the breaking changes.
    for entry in drafted.of(Group.REMOVED):
        if not entry.is_breaking:
            yield f"Removed: {with_tickets(entry.text, entry.tickets)}"


def _breaking(drafted: Drafted) -> Iterable[str]:
    for commit in drafted.commits:
        if commit.breaking:
            words = " ".join(commit.breaking.split())
            yield with_tickets(plain(words, commit.tickets, group=Group.CHANGED), commit.tickets)


def _upgrade(facts: NotesFacts) -> str:
    variables = new_variables(facts.drafted)
    steps = [
        "No database migrations required" if not facts.migrations else "Run the database migrations, in this order:",
        *(["Update environment variables (see below)"] if variables else []),
        "Deploy new version",
    ]
    lines: list[str] = []
    for number, step in enumerate(steps, start=1):
        lines.append(f"{number}. {step}")
        if number == 1:
            lines += [f"   - `{name}` ({kind})" for name, kind in sorted(facts.migrations.items())]
    if variables:
        lines += ["", "### New Environment Variables", "", "```bash", *(f"{name}=" for name in variables), "```"]
    return "\n".join(lines)
