"""The people app: who may sign, file and look."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """WHO (house.md section 1)."""

    name = "cybercube_portal.people"
    label = "people"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"
