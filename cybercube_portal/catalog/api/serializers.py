"""Shapes of services, environments, artifacts and evidence in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.api.reasons import REASONS
from cybercube_portal.catalog.reproducible import not_reproducible
from cybercube_portal.catalog.states import (
    ARTIFACT_TYPE_NAMES,
    RETENTION,
    ArtifactType,
    EnvironmentCode,
    MigrationKind,
    RollbackDriver,
    Stage,
    StageStatus,
)

STAGES = [stage.value for stage in Stage]
STATUSES = [status.value for status in StageStatus]
KINDS = [kind.value for kind in MigrationKind]
TYPES = [kind.value for kind in ArtifactType]


class PercentField(serializers.DecimalField):
    """0 to 100 with two decimals, as a JSON number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(5, 2, min_value=0, max_value=100, coerce_to_string=False, **options)


class IsolationSerializer(serializers.Serializer[Any]):
    """One line of the checklist of §1.4."""

    isolation = serializers.CharField()
    requirement = serializers.CharField()


class EnvironmentSerializer(serializers.Serializer[Any]):
    """One column of §1.2, with its name (§1.3) and its isolation (§1.4)."""

    code = serializers.ChoiceField([code.value for code in EnvironmentCode])
    name = serializers.CharField()
    purpose = serializers.CharField()
    data = serializers.CharField()  # type: ignore[assignment]  # a column of §1.2; the framework takes fields off the class
    scale = serializers.CharField()
    uptime_slo = serializers.CharField()
    access = serializers.CharField()
    deployment = serializers.CharField()
    monitoring = serializers.CharField()
    url_pattern = serializers.CharField()
    isolation = IsolationSerializer(many=True)


class UrlsSerializer(StrictSerializer):
    """Where the service answers, by environment."""

    dev = serializers.CharField(max_length=300, required=False)
    stg = serializers.CharField(max_length=300, required=False)
    prd = serializers.CharField(max_length=300, required=False)


class MetricsSerializer(StrictSerializer):
    """Queries whose single value is the error rate as a fraction, and the 99th percentile of latency in ms (§4.7)."""

    error_rate = serializers.CharField(max_length=2000, required=False)
    latency_p99 = serializers.CharField(max_length=2000, required=False)


class ThresholdsSerializer(StrictSerializer):
    """Limits of its own instead of §4.7's: `error_rate` a fraction, `latency_p99` in ms."""

    error_rate = serializers.FloatField(required=False)
    latency_p99 = serializers.FloatField(required=False)


class ServiceSerializer(serializers.Serializer[Any]):
    """A service. `depends_on` holds slugs; `minimum_coverage` is percent, null when none is asked for."""

    slug = serializers.CharField()
    name = serializers.CharField()
    team = serializers.CharField(source="team.slug")
    tier = serializers.IntegerField()
    description = serializers.CharField(allow_blank=True)
    repository = serializers.CharField(allow_blank=True)
    urls = UrlsSerializer()
    metrics = MetricsSerializer()
    thresholds = ThresholdsSerializer()
    allowed_hosts = serializers.ListField(child=serializers.CharField())
    rollback_driver = serializers.ChoiceField([driver.value for driver in RollbackDriver])
    minimum_coverage = PercentField(allow_null=True)
    depends_on = serializers.SerializerMethodField()

    def get_depends_on(self, service: Any) -> list[str]:  # noqa: ANN401 - a Service; models stay below the edge
        """Slugs."""
        return [needed.slug for needed in service.depends_on.all()]


class EditServiceSerializer(StrictSerializer):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=120, required=False)
    team = serializers.SlugField(max_length=64, required=False)
    tier = serializers.IntegerField(min_value=1, max_value=4, required=False)
    description = serializers.CharField(max_length=1000, allow_blank=True, required=False)
    repository = serializers.CharField(max_length=300, allow_blank=True, required=False)
    urls = UrlsSerializer(required=False)
    metrics = MetricsSerializer(required=False)
    thresholds = ThresholdsSerializer(required=False)
    allowed_hosts = serializers.ListField(child=serializers.CharField(max_length=253), max_length=50, required=False)
    rollback_driver = serializers.ChoiceField([driver.value for driver in RollbackDriver], required=False)
    rollback_config = serializers.DictField(required=False, write_only=True)
    minimum_coverage = PercentField(allow_null=True, required=False)
    depends_on = serializers.ListField(child=serializers.SlugField(max_length=64), max_length=100, required=False)


