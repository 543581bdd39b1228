"""Observation: what `/health` of a service said last in one environment (§1.5, §3.6)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Observation(models.Model):
    """One row for each service and environment, rewritten at each look.

    `version` and `git_sha` are what answered last, `since` when that version was first seen; `config_keys` the names of the
    configuration it says it was started with. `error` says why the last look saw nothing; `seen_at` is the last look that did.
    `bypass_change` is the draft emergency opened for a version that nobody let through the gate.
    """

    service = models.ForeignKey("catalog.Service", on_delete=models.PROTECT, related_name="observations")
    environment = models.CharField(max_length=8)
    version = models.CharField(max_length=128, blank=True)
    git_sha = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=32, blank=True)
    config_keys = ArrayField(models.CharField(max_length=200), default=list)
    dependencies = models.JSONField(default=dict)
    since = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField()
    error = models.CharField(max_length=300, blank=True)
    bypass_change = models.CharField(max_length=24, blank=True)

    class Meta:
        ordering: ClassVar = ["service", "environment"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["service", "environment"], name="observed_once")]

    def __str__(self) -> str:
        return f"{self.version} in {self.environment}"
