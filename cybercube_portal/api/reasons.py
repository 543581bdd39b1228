"""Reasons in the shape every surface shows: {code, outcome, section, message, remedy, who[], details{}} each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cybercube_portal.api.schema import REASON
from cybercube_portal.decisions import Reason

REASONS: dict[str, Any] = {"type": "array", "items": REASON}


@extend_schema_field(REASONS)
class ReasonsField(serializers.Field[Any, Any, Any, Any]):
    """Reasons of `decisions`."""

    def to_representation(self, value: Iterable[Reason]) -> list[dict[str, Any]]:
        """Each in its public shape."""
        return [reason.as_dict() for reason in value]


@extend_schema_field(REASONS)
class ToldReasonsField(serializers.ListField):
    """Reasons that stand in their public shape already. A class of its own: what is said of a shared one is said of every list."""
