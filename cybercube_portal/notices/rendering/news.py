"""What every renderer is given: one thing to tell, or several about the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import ngettext

from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.message import Message


@dataclass(frozen=True, slots=True)
class News:
    """What is told, and when it happened."""

    kind: Kind
    message: Message
    at: datetime


def subject_of(news: Sequence[News]) -> str:
    """The one thing's own line, or how many there are about it."""
    if len(news) == 1:
        return news[0].message.subject
    count = len(news)
    return ngettext("%(thing)s: %(count)d update", "%(thing)s: %(count)d updates", count) % {
        "thing": news[-1].message.thing,
        "count": count,
    }


def heading_of(news: Sequence[News]) -> str:
    """What stands on top: the one news, or the thing that several are about."""
    return news[0].message.subject if len(news) == 1 else news[-1].message.thing
