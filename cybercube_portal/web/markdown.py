"""Markdown that people wrote, as HTML that is safe to show: no raw HTML, no images, no addresses that run anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

HIGHEST_HEADING, LOWEST_HEADING = 2, 6


class _Renderer(RendererHTML):
    """Links lead away from the portal, and the page's own title stays its only first heading."""

    def link_open(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:  # noqa: ANN401 - the library's own types
        tokens[index].attrSet("rel", "nofollow noopener noreferrer")
        return str(self.renderToken(tokens, index, options, env))

    def heading_open(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:  # noqa: ANN401
        tokens[index].tag = _lower(tokens[index].tag, by=env["lower"])
        return str(self.renderToken(tokens, index, options, env))

    def heading_close(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:  # noqa: ANN401
        tokens[index].tag = _lower(tokens[index].tag, by=env["lower"])
        return str(self.renderToken(tokens, index, options, env))


def _lower(tag: str, *, by: int) -> str:
    return f"h{min(max(int(tag[1]) + by, HIGHEST_HEADING), LOWEST_HEADING)}"


_READER = (
    MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}, renderer_cls=_Renderer)
    .enable(["table", "strikethrough"])
    .disable("image")
)


def render_markdown(text: str, *, lower: int = 1) -> SafeString:
    """CommonMark with tables; a line ends where it was ended. HTML in `text` is shown as it is written.

    Headings go `lower` levels down, never above the second: the first is the page's own.
    """
    # The reader escapes whatever it does not write itself.
    return SafeString(_READER.render(text, {"lower": lower}))
