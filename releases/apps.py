"""The releases app: what may go where, and what went."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Releases, deployments, the gate."""

    name = "releases"
    verbose_name = "Releases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Panels and reactions need the models, which are loaded by now."""
        import_module("releases.panels").register()
        import_module("releases.change_lines").register()
        import_module("releases.reactions").register()
