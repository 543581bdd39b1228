"""A notice as a post to a chat. The makers' own models are loaded when the first post is written: they are large."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from cybercube_portal.notices.rendering.news import News

TOOLS = ("slack", "teams")


def render_post(tool: str, news: Sequence[News]) -> dict[str, Any]:
    """The body of the POST, for a tool of TOOLS."""
    if tool not in TOOLS:
        raise ValueError(f"no chat is called {tool}")
    body: dict[str, Any] = import_module(f"cybercube_portal.notices.rendering.{tool}").render(news)
    return body
