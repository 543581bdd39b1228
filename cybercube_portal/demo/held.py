"""The portal on a day of the demo's own, the same for whoever asks. `./portal pictures` serves it, nothing else does."""

from __future__ import annotations

from contextlib import ExitStack

from django.conf import settings

from cybercube_portal import clock
from cybercube_portal.demo.company import PICTURED_AT
from cybercube_portal.wsgi import application

__all__ = ["application"]

if settings.SETTINGS_MODULE.endswith(".prod"):
    raise RuntimeError("A portal whose clock stands still is refused in production settings.")

_held = ExitStack()
_held.enter_context(clock.fixed_at(PICTURED_AT))
