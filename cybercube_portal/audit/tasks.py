"""The worker's edge of the record."""

from __future__ import annotations
