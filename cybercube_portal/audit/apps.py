"""The record: events, their chain, intents and deliveries (domain.md section 2, reliability.md sections 1 and 5)."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Label `audit`: the lowest app, it knows of no other."""

    name = "cybercube_portal.audit"
    label = "audit"

    def ready(self) -> None:
        """Register the intents that the record itself needs."""
        import_module("cybercube_portal.audit.tasks")
