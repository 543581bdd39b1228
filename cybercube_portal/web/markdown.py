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

    def code_block(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:  # noqa: ANN401
        return _reached(super().code_block(tokens, index, options, env))

    def fence(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:  # noqa: ANN401
        return _reached(super().fence(tokens, index, options, env))

    def table_open(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:  # noqa: ANN401
        return f'<div class="wide-table" tabindex="0">{self.renderToken(tokens, index, options, env)}'

    def table_close(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:  # noqa: ANN401
        return f"{self.renderToken(tokens, index, options, env)}</div>\n"

    def heading_close(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:  # noqa: ANN401
        tokens[index].tag = _lower(tokens[index].tag, by=env["lower"])
        return str(self.renderToken(tokens, index, options, env))


def _reached(block: str) -> str:
    """What scrolls in its box is reached by the keyboard."""
    return block.replace("<pre>", '<pre tabindex="0">', 1)


def _lower(tag: str, *, by: int) -> str:
    return f"h{min(max(int(tag[1]) + by, HIGHEST_HEADING), LOWEST_HEADING)}"


def reader() -> MarkdownIt:
    """CommonMark with tables; a line ends where it was ended. It escapes whatever it does not write itself."""
    read = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}, renderer_cls=_Renderer)
    return read.enable(["table", "strikethrough"]).disable("image")


_READER = reader()


def render_markdown(text: str, *, lower: int = 1) -> SafeString:
    """`text` as a `reader` reads it. HTML in it is shown as it is written.

    Headings go `lower` levels down, never above the second: the first is the page's own.
    """
    return SafeString(_READER.render(text, {"lower": lower}))
