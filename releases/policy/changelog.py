"""The changelog of a release (§5.4) from its commits (§2.3), by Keep a Changelog 1.1.0. Pure.

What users notice is told, never a dump of commits: docs, style, test and chore are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cybercube_portal.catalog.commits import Commit, CommitType, parse_commit

TITLE = "# Changelog\n\nAll notable changes to this project are documented in this file.\n"


class Group(StrEnum):
    """The headings, in their order."""

    ADDED = "Added"
    CHANGED = "Changed"
    DEPRECATED = "Deprecated"
    REMOVED = "Removed"
    FIXED = "Fixed"
    SECURITY = "Security"


BY_TYPE: dict[CommitType, Group] = {
    CommitType.FEAT: Group.ADDED,
    CommitType.FIX: Group.FIXED,
    CommitType.PERF: Group.CHANGED,
    CommitType.REFACTOR: Group.CHANGED,
}
# A footer that names a heading is told there too, in its own words.
BY_FOOTER: dict[str, Group] = {
    "deprecated": Group.DEPRECATED,
    "deprecates": Group.DEPRECATED,
    "removed": Group.REMOVED,
    "removes": Group.REMOVED,
}
# The heading says it already (§5.4: "OAuth2 support for Google login" under Added).
_FIRST_WORDS: dict[Group, re.Pattern[str]] = {
    Group.ADDED: re.compile(r"adds?(?:ed)? +(?=\S)", re.IGNORECASE),
    Group.DEPRECATED: re.compile(r"deprecate[sd]? +(?=\S)", re.IGNORECASE),
    Group.REMOVED: re.compile(r"(?:remove[sd]?|drop(?:s|ped)?) +(?=\S)", re.IGNORECASE),
}
_CVE = re.compile(r"\bCVE-[0-9]{4}-[0-9]{4,7}\b")
_SECURITY_SCOPES = frozenset({"security", "sec"})
_HEADING = re.compile(r"## +\[[^\]\n]*\][^\n]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the changelog, and the commit it comes from."""

    group: Group
    text: str
    tickets: tuple[str, ...] = ()
    is_breaking: bool = False
    commit: Commit

    def __str__(self) -> str:
        return f"{'**Breaking:** ' if self.is_breaking else ''}{with_tickets(self.text, self.tickets)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What commits give: `entries` in their order, `unread` the first lines of those that do not follow §2.3."""

    entries: tuple[Entry, ...] = ()
    commits: tuple[Commit, ...] = ()
    unread: tuple[str, ...] = ()

    def of(self, *groups: Group) -> tuple[Entry, ...]:
        """The entries under these headings."""
        return tuple(entry for entry in self.entries if entry.group in groups)


def draft(messages: Iterable[str]) -> Drafted:
    """Sort commit messages, the oldest first, under the headings; the same line is told once."""
    entries: dict[tuple[Group, str], Entry] = {}
    commits: list[Commit] = []
    unread: list[str] = []
    for message in messages:
        commit = parse_commit(message)
        if commit is None:
            unread.extend(message.strip().splitlines()[:1])
            continue
        commits.append(commit)
        for entry in _entries(commit):
            entries.setdefault((entry.group, str(entry)), entry)
    return Drafted(entries=tuple(entries.values()), commits=tuple(commits), unread=tuple(unread))


def written(drafted: Drafted) -> str:
    """The entries as Markdown under their headings, without the release's own heading; "" for none."""
    parts = [
        f"### {group}\n" + "\n".join(f"- {entry}" for entry in found) for group in Group if (found := drafted.of(group))
    ]
    return "\n\n".join(parts)


def heading(version: str, on: date | None) -> str:
    """`## [2.3.1] - 2026-01-17`; Unreleased without a day."""
    return f"## [{version.removeprefix('v')}] - {on.isoformat() if on else 'Unreleased'}"


def section(version: str, on: date | None, text: str) -> str:
    """A release in the changelog: its heading and what was written under it."""
    return f"{heading(version, on)}\n\n{text.strip() or 'Nothing that users notice.'}\n"


def document(sections: Iterable[str]) -> str:
    """CHANGELOG.md, the newest release first."""
    return "\n".join([TITLE, *sections])


def without_heading(text: str) -> str:
    """What somebody wrote, without the release's heading: that is the portal's to write."""
    found = _HEADING.match(text.lstrip())
    return text.lstrip()[found.end() :].strip() if found else text.strip()


def with_tickets(text: str, tickets: Iterable[str]) -> str:
    """`text (CC-5678)`; a ticket that the text names already is not repeated."""
    missing = [ticket for ticket in tickets if ticket not in text]
    return f"{text} ({', '.join(missing)})" if missing else text


def is_security(commit: Commit) -> bool:
    """Whether it says of itself that it is about security."""
    said = f"{commit.description}\n{commit.body}\n" + "\n".join(value for _, value in commit.footers)
    return commit.scope.lower() in _SECURITY_SCOPES or bool(commit.footer("security")) or _CVE.search(said) is not None


def plain(text: str, tickets: tuple[str, ...], *, group: Group) -> str:
    """A description as a sentence of the changelog: without its tickets, and without the word the heading says."""
    if tickets:
        one = "|".join(map(re.escape, tickets))
        text = re.sub(rf"[\[(]?(?:{one})(?:(?:,| and)? ?(?:{one}))*[\])]?:?", " ", text)
    text = " ".join(text.split()) or ", ".join(tickets)
    first = _FIRST_WORDS.get(group)
    text = first.sub("", text, count=1) if first and first.match(text) else text
    return text[:1].upper() + text[1:]


def _entries(commit: Commit) -> Iterator[Entry]:
    """What it does by itself, and what a footer says that it deprecates or removes."""
    group = _group(commit)
    security = commit.footer("security")
    if group is not None:
        yield _entry(commit, group, security.splitlines()[0] if security else commit.description)
    for token, named in BY_FOOTER.items():
        if words := commit.footer(token):
            yield _entry(commit, named, words.splitlines()[0])


def _entry(commit: Commit, group: Group, words: str) -> Entry:
    return Entry(
        group=group,
        text=plain(words, commit.tickets, group=group),
        tickets=commit.tickets,
        is_breaking=bool(commit.breaking),
        commit=commit,
    )


def _group(commit: Commit) -> Group | None:
    if is_security(commit):
        return Group.SECURITY
    for group in (Group.DEPRECATED, Group.REMOVED):
        if _FIRST_WORDS[group].match(commit.description) and commit.type in BY_TYPE:
            return group
    if commit.breaking and commit.type not in BY_TYPE:
        return Group.CHANGED
    return BY_TYPE.get(commit.type)


def grouped_texts(drafted: Drafted) -> Mapping[str, list[str]]:
    """The lines by heading, for programs."""
    return {group.value: [str(entry) for entry in found] for group in Group if (found := drafted.of(group))}