class NewServiceSerializer(EditServiceSerializer):
    """A new service; its slug never changes."""

    slug = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=120)
    team = serializers.SlugField(max_length=64)


MOMENT: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
SAME_COMMIT: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["reference", "version", "digest"],
        "properties": {name: {"type": "string"} for name in ("reference", "version", "digest")},
    },
}


class ArtifactTypeField(serializers.ChoiceField):
    """§3.5 and the glossary write "Container images"; any of their spellings is read, one is written."""

    def to_internal_value(self, data: Any) -> ArtifactType:  # noqa: ANN401 - any JSON
        """The type meant."""
        word = str(data).strip().lower().replace("-", "_").replace(" ", "_")
        if word not in ARTIFACT_TYPE_NAMES:
            self.fail("invalid_choice", input=data)
        return ARTIFACT_TYPE_NAMES[word]


class MigrationSerializer(StrictSerializer):
    """A migration file (§9.2). `kind` can only make it stricter: what writes rows is a data migration."""

    filename = serializers.CharField(max_length=200)
    sql = serializers.CharField(max_length=500_000, trim_whitespace=False)
    kind = serializers.ChoiceField(KINDS, required=False)


class JudgedMigrationSerializer(serializers.Serializer[Any]):
    """A migration file as it was judged at registration."""

    filename = serializers.CharField()
    sql = serializers.CharField()
    kind = serializers.ChoiceField(KINDS)
    phase = serializers.CharField(allow_null=True)
    findings = serializers.ListField(child=serializers.DictField())
    locks = serializers.ListField(child=serializers.DictField(), default=list)
    lock_impact = serializers.CharField(default="")
    has_way_back = serializers.BooleanField(default=False, help_text="It holds one below “-- Down” (§8.4).")


class CommitSerializer(StrictSerializer):
    """A commit the artifact was built from."""

    sha = serializers.CharField(max_length=64)
    message = serializers.CharField(max_length=10_000, trim_whitespace=False)
    committed_at = MomentField()


class BuiltFromSerializer(serializers.Serializer[Any]):
    """A commit the artifact was built from."""

    sha = serializers.CharField()
    message = serializers.CharField()
    committed_at = serializers.CharField(help_text="RFC 3339")


class NewArtifactSerializer(StrictSerializer):
    """What a pipeline built, with the metadata of §3.6. `version` by §3.2 or `sha-…`; `type` left out: a container image."""

    service = serializers.SlugField(max_length=64)
    version = serializers.CharField(max_length=128)
    digest = serializers.CharField(max_length=200)
    type = ArtifactTypeField(TYPES, default=ArtifactType.CONTAINER_IMAGE)
    git_sha = serializers.CharField(max_length=64)
    git_ref = serializers.CharField(max_length=255)
    build_time = MomentField()
    build_number = serializers.CharField(max_length=64)
    builder = serializers.CharField(max_length=120)
    dependencies = serializers.DictField(child=serializers.CharField(max_length=200, allow_blank=True), default=dict)
    signature = serializers.CharField(max_length=16_384, allow_null=True, default=None)
    migrations = serializers.ListField(child=MigrationSerializer(), max_length=200, default=list)
    commits = serializers.ListField(child=CommitSerializer(), max_length=2000, default=list)


class EvidenceSerializer(serializers.Serializer[Any]):
    """One report of one stage. `run` is what the pipeline's platform vouches for, empty with an API key."""

    stage = serializers.ChoiceField(STAGES)
    status = serializers.ChoiceField(STATUSES)
    url = serializers.CharField(allow_blank=True)
    summary = serializers.DictField()
    run = serializers.DictField()
    reported_at = MomentField()
    reported_by = serializers.CharField(source="reported_by.username")


class NewEvidenceSerializer(StrictSerializer):
    """`summary` of a scan: critical, high; of a test: coverage in percent; whatever else the pipeline says is kept."""

    stage = serializers.ChoiceField(STAGES)
    status = serializers.ChoiceField(STATUSES)
    url = serializers.CharField(max_length=1000, allow_blank=True, default="")
    summary = serializers.DictField(default=dict)


