"""How far an evidence pack is. Pure."""

from __future__ import annotations

from enum import StrEnum


class PackState(StrEnum):
    """Derived from what is known of it: nobody moves a pack by hand."""

    BEING_MADE = "being_made"
    READY = "ready"
    FAILED = "failed"
