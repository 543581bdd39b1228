"""The record: events, their chain, intents and deliveries (domain.md section 2, reliability.md sections 1 and 5)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from cybercube_portal.audit.registry import unhandled_reactions


class AuditConfig(AppConfig):
    """Label `audit`: the lowest app, it knows of no other."""

    name = "cybercube_portal.audit"
    label = "audit"

    def ready(self) -> None:
        """Register the intents that the record itself needs."""
        import_module("cybercube_portal.audit.tasks")
        register(reactions_are_handled)


def reactions_are_handled(**_options: Any) -> list[CheckMessage]:
    """A verb that opens intents nobody works is a mistake in a table, found before the portal starts."""
    return [
        Error(f"Events {verb} open intents of kind {kind}, and nobody registered that kind.", id="audit.E001")
        for verb, kind in unhandled_reactions()
    ]
