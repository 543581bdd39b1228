"""Names of what the record itself has to tell. Pure."""

from __future__ import annotations

from enum import StrEnum


class WorkEvent(StrEnum):
    """Promised work that came to nothing. Subjects: what it was about."""

    INTENT_FAILED = "intent.failed"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_ABANDONED = "delivery.abandoned"


class SubscriptionEvent(StrEnum):
    """Webhook subscriptions."""

    CREATED = "webhook.created"
    EDITED = "webhook.edited"
    ROTATED = "webhook.secret_rotated"
    ENDED = "webhook.ended"
