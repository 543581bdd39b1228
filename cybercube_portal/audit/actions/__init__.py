"""The record's verbs. Upper apps use record, open_intent, queue_mail and queue_webhook; the rest is the workers'."""

from __future__ import annotations

from cybercube_portal.audit.actions.deliveries import queue_mail, queue_webhook
from cybercube_portal.audit.actions.events import record
from cybercube_portal.audit.actions.intents import open_intent

__all__ = ["open_intent", "queue_mail", "queue_webhook", "record"]
