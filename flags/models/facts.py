"""What is known of a flag from outside: how often it was asked, by a key nobody knows, and where code names it (§7.5)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class FlagUsage(models.Model):
    """How often a flag answered a variant to an application in one hour (UTC)."""

    flag = models.ForeignKey("flags.Flag", on_delete=models.CASCADE, related_name="usage")
    environment = models.CharField(max_length=8)
    variant = models.CharField(max_length=50)
    app = models.CharField(max_length=100, blank=True)
    hour = models.DateTimeField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["flag", "environment", "hour", "variant", "app"], name="flag_usage_once")
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "-hour"], name="flag_usage_recent")]

    def __str__(self) -> str:
        return f"{self.flag_id}@{self.environment} {self.hour:%Y-%m-%d %H}h: {self.count}"


class UnknownFlag(models.Model):
    """A key that somebody asked for and nobody defined (§7.4 "Unknown feature flag")."""

    environment = models.CharField(max_length=8)
    key = models.CharField(max_length=100)
    app = models.CharField(max_length=100, blank=True)
    count = models.PositiveBigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "key", "app"], name="unknown_flag_once")
        ]

    def __str__(self) -> str:
        return f"{self.key}@{self.environment}"


class CodeScan(models.Model):
    """The last scan of a repository: that it names no flag is only known where somebody looked."""

    repository = models.CharField(max_length=200, unique=True)
    revision = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}"


class CodeReference(models.Model):
    """A line of code, or of its documentation, that names a flag, as the last scan of its repository found it. `key` may be nobody's."""

    key = models.CharField(max_length=100, db_index=True)
    repository = models.CharField(max_length=200)
    revision = models.CharField(max_length=64)
    path = models.CharField(max_length=500)
    line = models.PositiveIntegerField()
    scanned_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["repository", "path", "line"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["repository", "key", "path", "line"], name="code_reference_once")
        ]

    def __str__(self) -> str:
        return f"{self.repository}:{self.path}:{self.line}"
