"""Fields, constraints and guards. Only actions of this app write them."""

from __future__ import annotations

from releases.models.gate import GateDecision, GateEvaluation

__all__ = ["GateDecision", "GateEvaluation"]
