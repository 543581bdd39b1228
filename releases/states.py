"""The gate's fixed words. Pure data."""

from __future__ import annotations

from enum import StrEnum


class GateOutcome(StrEnum):
    """What the gate answers. Only `allow` lets a pipeline go on."""

    ALLOW = "allow"
    WAIT = "wait"
    DENY = "deny"
