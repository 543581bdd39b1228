"""CalendarFeed: a secret address at which a calendar program reads what one person may know (integrations.md C5)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class CalendarFeed(models.Model):
    """One live address for each person; only the SHA-256 of its secret is kept."""

    user = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="calendar_feeds")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at__isnull=True), name="calendar_feed_one_live"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.created_at:%Y-%m-%d}"
