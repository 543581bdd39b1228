"""Flags, what they serve where, the versions kept of that, planned steps, and what is known of their use."""

from __future__ import annotations

from flags.models.facts import CodeReference, CodeScan, FlagUsage, UnknownFlag
from flags.models.flag import EnvironmentVersion, Flag, FlagEnvironment, FlagVersion, Segment, SegmentVersion
from flags.models.step import PlannedStep

__all__ = [
    "CodeReference",
    "CodeScan",
    "EnvironmentVersion",
    "Flag",
    "FlagEnvironment",
    "FlagUsage",
    "FlagVersion",
    "PlannedStep",
    "Segment",
    "SegmentVersion",
    "UnknownFlag",
]
