"""The record's way out (api.md "Events")."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

from cybercube_portal.audit.registry import register_webhook_body


class RecordConfig(AppConfig):
    """Audit keeps the events; what stands here are packs of them."""

    name = "cybercube_portal.record"
    label = "record"
    verbose_name = "Record"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The sealer tells subscribers what the feed shows; a change's page shows auditors the way to its evidence."""
        from changes.panels import register_panel  # noqa: PLC0415 - models are loaded by now
        from cybercube_portal.record.cloud_events import webhook_body  # noqa: PLC0415 - models are loaded by now
        from cybercube_portal.record.panels import evidence_panel  # noqa: PLC0415

        import_module("cybercube_portal.record.reactions").register()
        register_webhook_body(webhook_body)
        register_panel(evidence_panel)
