"""What each rule of §2.4 looks at in a pull request: its title, or title, line break and description."""

from __future__ import annotations

import re

from .forms import Finds, commit_description, commit_form, commit_scope, commit_type

# A task as GitHub and GitLab draw it, in a list of any kind, however deep.
_ITEM = re.compile(r"(?:[-*+]|[0-9]{1,9}[.)])\s+\[(?P<mark>[ xX])\]\s+(?P<words>.*)")
# What is written and not shown: comments (an open one goes to the end), and code between fences.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})")


def pull_request_title(value: str) -> str | None:
    """The title is judged as the first line of a commit."""
    found = (finds(value) for finds in (commit_form, commit_type, commit_scope, commit_description))
    return next((message for message in found if message), None)


def pull_request_description(value: str) -> str | None:
    """Words of its own beside the headings and the checklist; a title alone is not asked for one."""
    told = [line for line in _shown(value) if line and not line.startswith("#") and not _ITEM.fullmatch(line)]
    return "The description holds nothing but the checklist." if _has_description(value) and not told else None


def checklist_item(words: str) -> Finds:
    """The item `words` is ticked, wherever it stands; a title alone has no checklist."""

    def finds(value: str) -> str | None:
        if not _has_description(value):
            return None
        items = [found for line in _shown(value) if (found := _ITEM.fullmatch(line))]
        rows = [item for item in items if item["words"].lstrip("*_`").lower().startswith(words.lower())]
        if not rows:
            return f"The checklist lacks “{words}”."
        return None if all(row["mark"] != " " for row in rows) else f"“{words}” is not ticked."

    return finds


def _has_description(value: str) -> bool:
    return bool(value.partition("\n")[2].strip())


def _shown(value: str) -> list[str]:
    """The description's lines that a reader sees as text."""
    shown: list[str] = []
    fence = ""
    for line in map(str.strip, _COMMENT.sub("", value.partition("\n")[2]).split("\n")):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark["mark"].startswith(fence) and mark["mark"] == line else fence
        elif mark:
            fence = mark["mark"]
        else:
            shown.append(line)
    return shown