class ListedArtifactSerializer(serializers.Serializer[Any]):
    """An artifact in a list. `stages`: the latest status of each stage that was reported."""

    reference = serializers.SerializerMethodField()
    service = serializers.CharField(source="service.slug")
    version = serializers.CharField()
    digest = serializers.CharField()
    type = serializers.ChoiceField(TYPES)
    git_sha = serializers.CharField()
    git_ref = serializers.CharField()
    build_time = MomentField()
    build_number = serializers.CharField()
    builder = serializers.CharField()
    registered_at = MomentField()
    registered_by = serializers.CharField(source="registered_by.username")
    stages = serializers.SerializerMethodField()

    def get_reference(self, artifact: Any) -> str:  # noqa: ANN401 - an Artifact; models stay below the edge
        """`service:version` (R2)."""
        return f"{artifact.service.slug}:{artifact.version}"

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "enum": STATUSES}})
    def get_stages(self, artifact: Any) -> dict[str, str]:  # noqa: ANN401 - an Artifact
        """{stage: status} from the context's `latest`."""
        return {stage.value: row.status for stage, row in self.context["latest"][artifact.pk].items()}


class ArtifactSerializer(ListedArtifactSerializer):
    """An artifact with all that is known of it. `evidence`: the latest report of each stage. `retention` by §3.5.

    `reproducible`: whether the other builds of its commit have its digest (§3.1), null when there is none; `findings` say it
    in words. `retain_until` null: permanent, or not judged yet; `expired_at`: since when the registry may let it go.
    """

    dependencies = serializers.DictField(child=serializers.CharField())
    signature = serializers.CharField(allow_null=True)
    migrations = JudgedMigrationSerializer(many=True)
    commits = BuiltFromSerializer(many=True)
    retention = serializers.SerializerMethodField()
    retain_until = serializers.SerializerMethodField()
    last_used_at = serializers.SerializerMethodField()
    expired_at = serializers.SerializerMethodField()
    reproducible = serializers.SerializerMethodField()
    same_commit = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()
    evidence = serializers.SerializerMethodField()

    def get_retention(self, artifact: Any) -> str:  # noqa: ANN401 - an Artifact
        """How long §3.5 keeps it."""
        return RETENTION[ArtifactType(artifact.type)]

    @extend_schema_field(MOMENT)
    def get_retain_until(self, _artifact: Any) -> str | None:  # noqa: ANN401 - an Artifact
        """Until when §3.5 keeps it."""
        return self._kept("retain_until")

    @extend_schema_field(MOMENT)
    def get_last_used_at(self, _artifact: Any) -> str | None:  # noqa: ANN401 - an Artifact
        """When it last ran in production, as of the last daily look."""
        return self._kept("last_used_at")

    @extend_schema_field(MOMENT)
    def get_expired_at(self, _artifact: Any) -> str | None:  # noqa: ANN401 - an Artifact
        """Since when its time is over."""
        return self._kept("expired_at")

    def _kept(self, name: str) -> str | None:
        moment = getattr(self.context["kept"], name, None)
        return MomentField().to_representation(moment) if moment else None

    def get_reproducible(self, artifact: Any) -> bool | None:  # noqa: ANN401 - an Artifact
        """From the context's `builds`."""
        builds = self.context["builds"]
        return all(digest == artifact.digest for _, digest in builds) if builds else None

    @extend_schema_field(SAME_COMMIT)
    def get_same_commit(self, artifact: Any) -> list[dict[str, str]]:  # noqa: ANN401 - an Artifact
        """The other builds of its commit."""
        slug = artifact.service.slug
        return [
            {"reference": f"{slug}:{version}", "version": version, "digest": digest}
            for version, digest in self.context["builds"]
        ]

    @extend_schema_field(REASONS)
    def get_findings(self, artifact: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - an Artifact
        """What is noticed of it, as reasons."""
        unlike = [version for version, digest in self.context["builds"] if digest != artifact.digest]
        return [not_reproducible(artifact.git_sha, unlike).as_dict()] if unlike else []

    @extend_schema_field(EvidenceSerializer(many=True))
    def get_evidence(self, artifact: Any) -> Any:  # noqa: ANN401 - an Artifact, a list of reports
        """From the context's `latest`, in the order of the pipeline."""
        latest = self.context["latest"][artifact.pk]
        return EvidenceSerializer([latest[stage] for stage in Stage if stage in latest], many=True).data
