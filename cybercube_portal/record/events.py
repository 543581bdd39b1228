"""Names of what the record's own actions tell. Pure."""

from __future__ import annotations

from enum import StrEnum


class PackEvent(StrEnum):
    """Evidence packs that a worker makes."""

    REQUESTED = "evidence_pack.requested"
    FINISHED = "evidence_pack.finished"
    FAILED = "evidence_pack.failed"


class ChainEvent(StrEnum):
    """What the portal notices when it walks the audit chain by itself."""

    BREAK_FOUND = "audit_chain.break_found"
