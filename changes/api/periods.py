"""What freezes and deployment windows share over REST: when and where, and edits that name what they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from changes.api.fields import WhenField, WordField
from changes.api.serializers import PersonSerializer
from changes.models.freeze import Scoped
from changes.selectors.freezes import next_occurrence
from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES

SLUGS: dict[str, Any] = {"required": False, "max_length": 200, "help_text": "Slugs; empty means all."}
SCOPE = ("services", "teams", "environments", "excluded_services", "excluded_teams")
PERIOD = ("title", "starts_at", "ends_at", "timezone", "rule", "excluded_dates", *SCOPE)


def _slugs() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=64), **SLUGS)


class OccurrenceSerializer(serializers.Serializer[Any]):
    """Half-open."""

    start = MomentField()
    end = MomentField()


class PeriodSerializer(StrictSerializer):
    """When and where. `starts_at`, `ends_at`: the first occurrence; `rule`: RFC 5545, in the wall time of `timezone`.

    `timezone` left out: that of a wall time in `starts_at`, else UTC. `next`: the occurrence that holds now, or the next one.
    """

    reference = serializers.CharField(read_only=True)
    title = serializers.CharField(max_length=160)
    starts_at = WhenField()
    ends_at = WhenField()
    timezone = serializers.CharField(max_length=64, required=False)
    rule = WordField(max_length=300)
    excluded_dates = serializers.ListField(child=serializers.DateField(), max_length=366, required=False)
    services = _slugs()
    teams = _slugs()
    environments = serializers.ListField(child=serializers.ChoiceField(list(ENVIRONMENT_NAMES)), **SLUGS)
    excluded_services = _slugs()
    excluded_teams = _slugs()
    next = OccurrenceSerializer(read_only=True, allow_null=True)
    created_by = PersonSerializer(read_only=True)
    created_at = MomentField(read_only=True)

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - any JSON
        """The values, with the zone of a wall time where none is named."""
        values = super().to_internal_value(data)
        starts = data.get("starts_at")
        if "timezone" not in values and isinstance(starts, Mapping) and not self.partial:
            values["timezone"] = starts["timezone"]
        return values


def fields_from(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The members sent as fields of a plan: lists as tuples, null as an empty text."""
    return {
        name: tuple(value) if isinstance(value, list) else "" if value is None else value
        for name, value in sent.items()
    }


def shown_period(row: Scoped, *, now: datetime) -> dict[str, Any]:
    """What PeriodSerializer writes of a stored freeze or window."""
    found = next_occurrence(row, after=now)
    return {
        **{name: getattr(row, name) for name in (*PERIOD, "created_by", "created_at")},
        "next": None if found is None else {"start": found.start, "end": found.end},
    }
