"""Writing what a flag serves: the one place that stores a content, with its version and its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from changes.policy.content import difference, material_hash
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import Invalid
from flags.actions.recording import bump, record_flag
from flags.events import FlagEvent
from flags.models import FlagEnvironment, FlagVersion
from flags.policy.exposure import ALL, certain_of, exposure_of
from flags.policy.serving import completed, content_errors
from flags.selectors.flags import neighbours
from flags.states import VersionKind

EVENTS: dict[VersionKind, FlagEvent] = {
    VersionKind.KILL: FlagEvent.KILLED,
    VersionKind.RESTORE: FlagEvent.RESTORED,
    VersionKind.RESHUFFLE: FlagEvent.RESHUFFLED,
}


def checked(row: FlagEnvironment, changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` laid over what is served, in its stored form. Raises Invalid with every error at its pointer."""
    facts = row.flag.facts
    content = completed({**row.content, **changes}, facts)
    errors = content_errors(content, facts, neighbours(row.environment))
    if errors:
        raise Invalid(errors, message=" ".join(error.message for error in errors[:3]))
    return content


def digest(contents: object) -> str:
    """What a signature covers: SHA-256 over canonical JSON."""
    return material_hash({"contents": contents})


def planned_digest(contents: Sequence[object], holds: Sequence[int | None]) -> str:
    """What a signature of a planned step covers: what is served, and for how long each before the next."""
    return digest([*contents, {"holds": list(holds)}] if holds else list(contents))


def serve(
    row: FlagEnvironment,
    content: Mapping[str, Any],
    *,
    kind: VersionKind,
    reason: str,
    actor: Recorded,
    by: int | None,
    now: datetime,
    change: str = "",
) -> FlagVersion:
    """Serve `content` from now on, and let clients look. The environment and the row are locked by the caller, who has asked every guard."""
    bump(row.environment, now=now)
    before, safe = row.content, row.flag.safe_variant
    exposures = exposure_of(before, safe), exposure_of(content, safe)
    row.content = {**before, **content}
    row.version += 1
    row.changed_at = now
    if certain_of(content, safe) < ALL:
        row.full_since = None
    elif row.full_since is None:
        row.full_since = now
    if content["enabled"]:
        row.killed_at, row.killed_by_id, row.killed_because = None, None, ""
    elif kind is VersionKind.KILL:
        row.killed_at, row.killed_by_id, row.killed_because = now, by, reason
    row.save()
    version = keep(row, kind=kind, reason=reason, by=by, now=now, change=change)
    changed = difference(before, content)
    record_flag(
        EVENTS.get(kind, FlagEvent.CHANGED),
        row.flag,
        actor=actor,
        at=now,
        before={entry.field: entry.before for entry in changed},
        after={entry.field: entry.after for entry in changed},
        change=change,
        environment=row.environment,
        version=row.version,
        kind=kind.value,
        reason=reason,
        exposure={"before": exposures[0], "after": exposures[1]},
    )
    return version


def keep(
    row: FlagEnvironment, *, kind: VersionKind, reason: str, by: int | None, now: datetime, change: str = ""
) -> FlagVersion:
    """Keep an immutable copy of what is served."""
    return FlagVersion.objects.create(
        flag_environment=row,
        number=row.version,
        kind=kind,
        content=row.content,
        sha256=digest(row.content),
        reason=reason,
        change=change,
        at=now,
        by_id=by,
    )
