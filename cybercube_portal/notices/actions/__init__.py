"""The verbs of notices. Upper apps use `tell` and `watch`."""

from __future__ import annotations

from cybercube_portal.notices.actions.telling import tell
from cybercube_portal.notices.actions.watching import watch

__all__ = ["tell", "watch"]
