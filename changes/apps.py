"""The changes app: a change is asked for, judged, approved, scheduled, frozen."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    """Wires nothing but its reactions."""

    name = "changes"
    verbose_name = "Changes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Reactions need the models, which are loaded by now."""
        import_module("changes.reactions").register()
