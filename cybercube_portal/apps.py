"""The portal as a Django app: its static files, template tags and the commands that belong to no other app."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class PortalConfig(AppConfig):
    """Label `portal`; holds the answers kept for Idempotency-Key."""

    default = True
    name = "cybercube_portal"
    label = "portal"

    def ready(self) -> None:
        """Make our Celery app the current one, so that `shared_task` binds to its settings in every process."""
        import_module("cybercube_portal.celery")


class PortalAdminConfig(admin.AdminConfig):
    """Django's admin with the portal's site, which only shows."""

    default = False
    default_site = "cybercube_portal.admin_site.PortalAdminSite"
