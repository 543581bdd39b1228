"""The flags app: a switch in production, moved under the same care as a change."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class FlagsConfig(AppConfig):
    """Feature flags (section 7)."""

    name = "flags"
    verbose_name = "Flags"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Reactions and panels need the models, which are loaded by now."""
        import_module("flags.reactions").register()
        import_module("flags.panels").register()
        import_module("flags.change_lines").register()
