"""Flag (who it is), FlagEnvironment (what it serves in one environment), and the versions kept of that (§7.3)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cybercube_portal.stateful import append_only_triggers, choices_of
from flags.policy.naming import FlagType, ValueType
from flags.policy.serving import FlagFacts
from flags.states import VersionKind


class EnvironmentVersion(models.Model):
    """One number per environment that grows with everything its clients could see: ETag, stream and snapshots hang on it.

    Locked by every write to the environment, so writes of one environment follow each other.
    """

    environment = models.CharField(max_length=8, primary_key=True)
    version = models.PositiveBigIntegerField(default=1)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.environment}: {self.version}"


class Flag(models.Model):
    """The identity of a flag. `key` is unique in the portal, variants are only ever added to.

    `service` null: the flag belongs to no one service. `safe_variant` is what a kill serves; null: the caller's own default.
    """

    key = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=16, choices=choices_of(FlagType))
    value_type = models.CharField(max_length=16, choices=choices_of(ValueType), default=ValueType.BOOLEAN)
    variants = models.JSONField()
    safe_variant = models.CharField(max_length=50, null=True)  # noqa: DJ001 - null is the caller's default, no variant is ""
    service = models.ForeignKey("catalog.Service", null=True, on_delete=models.PROTECT, related_name="flags")
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="flags")
    owner = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="flags_owned")
    tags = ArrayField(models.CharField(max_length=50), default=list)
    client_visible = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True)
    permanent_reason = models.CharField(max_length=300, blank=True)
    noticed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="flags_created")
    archived_at = models.DateTimeField(null=True)
    archived_because = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["key"]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="flag_newest"),
            models.Index(fields=["expires_at"], name="flag_expiring", condition=Q(archived_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def facts(self) -> FlagFacts:
        """What policies need of it."""
        return FlagFacts(
            key=self.key, value_type=self.value_type, variants=self.variants, safe_variant=self.safe_variant
        )


class FlagEnvironment(models.Model):
    """What a flag serves in one environment: `content` as of `flags.policy.serving`, at `version`."""

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="environments")
    environment = models.CharField(max_length=8)
    content = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    # When everybody was first served something else than the safe variant, without a break since (§7.6 "100 % for 2+ weeks").
    full_since = models.DateTimeField(null=True)
    killed_at = models.DateTimeField(null=True)
    killed_by = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="flags_killed")
    killed_because = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["flag", "environment"], name="flag_once_in_an_environment")
        ]

    def __str__(self) -> str:
        return f"{self.flag.key}@{self.environment}"

    def definition(self, *, change: str) -> dict[str, Any]:
        """The flag as `flags.evaluation` compiles it; `change` brought it there, if one did. Needs `flag` selected with `team` and `service`."""
        flag = self.flag
        return {
            "key": flag.key,
            "type": flag.type,
            "value_type": flag.value_type,
            "variants": flag.variants,
            "off_variant": flag.safe_variant,
            "client_visible": flag.client_visible,
            "version": self.version,
            "killed": self.killed_at is not None,
            **self.content,
            "metadata": {
                "flagSetId": f"{flag.service.slug if flag.service else 'global'}/{self.environment}",
                "version": self.version,
                "type": flag.type,
                "owner": flag.team.slug,
                **({"expiresAt": flag.expires_at.isoformat()} if flag.expires_at else {}),
                **({"changeId": change} if change else {}),
            },
        }


class FlagVersion(models.Model):
    """An immutable copy of a content, with who, when, why and under which change. `sha256` is over its canonical JSON."""

    flag_environment = models.ForeignKey(FlagEnvironment, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=choices_of(VersionKind))
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    reason = models.CharField(max_length=1000, blank=True)
    change = models.CharField(max_length=24, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="flag_versions")

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        triggers = append_only_triggers()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["flag_environment", "number"], name="flag_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.flag_environment_id} v{self.number}"


class Segment(models.Model):
    """People named once for many rules: in it is who fulfils every condition of any group."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    groups = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.slug


class SegmentVersion(models.Model):
    """An immutable copy of a segment's groups."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    groups = models.JSONField()
    at = models.DateTimeField()
    by = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="segment_versions")

    class Meta:
        ordering: ClassVar = ["-number"]
        triggers = append_only_triggers()
        constraints: ClassVar = [models.UniqueConstraint(fields=["segment", "number"], name="segment_version_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.number}"
