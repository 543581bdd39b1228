"""Environment, Service, Artifact, Evidence, TrustedIdentity: what changes, flags and releases speak of."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import MD5, Cast

from cybercube_portal.catalog.isolation import HOLDS, Isolated
from cybercube_portal.catalog.protection import Platform
from cybercube_portal.catalog.states import ArtifactType, EnvironmentCode, Severity, Stage, StageStatus
from cybercube_portal.stateful import append_only_triggers


class Environment(models.Model):
    """§1.2 and §1.3, one row each. `isolation` is the checklist of §1.4: [{isolation, requirement}]."""

    code = models.CharField(max_length=8, unique=True, choices=[(code.value, code.name) for code in EnvironmentCode])
    name = models.CharField(max_length=32)
    purpose = models.CharField(max_length=120)
    data = models.CharField(max_length=120)
    scale = models.CharField(max_length=120)
    uptime_slo = models.CharField(max_length=32)
    access = models.CharField(max_length=120)
    deployment = models.CharField(max_length=120)
    monitoring = models.CharField(max_length=120)
    url_pattern = models.CharField(max_length=120)
    isolation = models.JSONField(default=list)
    order = models.PositiveSmallIntegerField(unique=True)

    class Meta:
        ordering: ClassVar = ["order"]

    def __str__(self) -> str:
        return self.code


class Attestation(models.Model):
    """Somebody's word for one row of §1.4 in one environment; the newest counts, for a year (`catalog.isolation`)."""

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="attestations")
    item = models.CharField(max_length=16, choices=[(item.value, item.name) for item in Isolated])
    evidence = models.CharField(max_length=1000)
    attested_at = models.DateTimeField()
    attested_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-attested_at", "-id"]
        triggers = append_only_triggers()
        indexes: ClassVar = [models.Index(fields=["environment", "item", "-attested_at"], name="attestation_latest")]

    def __str__(self) -> str:
        return f"{self.item} of {self.environment_id}"

    @property
    def holds_until(self) -> datetime:
        """The first moment it no longer holds."""
        return self.attested_at + HOLDS


