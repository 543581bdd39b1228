"""Fields that read what people write about changes: times by the clock on a wall, short durations, `service:version`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from changes.policy.recurrence import AmbiguousTime, NonexistentTime, wall_time
from changes.policy.schedule import format_duration, parse_duration
from changes.proposals import ArtifactName, parse_artifact
from cybercube_portal.api import MomentField
from cybercube_portal.api.strict import nearest
from cybercube_portal.errors import Invalid
from cybercube_portal.reach import OutOfReach

LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d)?", re.ASCII)
WALL_MEMBERS = ("local", "timezone", "fold")
LONGEST_TEXT = 50_000
DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)

MOMENT_SCHEMA: dict[str, Any] = {"type": "string", "format": "date-time"}
WALL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "The clock on a wall. `fold` says which of two: 0 the first, 1 the second.",
    "required": ["local", "timezone"],
    "additionalProperties": False,
    "properties": {
        "local": {"type": "string", "description": "YYYY-MM-DDTHH:MM, without an offset."},
        "timezone": {"type": "string", "description": "IANA name."},
        "fold": {"type": "integer", "enum": [0, 1]},
    },
}


@extend_schema_field({"oneOf": [MOMENT_SCHEMA, WALL_SCHEMA]})
class WhenField(serializers.Field[datetime, Any, str, Any]):
    """An RFC 3339 moment, or `{"local": "2026-03-29T02:30", "timezone": "Europe/London", "fold"?}`; written in UTC.

    A wall time that does not exist is refused, one that exists twice asks which (reliability.md section 7).
    """

    default_error_messages = {
        "local": "Not a wall time: write YYYY-MM-DDTHH:MM without an offset.",
        "fold": "fold is 0 for the first or 1 for the second of two.",
    }

    def to_internal_value(self, data: Any) -> datetime:  # noqa: ANN401 - any JSON
        """The moment in UTC. Raises ValidationError for the form, Invalid for a time that is not one moment."""
        if not isinstance(data, Mapping):
            return MomentField().to_internal_value(data)
        for name in data:
            if name not in WALL_MEMBERS:
                raise serializers.ValidationError(
                    {name: f"There is no {name!r} here.{nearest(name, WALL_MEMBERS)}"}, code="unknown"
                )
        local, zone, fold = data.get("local"), data.get("timezone"), data.get("fold")
        if not isinstance(local, str) or not LOCAL.fullmatch(local) or not isinstance(zone, str):
            self.fail("local")
        if fold is not None and (isinstance(fold, bool) or fold not in (0, 1)):
            self.fail("fold")
        return self._moment(local, zone, fold)

    def _moment(self, local: str, zone: str, fold: int | None) -> datetime:
        pointer = f"/{self.field_name}"
        try:
            return wall_time(datetime.fromisoformat(local.upper()), zone, fold)
        except NonexistentTime as error:
            raise Invalid.field(pointer, "time.nonexistent", str(error)) from error
        except AmbiguousTime as error:
            message = f"{error} Send fold 0 for the first or 1 for the second."
            raise Invalid.field(pointer, "time.ambiguous", message) from error
        except OutOfReach as error:
            raise Invalid.field(pointer, error.code, str(error)) from error
        except ValueError as error:
            raise Invalid.field(pointer, "time.invalid", str(error)) from error

    def to_representation(self, value: datetime) -> str:
        """RFC 3339 in UTC."""
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field({"type": "string", "description": "`30m`, `1h30m`, or by ISO 8601 `PT30M`; at most 30 days."})
class DurationField(serializers.Field[timedelta, Any, str, Any]):
    """`30m` or ISO 8601; written in the short form."""

    def to_internal_value(self, data: Any) -> timedelta:  # noqa: ANN401 - any JSON
        """The duration. Raises ValidationError."""
        try:
            return parse_duration(data if isinstance(data, str) else "")
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="duration.form") from error

    def to_representation(self, value: timedelta) -> str:
        """`30m`."""
        return format_duration(value)


ARTIFACT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["service", "version"],
    "additionalProperties": False,
    "properties": {
        "service": {"type": "string"},
        "version": {"type": "string"},
        "digest": {"type": ["string", "null"], "description": "Left out: the registered one."},
    },
}


@extend_schema_field({"oneOf": [{"type": "string", "description": "`service:version`"}, ARTIFACT_SCHEMA]})
class ArtifactField(serializers.Field[ArtifactName, Any, dict[str, Any], Any]):
    """`service:version`, or {service, version, digest?}; written as the object."""

    default_error_messages = {"invalid": "Write service:version, or an object of service, version and perhaps digest."}

    def to_internal_value(self, data: Any) -> ArtifactName:  # noqa: ANN401 - any JSON
        """The name. Raises ValidationError for the form; the version is judged with the whole change."""
        if isinstance(data, str):
            try:
                return parse_artifact(data)
            except ValueError as error:
                raise serializers.ValidationError(str(error), code="artifact.form") from error
        if not isinstance(data, Mapping) or not {"service", "version"} <= set(data) <= {"service", "version", "digest"}:
            self.fail("invalid")
        service, version, digest = data["service"], data["version"], data.get("digest") or ""
        if not all(isinstance(part, str) for part in (service, version, digest)):
            self.fail("invalid")
        if digest and not DIGEST.fullmatch(digest):
            raise serializers.ValidationError("A digest is sha256: and 64 hex digits.", code="artifact.digest_form")
        return ArtifactName(service=service, version=version, digest=digest)

    def to_representation(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - a stored entry
        """{service, version, digest}; digest null while none is registered."""
        return {"service": value["service"], "version": value["version"], "digest": value["digest"] or None}


class WordField(serializers.CharField):
    """An optional text: read as a text or null, written null when it is empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "allow_null": True, "allow_blank": True, **options})

    def get_attribute(self, instance: Any) -> Any:  # noqa: ANN401 - whatever holds it
        """The text, or None."""
        return super().get_attribute(instance) or None


class LongField(serializers.CharField):
    """A text of many lines, kept to the letter."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{
                "max_length": LONGEST_TEXT,
                "required": False,
                "allow_blank": True,
                "trim_whitespace": False,
                **options,
            }
        )
