"""The catalogue's fixed words: environments, artifact types, pipeline stages and how they came out. Pure."""

from __future__ import annotations

from enum import StrEnum


class EnvironmentCode(StrEnum):
    """§1.3: the codes."""

    DEV = "dev"
    STG = "stg"
    PRD = "prd"


# R21: §6.6 writes the long names, §1.3 the codes. Both are read, the codes are written.
ENVIRONMENT_NAMES: dict[str, EnvironmentCode] = {
    "development": EnvironmentCode.DEV,
    "staging": EnvironmentCode.STG,
    "production": EnvironmentCode.PRD,
    **{code.value: code for code in EnvironmentCode},
}


class ArtifactType(StrEnum):
    """Glossary "Artifact" and §3.5."""

    CONTAINER_IMAGE = "container_image"
    COMPILED_BINARY = "compiled_binary"
    STATIC_ASSETS = "static_assets"
    CONFIGURATION_BUNDLE = "configuration_bundle"
    SOURCE_ARCHIVE = "source_archive"


# §3.5 and the glossary write plurals, pipelines write short: all are read, the type is written.
ARTIFACT_TYPE_NAMES: dict[str, ArtifactType] = {
    "container": ArtifactType.CONTAINER_IMAGE,
    "image": ArtifactType.CONTAINER_IMAGE,
    "container_images": ArtifactType.CONTAINER_IMAGE,
    "binary": ArtifactType.COMPILED_BINARY,
    "compiled_binaries": ArtifactType.COMPILED_BINARY,
    "static": ArtifactType.STATIC_ASSETS,
    "configuration": ArtifactType.CONFIGURATION_BUNDLE,
    "configuration_bundles": ArtifactType.CONFIGURATION_BUNDLE,
    "source": ArtifactType.SOURCE_ARCHIVE,
    "source_archives": ArtifactType.SOURCE_ARCHIVE,
    **{kind.value: kind for kind in ArtifactType},
}

# §3.5, retention of the types it names; a binary and a bundle are deployed like an image and are kept like one.
_DEPLOYED = "90 days (dev), 1 year (prod)"
RETENTION: dict[ArtifactType, str] = {
    ArtifactType.CONTAINER_IMAGE: _DEPLOYED,
    ArtifactType.COMPILED_BINARY: _DEPLOYED,
    ArtifactType.CONFIGURATION_BUNDLE: _DEPLOYED,
    ArtifactType.STATIC_ASSETS: "1 year",
    ArtifactType.SOURCE_ARCHIVE: "Permanent",
}


class Stage(StrEnum):
    """§4.1 and §4.2: what a pipeline reports about an artifact. `staging` is the deployment there, `e2e` the tests after it."""

    BUILD = "build"
    TEST = "test"
    SCAN = "scan"
    STAGING = "staging"
    E2E = "e2e"


class StageStatus(StrEnum):
    """How a stage came out."""

    PASSED = "passed"
    FAILED = "failed"


class MigrationKind(StrEnum):
    """§5.6 judges a data migration harder than a schema migration."""

    SCHEMA = "schema"
    DATA = "data"


class MigrationPhase(StrEnum):
    """§9.3: expand, then backfill, then contract."""

    EXPAND = "expand"
    BACKFILL = "backfill"
    CONTRACT = "contract"


class Severity(StrEnum):
    """Of a finding of the lint; an error raises the change's risk."""

    ERROR = "error"
    WARNING = "warning"


class RollbackDriver(StrEnum):
    """How a rollback of the service is carried out (domain.md section 4)."""

    WEBHOOK = "webhook"
    KUBERNETES = "kubernetes"
    MANUAL = "manual"
