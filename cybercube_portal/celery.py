"""The worker's and beat's entry point: `celery -A cybercube_portal.celery worker`."""

from __future__ import annotations

from importlib import import_module
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import import_modules, setup_logging
from django.apps import apps
from django.conf import settings
from django.utils.module_loading import module_has_submodule

from cybercube_portal.settings.choice import choose_settings

choose_settings()

app = Celery("cybercube_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@import_modules.connect
def gather_schedules(**_signal: Any) -> None:
    """Give beat what each app's `tasks.BEAT_SCHEDULE` wants done again and again."""
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, "tasks"):
            app.conf.beat_schedule.update(getattr(import_module(f"{config.name}.tasks"), "BEAT_SCHEDULE", {}))


@setup_logging.connect
def log_like_the_web(**_signal: Any) -> None:
    """Keep Celery from replacing our handlers: the worker's lines look like the web's and hide the same secrets."""
    dictConfig(settings.LOGGING)
