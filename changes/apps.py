"""The changes app: a change is asked for, judged, approved, scheduled, frozen."""

from __future__ import annotations

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    """Wires nothing but its reactions."""

    name = "changes"
    verbose_name = "Changes"
    default_auto_field = "django.db.models.BigAutoField"