class Service(models.Model):
    """Something a team runs. `urls` {dev, stg, prd}, `metrics` {error_rate, latency_p99} are queries, `thresholds` override §4.7.

    `allowed_hosts`: the only hosts the portal calls for it. `minimum_coverage`: percent the test stage must show (§4.2).
    """

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="services")
    tier = models.PositiveSmallIntegerField(default=3)
    description = models.CharField(max_length=1000, blank=True)
    repository = models.CharField(max_length=300, blank=True)
    urls = models.JSONField(default=dict, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    thresholds = models.JSONField(default=dict, blank=True)
    allowed_hosts = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    rollback_driver = models.CharField(max_length=32, default="manual")
    rollback_config = models.JSONField(default=dict, blank=True)
    minimum_coverage = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    depends_on = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="dependents")
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(tier__gte=1, tier__lte=4), name="service_tier_1_to_4"),
            models.CheckConstraint(
                condition=Q(minimum_coverage__isnull=True) | Q(minimum_coverage__gte=0, minimum_coverage__lte=100),
                name="service_coverage_is_percent",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


def found_by_lint(severity: Severity) -> Q:
    """Artifacts with a finding of `severity` in a migration, by the index that holds these alone."""
    path = f"jsonb_path_exists(%(expressions)s, '$[*].findings[*] ? (@.severity == \"{severity.value}\")')"
    return Q(Func(F("migrations"), template=path, output_field=models.BooleanField()))


class Artifact(models.Model):
    """A build output (§3), immutable: a trigger refuses every UPDATE and DELETE.

    `major`, `minor`, `patch` are null for `sha-…` builds (R17). `dependencies` {name: version},
    `migrations` [{filename, sql, kind, phase, findings, locks, lock_impact, has_way_back}], `commits` [{sha, message, committed_at}].
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="artifacts")
    version = models.CharField(max_length=128)
    major = models.IntegerField(null=True)
    minor = models.IntegerField(null=True)
    patch = models.IntegerField(null=True)
    prerelease = models.CharField(max_length=128, blank=True)
    digest = models.CharField(max_length=71)
    type = models.CharField(max_length=32, choices=[(kind.value, kind.name) for kind in ArtifactType])
    git_sha = models.CharField(max_length=64)
    git_ref = models.CharField(max_length=255)
    build_time = models.DateTimeField()
    build_number = models.CharField(max_length=64)
    builder = models.CharField(max_length=120)
    dependencies = models.JSONField(default=dict)
    signature = models.TextField(null=True)  # noqa: DJ001 - null is "not signed" (R14), an empty signature is refused
    migrations = models.JSONField(default=list)
    commits = models.JSONField(default=list)
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-registered_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "version"], name="artifact_version_once"),
            models.CheckConstraint(condition=Q(digest__regex=r"^sha256:[0-9a-f]{64}$"), name="artifact_digest_form"),
            models.CheckConstraint(
                condition=Q(type__in=[kind.value for kind in ArtifactType]), name="artifact_type_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-registered_at", "-id"], name="artifact_newest"),
            models.Index(fields=["service", "git_sha"], name="artifact_by_commit"),
            models.Index(fields=["digest"], name="artifact_by_digest"),
            # Few artifacts have one, and looking for it reads the SQL of every file.
            *(
                models.Index(
                    fields=["service", "version"], name=f"artifact_lint_{severity}", condition=found_by_lint(severity)
                )
                for severity in Severity
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="artifact_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.version


class Retention(models.Model):
    """How long §3.5 keeps an artifact, judged daily; beside it, because the artifact itself never changes.

    `retain_until` null is permanent; `last_used_at` null: it never ran in production; `expired_at` since when the registry may let it go.
    """

    artifact = models.OneToOneField(Artifact, on_delete=models.PROTECT, related_name="kept")
    retain_until = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "retention"
        indexes: ClassVar = [
            models.Index(fields=["expired_at"], name="artifact_expired", condition=Q(expired_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.artifact_id} until {self.retain_until}"


class Evidence(models.Model):
    """What a pipeline saw of an artifact at one stage (§4.2). Append-only by trigger; the latest of a stage counts.

    `summary` scan: {critical, high}; test: {coverage} in percent. `run` {provider, id, attempt, url} or {}.
    """

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="evidence")
    stage = models.CharField(max_length=16, choices=[(stage.value, stage.name) for stage in Stage])
    status = models.CharField(max_length=16, choices=[(status.value, status.name) for status in StageStatus])
    url = models.CharField(max_length=1000, blank=True)
    summary = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    run = models.JSONField(default=dict)
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name_plural = "evidence"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(stage__in=[stage.value for stage in Stage]), name="evidence_stage_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in StageStatus]), name="evidence_status_known"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["artifact", "stage", "-id"], name="evidence_latest")]
        triggers: ClassVar = [
            pgtrigger.Protect(name="evidence_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.stage}: {self.status}"


class ProtectionReport(models.Model):
    """How a repository's branches were protected when a pipeline looked (§2.5). Append-only; the latest of a service counts.

    `settings` is the platform's own JSON, `findings` the reasons of the audit in their public shape.
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="protection_reports")
    platform = models.CharField(max_length=16, choices=[(platform.value, platform.name) for platform in Platform])
    settings = models.JSONField()
    has_code_owners = models.BooleanField()
    findings = models.JSONField()
    is_protected = models.BooleanField()
    run = models.JSONField(default=dict)
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-reported_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["service", "-reported_at", "-id"], name="protection_latest")]
        triggers: ClassVar = append_only_triggers()

    def __str__(self) -> str:
        return f"{self.platform}: {'protected' if self.is_protected else 'open'}"


class TrustedIdentity(models.Model):
    """Whom an OIDC token of a CI platform stands for: `issuer` and `claims` must match exactly (integrations.md C1).

    It acts as the service account `account`, for `services` alone, with `scopes` as an API key would have them.
    """

    name = models.CharField(max_length=80)
    issuer = models.CharField(max_length=255)
    audience = models.CharField(max_length=255)
    claims = models.JSONField()
    account = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    services = ArrayField(models.CharField(max_length=64))
    scopes = ArrayField(models.CharField(max_length=32))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "trusted identities"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name"], condition=Q(revoked_at__isnull=True), name="trust_name_once"),
            # By digest: an index row holds at most 2,704 bytes, and jsonb writes equal objects alike.
            models.UniqueConstraint(
                "issuer",
                "audience",
                MD5(Cast("claims", models.TextField())),
                condition=Q(revoked_at__isnull=True),
                name="trust_same_claims_once",
            ),
            # Without a claim every repository of the platform would be trusted.
            models.CheckConstraint(condition=~Q(claims={}), name="trust_names_claims"),
            models.CheckConstraint(condition=Q(services__len__gt=0), name="trust_names_services"),
        ]
        indexes: ClassVar = [models.Index(fields=["issuer"], name="trust_by_issuer")]

    def __str__(self) -> str:
        return self.name
