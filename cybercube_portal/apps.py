"""The portal as a Django app: its static files, template tags and the commands that belong to no other app."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Label `portal`; holds no tables."""

    name = "cybercube_portal"
    label = "portal"

    def ready(self) -> None:
        """Make our Celery app the current one, so that `shared_task` binds to its settings in every process."""
        import_module("cybercube_portal.celery")
