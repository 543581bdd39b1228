"""The worker's and beat's entry point: `celery -A cybercube_portal.celery worker`."""

from __future__ import annotations

from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

from cybercube_portal.settings.choice import choose_settings

choose_settings()

app = Celery("cybercube_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def log_like_the_web(**_signal: Any) -> None:  # noqa: ANN401 - Celery's signal passes its own options
    """Keep Celery from replacing our handlers: the worker's lines look like the web's and hide the same secrets."""
    dictConfig(settings.LOGGING)
