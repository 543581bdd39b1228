"""The notices app: who is told of what, and how it reaches them."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """WHO IS TOLD (house.md section 1)."""

    name = "cybercube_portal.notices"
    label = "notices"
    verbose_name = "Notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Reactions need the models, which are loaded by now."""
        import_module("cybercube_portal.notices.reactions").register()
