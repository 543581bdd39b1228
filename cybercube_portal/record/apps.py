"""The record's way out (api.md "Events")."""

from __future__ import annotations

from django.apps import AppConfig

from cybercube_portal.audit.registry import register_webhook_body


class RecordConfig(AppConfig):
    """No models: audit keeps the rows."""

    name = "cybercube_portal.record"
    label = "record"
    verbose_name = "Record"

    def ready(self) -> None:
        """The sealer tells subscribers what the feed shows."""
        from cybercube_portal.record.cloud_events import webhook_body  # noqa: PLC0415 - models are loaded by now

        register_webhook_body(webhook_body)
