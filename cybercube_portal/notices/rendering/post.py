"""A notice as a post to a chat. The makers' own models are loaded when the first post is written: they are large."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

from django.utils.translation import gettext as _

from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.message import Message
from cybercube_portal.notices.rendering.news import News

TOOLS = ("slack", "teams")


def render_post(tool: str, news: Sequence[News]) -> dict[str, Any]:
    """The body of the POST, for a tool of TOOLS."""
    if tool not in TOOLS:
        raise ValueError(f"no chat is called {tool}")
    body: dict[str, Any] = import_module(f"cybercube_portal.notices.rendering.{tool}").render(news)
    return body


def render_trial(tool: str, *, name: str, by: str, at: datetime) -> dict[str, Any]:
    """What the test button posts: that notices arrive here, and nothing else."""
    words = {"name": name, "by": by}
    message = Message(
        subject=_("Notices of the CYBERCUBE portal arrive here"),
        thing=name,
        text=(_("%(by)s tested the chat “%(name)s”. Nothing happened, and nothing has to be done.") % words,),
        path="/channels/",
        button=_("See what is posted here"),
    )
    return render_post(tool, [News(Kind.WATCHED_MOVED, message, at)])
