"""What a notice says, before it is a mail, a post or a row on a page. Pure.

The app that gives the notice writes it in the reader's own zone (`web.times`); the renderers only lay it out, so that
every way says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`subject` is the whole news on one line; `thing` what it is about, for several news together.

    `text` are paragraphs as they were written, `facts` (label, value), `points` a list, `prose` a document in Markdown.
    `line` is the news where `thing` stands above it already; without one it is the subject. `path` is the page that `button` opens, `more` further (label, path). All of it is plain text, none of it markup.
    """

    subject: str
    thing: str
    path: str
    button: str
    line: str = ""
    text: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    points: tuple[str, ...] = ()
    prose: str = ""
    more: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As a row keeps it; lazy texts become what they read as now."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def message_of(kept: Mapping[str, Any]) -> Message:
    """The Message a row keeps."""
    pairs = {name: tuple((label, value) for label, value in kept[name]) for name in ("facts", "more")}
    return Message(**{**kept, **pairs, "text": tuple(kept["text"]), "points": tuple(kept["points"])})


def one_line(text: str) -> str:
    """A title somebody typed: it becomes part of a subject."""
    return " ".join(text.split())


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field of the message
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)
