"""Commit messages by Conventional Commits 1.0.0 with the eight types of §2.3. Pure.

A message that does not follow it is None, never an error: what a pipeline registers was written long before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class CommitType(StrEnum):
    """§2.3."""

    FEAT = "feat"
    FIX = "fix"
    DOCS = "docs"
    STYLE = "style"
    REFACTOR = "refactor"
    PERF = "perf"
    TEST = "test"
    CHORE = "chore"


# The first line and where footers begin; each is tried on one line of bounded length, so hostile text is read once.
LONGEST_LINE = 1000
_HEADER = re.compile(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()]+)\))?(?P<breaking>!)?: +(?P<description>\S.*)")
_FOOTER = re.compile(r"(?P<token>BREAKING CHANGE|[A-Za-z][A-Za-z0-9-]*)(?:: +| (?=#))(?P<value>\S.*)")
_BREAKING_TOKENS = frozenset({"BREAKING CHANGE", "BREAKING-CHANGE"})
# §2.3 writes "Closes CC-1234" without the colon of a footer.
_REFERS = re.compile(r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|refs?|part of)\b:?", re.IGNORECASE)
_TICKET = re.compile(r"(?<![A-Za-z0-9-])(?P<project>[A-Z][A-Z0-9]{1,9})-[1-9][0-9]{0,6}(?![A-Za-z0-9-])")
# Written like a ticket, and something else.
_NO_PROJECT = frozenset({"AES", "CVE", "CWE", "GHSA", "HTTP", "ISO", "RFC", "RSA", "SHA", "TLS", "UTF"})
_PULL_REQUEST = re.compile(r" *\(#[0-9]+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One message taken apart. `footers` in their order; `tickets` of its first line and its footers, each once.

    `breaking` says what breaks, "" for nothing: the footer's words, or the description after a `!`.
    """

    type: CommitType
    scope: str
    description: str
    body: str = ""
    footers: tuple[tuple[str, str], ...] = ()
    breaking: str = ""
    tickets: tuple[str, ...] = ()

    def footer(self, *tokens: str) -> str:
        """The first footer with one of `tokens` (lower case); "" without one."""
        return next((value for token, value in self.footers if token.lower() in tokens), "")


def parse_commit(message: str) -> Commit | None:
    """The message taken apart; None when its first line is no `{type}({scope}): {description}` of §2.3."""
    first, *rest = message.strip().splitlines() or [""]
    header = _HEADER.fullmatch(first.strip()) if len(first) <= LONGEST_LINE else None
    if header is None or header["type"].lower() not in set(CommitType):
        return None
    body, tail = _parted(rest)
    footers = tuple(_footers(tail))
    description = header["description"].strip()
    breaking = next((value for token, value in footers if token in _BREAKING_TOKENS), "")
    lines = [first, *(line for line in rest if _REFERS.match(line)), *(value for _, value in footers)]
    return Commit(
        type=CommitType(header["type"].lower()),
        scope=(header["scope"] or "").strip(),
        description=_PULL_REQUEST.sub("", description) or description,
        body="\n".join(body).strip(),
        footers=footers,
        breaking=breaking or (description if header["breaking"] else ""),
        tickets=tuple(dict.fromkeys(ticket for line in lines for ticket in tickets_in(line))),
    )


def tickets_in(text: str) -> Iterator[str]:
    """Every reference such as CC-1234, in order."""
    for found in _TICKET.finditer(text):
        if found["project"] not in _NO_PROJECT:
            yield found[0]


def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
    """Body and footers: these begin with the first footer that follows an empty line."""
    for index, line in enumerate(lines):
        follows_empty = index == 0 or not lines[index - 1].strip()
        if follows_empty and len(line) <= LONGEST_LINE and _FOOTER.fullmatch(line.rstrip()):
            return lines[:index], lines[index:]
    return lines, []


def _footers(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """A value goes on over further lines until the next footer begins."""
    token, value = "", list[str]()
    for line in lines:
        found = _FOOTER.fullmatch(line.rstrip()) if len(line) <= LONGEST_LINE else None
        if found is None:
            value.append(line)
            continue
        if token:
            yield token, "\n".join(value).strip()
        token, value = found["token"], [found["value"]]
    if token:
        yield token, "\n".join(value).strip()
