"""WebhookSubscription: an address that wants to be told."""

from __future__ import annotations

import uuid

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

    def __str__(self) -> str:
        return self.url
