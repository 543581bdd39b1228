"""Fields, constraints and guards. Only actions of this app write them."""

from __future__ import annotations

from releases.models.compliance import ComplianceDay
from releases.models.deployment import Deployment, Rollback
from releases.models.figures import ShippedDay, SignedDay
from releases.models.gate import FailedFreezes, GateDecision, GateEvaluation
from releases.models.incident import Incident
from releases.models.migration import Migration
from releases.models.observation import Observation
from releases.models.release import ChecklistTick, Release
from releases.models.verification import CheckResult, Verification, WatchSample

__all__ = [
    "CheckResult",
    "ChecklistTick",
    "ComplianceDay",
    "Deployment",
    "FailedFreezes",
    "GateDecision",
    "GateEvaluation",
    "Incident",
    "Migration",
    "Observation",
    "Release",
    "Rollback",
    "ShippedDay",
    "SignedDay",
    "Verification",
    "WatchSample",
]
