"""The backend that `settings.DATABASES` names."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL. A round trip before every request cost the gate a tenth of its answers."""

    def is_usable(self) -> bool:
        """Whether the connection still stands. The server says nothing to an idle one, unless it is leaving: only then ask it."""
        kept = self.connection
        if kept is None or kept.closed:
            return False
        waiting = select.poll()
        waiting.register(kept.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not waiting.poll(0) or super().is_usable()
