"""Which settings a process uses when nobody said so."""

from __future__ import annotations

import os

from cybercube_portal.settings import variables


def choose_settings() -> None:
    """Production settings where CYBERCUBE_ENV is stg or prd, else development; DJANGO_SETTINGS_MODULE overrides both."""
    module = "dev" if variables.ENV.read() == "dev" else "prod"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"cybercube_portal.settings.{module}")
