"""Names of what happened to a flag, a segment: `<noun>.<participle>`. Pure."""

from __future__ import annotations

from enum import StrEnum


class FlagEvent(StrEnum):
    """Subjects: `flag:<key>`, `service:<slug>` where it belongs to one, the change's number where one let it happen."""

    CREATED = "flag.created"
    EDITED = "flag.edited"
    CHANGED = "flag.changed"
    PROPOSED = "flag.proposed"
    WITHDRAWN = "flag.withdrawn"
    KILLED = "flag.killed"
    RESTORED = "flag.restored"
    RAMP_STARTED = "flag.ramp_started"
    RAMP_APPROVED = "flag.ramp_approved"
    RESHUFFLED = "flag.reshuffled"
    EXPIRY_NOTICED = "flag.expiry_noticed"
    REFERENCED = "flag.referenced"
    ARCHIVED = "flag.archived"


class SegmentEvent(StrEnum):
    """Subjects: `segment:<slug>`."""

    CREATED = "segment.created"
    CHANGED = "segment.changed"
