"""Observation: what `/health` of a service said last in one environment (§1.5, §3.6)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Observation(models.Model):
    """One row for each service and environment, rewritten at each look.

    `version` and `git_sha` are what answered last, `since` when that version was first seen; `config_keys` the names of the
    configuration it says it was started with. `error` says why the last look saw nothing; `seen_at` is the last look that did.
    The next look is due at `due_at`. `stray_version` answered in the last `stray_looks` looks in a row although nobody let it through;
    `bypass_change` is the draft emergency opened for `bypass_version`. `first_version` is what the very first look saw;
    `adopted_version` is that one, once somebody answered for what ran before the portal came (§6.1).
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
    looked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    error = models.CharField(max_length=300, blank=True)
    stray_version = models.CharField(max_length=128, blank=True)
    stray_looks = models.PositiveIntegerField(default=0)
    bypass_version = models.CharField(max_length=128, blank=True)
    bypass_change = models.CharField(max_length=24, blank=True)
    first_version = models.CharField(max_length=128, blank=True, db_default="")
    adopted_version = models.CharField(max_length=128, blank=True, db_default="")
    adopted_reason = models.TextField(blank=True, db_default="")
    adopted_at = models.DateTimeField(null=True)
    adopted_by = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["service", "environment"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["service", "environment"], name="observed_once")]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="observation_due")]

    def __str__(self) -> str:
        return f"{self.version} in {self.environment}"
