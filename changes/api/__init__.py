"""Changes over REST (api.md)."""

from __future__ import annotations
