"""The test run: the real PostgreSQL and Valkey, one name space for each xdist process."""

from __future__ import annotations

import os

from cybercube_portal import logs
from cybercube_portal.settings import forms
from cybercube_portal.settings.base import *  # noqa: F403 - the other settings only differ from base
from cybercube_portal.settings.base import CACHES, REDIS_URL, STORAGES

# Fixed, or a running `./portal up` would change what links say.
BASE_URL = "http://127.0.0.1:8000"
SECRET_KEY = "for-tests-only-" + "0123456789" * 4
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Argon2 costs what it should, 50 ms a log-in: too much for a thousand of them.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "django.contrib.auth.hashers.Argon2PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# `cache.clear()` empties a whole database of the server, queues included: each process has one of its own.
REDIS_URL = forms.redis_database(REDIS_URL, 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 15)
CACHES = {"default": {**CACHES["default"], "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = forms.broker_url(REDIS_URL)
LOGGING = logs.configure(json=False, level="WARNING")
