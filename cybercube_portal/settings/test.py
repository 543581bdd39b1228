"""The test run: the real PostgreSQL and Valkey, one name space for each xdist process."""

from __future__ import annotations

import os

from cybercube_portal import logs
from cybercube_portal.settings.base import *  # noqa: F403 - the other settings only differ from base
from cybercube_portal.settings.base import CACHES, CELERY_BROKER_TRANSPORT_OPTIONS, STORAGES

# Fixed, or a running `./portal up` would change what links say.
BASE_URL = "http://127.0.0.1:8000"
SECRET_KEY = "for-tests-only-" + "0123456789" * 4
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Argon2 costs what it should, 50 ms a log-in: too much for a thousand of them.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "django.contrib.auth.hashers.Argon2PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

_process = os.environ.get("PYTEST_XDIST_WORKER", "main")
CACHES = {"default": {**CACHES["default"], "KEY_PREFIX": f"test-{_process}"}}
CELERY_BROKER_TRANSPORT_OPTIONS = {**CELERY_BROKER_TRANSPORT_OPTIONS, "global_keyprefix": f"test-{_process}-"}
LOGGING = logs.configure(json=False, level="WARNING")
