"""The catalogue app: what can be changed, released and deployed."""

from __future__ import annotations

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """WHAT (house.md section 1)."""

    name = "cybercube_portal.catalog"
    label = "catalog"
    verbose_name = "Catalogue"
    default_auto_field = "django.db.models.BigAutoField"
