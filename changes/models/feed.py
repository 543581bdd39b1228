"""CalendarFeed: a secret address at which a calendar program reads what one person may know (integrations.md C5)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class CalendarFeed(models.Model):
    """One live address for each person, and one more for each team that person follows; only the SHA-256 of its secret is kept.

    `team` None: the person's own. It stops when it is revoked or replaced, and when the person leaves. `read_at` is kept to the hour.
    """

    user = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="calendar_feeds")
    team = models.ForeignKey("people.Team", null=True, on_delete=models.PROTECT, related_name="calendar_feeds")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "team"],
                condition=Q(revoked_at__isnull=True),
                nulls_distinct=False,
                name="calendar_feed_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.created_at:%Y-%m-%d}"
