"""The portal's own table: answers kept for Idempotency-Key (reliability.md section 6)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class KeptAnswer(models.Model):
    """The answer to one request that named an Idempotency-Key, written in the transaction of its effect."""

    credential = models.TextField()
    route = models.TextField()
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.TextField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "credential", "route"], name="kept_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
