"""What people write on a change and around it: Markdown, its outline below the page's, addresses and numbers of changes as links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape, unescape
from urllib.parse import unquote

from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from cybercube_portal.web import times
from cybercube_portal.web.markdown import LOWEST_HEADING, reader

# Panels are headed by the second level; what stands in them begins below it.
HIGHEST = 3
# What is longer is shown as it was typed, and so is what grows (`[a](b)` a thousand times over is ten times as long in HTML).
MOST_TEXT, MOST_HTML = 20_000, 100_000
_FOUND = re.compile(
    r"(?P<address>\bhttps?://\w[^\s<>\"]{0,2000})"
    r"|(?<![\w-])(?P<change>CR-\d{4}-\d{4}-\d{3,6})(?![\w-])"
    rf"|(?P<moment>{times.IN_TEXT.pattern})",
    re.ASCII,
)
# A sentence's own, at the end of an address.
_AFTER = ".,;:!?'"


def render_prose(text: str) -> SafeString:
    """As HTML that is safe to show; empty for an empty text.

    As it was typed, where Markdown would leave out a word (an unused reference, a cell too many, the 20th quote in a quote):
    people sign what they read here.
    """
    # The reader's clock and language stand in it.
    return _html(text.strip(), get_current_timezone_name(), get_language())


@lru_cache(maxsize=256)
def _html(text: str, _zone: str, _language: str | None) -> SafeString:
    if len(text) <= MOST_TEXT:
        env = {"lower": 0, "is_whole": True}
        html = _READER.render(text, env)
        if env["is_whole"] and len(html) <= MOST_HTML:
            return SafeString(html)
    # A quotation mark ends nothing here, and escaped it is six times as long.
    return SafeString(f'<div class="as-written">{escape(text, quote=False)}</div>')


def _whole(state: StateCore) -> None:
    """Whether every letter that was typed is seen, or leads somewhere."""
    seen: Counter[str] = Counter()
    for block in state.tokens:
        seen.update(block.info.split(maxsplit=1)[0] if block.info.strip() else "")
        for token in block.children or [block]:
            seen.update(token.content)
            seen.update(unquote(str(token.attrs.get("href", ""))))
    state.env["is_whole"] = not any(letter.isalpha() for letter in Counter(unescape(state.src)) - seen)


def _outline(state: StateCore) -> None:
    """Each heading one level below the one it stands under, whatever levels were typed."""
    above: list[int] = []
    for token in state.tokens:
        if token.type == "heading_open":
            typed = int(token.tag[1])
            above = [*(level for level in above if level < typed), typed]
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(HIGHEST + len(above) - 1, LOWEST_HEADING)}"


def _links(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline":
            token.children = list(_linked(token.children or (), state))


def _linked(tokens: Iterable[Token], state: StateCore) -> Iterator[Token]:
    """What is a link already, and code, stay as they are."""
    inside = 0
    for token in tokens:
        if token.type in {"link_open", "link_close"}:
            inside += token.nesting
        if token.type != "text" or inside:
            yield token
        else:
            yield from _split(token.content, state)


def _split(text: str, state: StateCore) -> Iterator[Token]:
    at = 0
    for found in _FOUND.finditer(text):
        word = _trimmed(found[0]) if found["address"] else found[0]
        yield _text(text[at : found.start()])
        at = found.start() + len(word)
        if found["moment"]:
            yield Token("html_inline", "", 0, content=times.with_times(word))
            continue
        href = f"/changes/{word}/" if found["change"] else state.md.normalizeLink(word)
        yield Token("link_open", "a", 1, attrs={"href": href})
        yield _text(word)
        yield Token("link_close", "a", -1)
    yield _text(text[at:])


def _trimmed(address: str) -> str:
    """Without what belongs to the sentence around it: its full stop, the bracket it stands in."""
    while address[-1] in _AFTER or (address[-1] == ")" and address.count(")") > address.count("(")):
        address = address[:-1]
    return address


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


_READER = reader()
_READER.core.ruler.push("whole", _whole)
_READER.core.ruler.push("outline", _outline)
_READER.core.ruler.push("links", _links)
