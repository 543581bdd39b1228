"""What is read from the record."""

from __future__ import annotations
