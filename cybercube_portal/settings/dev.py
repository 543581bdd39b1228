"""A developer's machine, and the demo: plain HTTP on the loopback, text logs."""

from __future__ import annotations

from cybercube_portal import logs
from cybercube_portal.settings.base import *  # noqa: F403 - the other settings only differ from base
from cybercube_portal.settings.base import LOG_LEVEL, SECRET_KEY

SECRET_KEY = SECRET_KEY or "for-development-only-and-refused-by-the-production-settings"
LOGGING = logs.configure(json=False, level=LOG_LEVEL)
