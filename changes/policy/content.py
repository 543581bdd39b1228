"""What a signature covers: a SHA-256 of the material content, and how two versions of it differ. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from changes.states import Risk

# Names as in the public contract. `release_type`, `release`, `parameters` and the ways back decide seats and scope: signed too.
MATERIAL_FIELDS: tuple[str, ...] = (
    "type",
    "release_type",
    "release",
    "description",
    "services",
    "environments",
    "artifacts",
    "risk_assessment",
    "impact",
    "rollback_plan",
    "rollback_version",
    "rollback_flag",
    "migrations",
    "parameters",
)
SCHEDULE_FIELDS: tuple[str, ...] = ("scheduled_time", "estimated_duration")
SCHEDULE_IS_MATERIAL: frozenset[Risk] = frozenset({Risk.HIGH, Risk.CRITICAL})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that changed, as JSON values; None where it is absent. Inner fields are dotted: `impact.customers`."""

    field: str
    before: object
    after: object


def material(content: Mapping[str, Any], *, risk: Risk) -> dict[str, Any]:
    """What of `content` is signed at this risk. KeyError when a field is missing: nothing is ever signed unseen."""
    fields = MATERIAL_FIELDS + (SCHEDULE_FIELDS if risk in SCHEDULE_IS_MATERIAL else ())
    return {name: content[name] for name in fields}


def material_hash(material: Mapping[str, Any]) -> str:
    """64 hex digits: SHA-256 over canonical JSON (sorted keys, UTC times, sets as sorted lists).

    Raises TypeError for a value that has no canonical form, ValueError for NaN, infinity or a time without a zone.
    """
    return sha256(material_text(material)).hexdigest()


def material_text(material: Mapping[str, Any]) -> bytes:
    """What is hashed, byte for byte. Raises as `material_hash`."""
    return _canonical(material).encode()


def kept_material(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Material content as it was signed, of what was kept of it as JSON: there its start is a text."""
    start = kept.get("scheduled_time")
    return {**kept, "scheduled_time": datetime.fromisoformat(start)} if isinstance(start, str) else dict(kept)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Every field that differs, in the order of `before`; empty exactly when the two hashes are equal."""
    return tuple(_differences("", before, after))


def _differences(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    found: list[FieldChange] = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += _differences(f"{path}{name}.", old, new)
        elif (name in before) != (name in after) or _canonical(old) != _canonical(new):
            found.append(FieldChange(f"{path}{name}", _json(old), _json(new)))
    return found


def _json(value: object) -> object:
    return json.loads(_canonical(value))


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("A time without a zone has no canonical form.")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)} µs"
    if isinstance(value, set | frozenset):
        return sorted(value, key=_canonical)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form.")
