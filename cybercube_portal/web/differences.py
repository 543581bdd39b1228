"""How two texts differ, line by line and word by word, as a page shows it. Pure, and bounded however long the texts are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Lines that stay, shown around those that changed.
CONTEXT = 2
# A text of one line this long is read word by word too.
LONG = 60
# SequenceMatcher's time grows with the square of these: beyond them the whole texts are shown.
MOST_LINES, MOST_WORDS = 200, 200
# And so many lines are read word by word, the first ones.
MOST_READ = 30
# Below this share of common words, marking the rest says nothing.
ALIKE = 0.4
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Kind(StrEnum):
    """What became of a line. FOLDED: several that stayed, out of the way."""

    KEPT = "kept"
    TAKEN = "taken"
    ADDED = "added"
    FOLDED = "folded"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a line; `changed` marks what another line of the other text does not have."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of either text, in parts; for FOLDED one part with all its lines, and how many they are."""

    kind: Kind
    parts: tuple[Part, ...]
    count: int = 1


def lines_between(before: str, after: str) -> tuple[Line, ...]:
    """Lines taken and added, those around them, and what lies between folded.

    Empty where the whole texts say it better: both are short, only what ends a line differs, or so much that comparing them
    would take too long.
    """
    if max(len(before), len(after)) < LONG and "\n" not in f"{before.strip()}{after.strip()}":
        return ()
    old, new = before.splitlines(), after.splitlines()
    steps = _steps(old, new, most=MOST_LINES)
    if steps is None or all(same for same, _, _ in steps):
        return ()
    lines: list[Line] = []
    left = MOST_READ
    for place, (same, (a, b), (c, d)) in enumerate(steps):
        if same:
            lines += _kept(old[a:b], is_first=place == 0, is_last=place == len(steps) - 1)
        else:
            lines += _changed(old[a:b], new[c:d], most=left)
            left = max(0, left - min(b - a, d - c))
    return tuple(lines)


_Step = tuple[bool, tuple[int, int], tuple[int, int]]


def _steps(old: Sequence[str], new: Sequence[str], *, most: int) -> list[_Step] | None:
    """Stretches that stayed or changed, by turns. What both begin and end with costs nothing; None where the rest is too long."""
    head = _common(old, new)
    tail = min(_common(old[::-1], new[::-1]), min(len(old), len(new)) - head)
    old_end, new_end = len(old) - tail, len(new) - tail
    if max(old_end, new_end) - head > most:
        return None
    matcher = SequenceMatcher(None, old[head:old_end], new[head:new_end], autojunk=False)
    steps: list[_Step] = [(True, (0, head), (0, head))] if head else []
    for tag, a, b, c, d in matcher.get_opcodes():
        steps.append((tag == "equal", (head + a, head + b), (head + c, head + d)))
    if tail:
        steps.append((True, (old_end, len(old)), (new_end, len(new))))
    return steps


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many of the first are the same."""
    return next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _kept(lines: Sequence[str], *, is_first: bool, is_last: bool) -> Iterator[Line]:
    """Those next to a change; one line alone is not worth a fold."""
    above, below = (0 if is_first else CONTEXT), (0 if is_last else CONTEXT)
    folded = len(lines) - above - below
    if folded <= 1:
        above, folded = len(lines), 0
    yield from (Line(Kind.KEPT, (Part(line),)) for line in lines[:above])
    if folded:
        yield Line(Kind.FOLDED, (Part("\n".join(lines[above : above + folded])),), folded)
        yield from (Line(Kind.KEPT, (Part(line),)) for line in lines[above + folded :])


def _changed(old: Sequence[str], new: Sequence[str], *, most: int) -> Iterator[Line]:
    """First what was taken, then what was added; lines that stand opposite each other are compared word by word."""
    taken, added = [_whole(line) for line in old], [_whole(line) for line in new]
    for place, pair in enumerate(zip(old[:most], new[:most], strict=False)):
        taken[place], added[place] = _words(*pair)
    yield from (Line(Kind.TAKEN, parts) for parts in taken)
    yield from (Line(Kind.ADDED, parts) for parts in added)


def _words(before: str, after: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    steps = _steps(old, new, most=MOST_WORDS)
    if steps is None or _share(steps, old, new) < ALIKE:
        return _whole(before), _whole(after)
    # White space between two changed words is changed with them: fewer, longer marks are read better.
    marks = [(same and not "".join(old[a:b]).isspace(), (a, b), (c, d)) for same, (a, b), (c, d) in steps]
    return (
        _joined((not same, "".join(old[a:b])) for same, (a, b), _ in marks),
        _joined((not same, "".join(new[c:d])) for same, _, (c, d) in marks),
    )


def _share(steps: Sequence[_Step], old: Sequence[str], new: Sequence[str]) -> float:
    """How much of the longer line both have in common, in characters that are seen."""
    same = sum(len(word.strip()) for is_same, (a, b), _ in steps if is_same for word in old[a:b])
    return same / max(1, *(sum(len(word.strip()) for word in words) for words in (old, new)))


def _joined(stretches: Iterator[tuple[bool, str]]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for changed, text in stretches:
        if parts and parts[-1].changed == changed:
            parts[-1] = Part(parts[-1].text + text, changed)
        elif text:
            parts.append(Part(text, changed))
    return tuple(parts)


def _whole(line: str) -> tuple[Part, ...]:
    return (Part(line),)
