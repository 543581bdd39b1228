"""Whether a change's page is still as it was drawn: a mark of everything it told, and where it asks for what moved since."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from changes.models import ChangeRequest
from changes.states import ChangeState

OVER = frozenset({ChangeState.CLOSED, ChangeState.CANCELLED})
# What only time moves (a slot opens, a freeze ends) shows so much later at most; slots begin on such minutes.
TICK = timedelta(minutes=5)
HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """`seen` is the mark of what the page told last, `read` the hash of the content that its reader opened."""

    seen: str
    read: str

    def url(self, number: str) -> str:
        """What the page asks from time to time."""
        return f"{reverse('change-live', args=[number])}?{urlencode({'seen': self.seen, 'read': self.read})}"


def live_of(change: ChangeRequest, *, mark: str, now: datetime, read: str) -> Live | None:
    """None when the change is over and nothing moves any more. `mark`: as of `panels.mark_of`."""
    return None if change.state in OVER else Live(seen=at_tick(mark, now), read=read)


def at_tick(mark: str, now: datetime) -> str:
    """The mark with the time it holds for."""
    return f"{mark}.{int(now.timestamp() // TICK.total_seconds())}"


def asked(query: QueryDict) -> Live:
    """What a page says of itself when it asks; `read` empty where that is no hash."""
    read = query.get("read", "")
    return Live(seen=query.get("seen", ""), read=read if HASH.fullmatch(read) else "")
