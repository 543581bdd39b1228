"""The only place that writes the catalogue."""

from __future__ import annotations

from cybercube_portal.catalog.actions.artifacts import Registration, register_artifact
from cybercube_portal.catalog.actions.evidence import report_evidence
from cybercube_portal.catalog.actions.isolation import attest_isolation
from cybercube_portal.catalog.actions.protection import report_protection
from cybercube_portal.catalog.actions.services import edit_service, register_service
from cybercube_portal.catalog.actions.trust import distrust_identity, trust_identity

__all__ = [
    "Registration",
    "attest_isolation",
    "distrust_identity",
    "edit_service",
    "register_artifact",
    "register_service",
    "report_evidence",
    "report_protection",
    "trust_identity",
]
