"""Small values that components draw. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of `components/tabs.html`; `count` None shows none."""

    label: str
    url: str
    active: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One filter of `components/chips.html`: following `url` switches it."""

    label: str
    url: str
    active: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """How one verb of the record reads on a timeline: `words` follow a name, `tone` is one of `web.badges`.

    `many` says it of several at once ("ticked %(count)d items of"): where it stands, a person's row of them is one line.
    """

    words: str | Promise
    icon: str
    tone: str = "neutral"
    many: str | Promise = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of `components/timeline.html`.

    `who` is a name, `words` what they did, `body` what they said, `tone` a tone of `web.badges`. `struck` for what no
    longer counts: shown struck through, never deleted. `link` and `link_label` lead to the thing it speaks of. `many`: as a `Look`'s.
    `is_prose`: `body` is what somebody wrote, shown as Markdown; else it is the portal's own, as it is.
    `changed`: rows of `components/difference.html`, folded below it.
    """

    at: datetime
    who: str
    words: str
    icon: str = "circle"
    tone: str = "neutral"
    body: str = ""
    is_prose: bool = False
    changed: Sequence[Mapping[str, Any]] = ()
    struck: bool = False
    link: str = ""
    link_label: str = ""
    many: str = ""


def with_chosen(values: Iterable[str], chosen: str) -> list[str]:
    """What there is to choose, and what was asked for though it is not among it."""
    there = list(values)
    return there if not chosen or chosen in there else [chosen, *there]
