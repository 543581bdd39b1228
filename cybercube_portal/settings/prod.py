"""Staging and production: everything over TLS, every address and secret named by the operator, JSON logs."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from cybercube_portal.settings import variables
from cybercube_portal.settings.base import *  # noqa: F403 - the other settings only differ from base

REQUIRED = (
    variables.SECRET_KEY,
    variables.DATABASE_URL,
    variables.REDIS_URL,
    variables.BASE_URL,
    variables.ALLOWED_HOSTS,
    variables.SIGNING_KEY,
)
_missing = [row.name for row in REQUIRED if row.find(os.environ)[1] in {"default", "running stack"}]
if _missing:
    raise ImproperlyConfigured(f"Production needs {', '.join(_missing)} to be set (secrets also by …_FILE).")

SECURE_SSL_REDIRECT = True
# Probes come from inside, over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^health(/|$)", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"
