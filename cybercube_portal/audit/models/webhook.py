"""WebhookSubscription: an address that wants to be told."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.db import models


class WebhookSubscription(models.Model):
    """Sends every sealed event whose verb matches one of `verbs` (`change.approved`, `change.*`, `*`) to `url`.

    `sealed_secret` and, while a rotation lasts, `sealed_previous_secret` are encrypted (`audit.signing`); the plain secret
    is shown once. A receiver that answers 410 Gone ends its subscription.
    """

    subscription_id = models.UUIDField(default=uuid.uuid4, unique=True)
    url = models.TextField()
    verbs = ArrayField(models.TextField())
    sealed_secret = models.TextField()
    sealed_previous_secret = models.TextField(blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.TextField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    @property
    def host(self) -> str:
        """The host it registers: creating a subscription is how an admin allows calls to it."""
        return urlsplit(self.url).hostname or ""

    def wants(self, verb: str) -> bool:
        """Whether events with `verb` go there. What befell deliveries never does: one that fails must not cause the next."""
        if verb.startswith("delivery."):
            return False
        return any(
            pattern in ("*", verb) or (pattern.endswith(".*") and verb.startswith(pattern[:-1]))
            for pattern in self.verbs
        )
