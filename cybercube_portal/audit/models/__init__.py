"""Tables of the record."""

from __future__ import annotations

from cybercube_portal.audit.models.event import Checkpoint, Event
from cybercube_portal.audit.models.webhook import WebhookSubscription
from cybercube_portal.audit.models.work import Delivery, Intent

__all__ = ["Checkpoint", "Delivery", "Event", "Intent", "WebhookSubscription"]
