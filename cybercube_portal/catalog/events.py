"""Names of what happened to the catalogue. Pure."""

from __future__ import annotations

from enum import StrEnum


class CatalogEvent(StrEnum):
    """`<noun>.<participle>`."""

    SERVICE_REGISTERED = "service.registered"
    SERVICE_EDITED = "service.edited"
    ARTIFACT_REGISTERED = "artifact.registered"
    ARTIFACT_EXPIRED = "artifact.expired"
    EVIDENCE_REPORTED = "evidence.reported"
    PROTECTION_REPORTED = "protection.reported"
    ISOLATION_ATTESTED = "isolation.attested"
    IDENTITY_TRUSTED = "trusted_identity.created"
    IDENTITY_DISTRUSTED = "trusted_identity.revoked"
