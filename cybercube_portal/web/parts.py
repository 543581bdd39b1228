"""Small values that components draw. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of `components/timeline.html`.

    `who` is a name, `words` what they did, `body` what they said, `tone` a tone of `web.badges`. `struck` for what no
    longer counts: shown struck through, never deleted. `link` and `link_label` lead to the thing it speaks of.
    """

    at: datetime
    who: str
    words: str
    icon: str = "circle"
    tone: str = "neutral"
    body: str = ""
    struck: bool = False
    link: str = ""
    link_label: str = ""
