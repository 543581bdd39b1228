"""How flags and segments name themselves in the record, and the version of an environment that grows with every write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from cybercube_portal.audit import actions as audit
from cybercube_portal.audit.actors import Actor
from flags.events import FlagEvent, SegmentEvent
from flags.models import Flag, Segment

ENVIRONMENTS = ("dev", "stg", "prd")


def bump(*environments: str, now: datetime) -> None:
    """Make clients of these environments look again. The rows stay locked until the transaction ends, so call it first."""
    with connection.cursor() as cursor:
        for environment in sorted(environments):
            cursor.execute(
                "INSERT INTO flags_environmentversion (environment, version, changed_at) VALUES (%s, 1, %s) "
                "ON CONFLICT (environment) DO UPDATE SET version = flags_environmentversion.version + 1, changed_at = %s",
                [environment, now, now],
            )


def lock_environment(environment: str, *, now: datetime) -> None:
    """Wait for whoever writes there, and keep the next one waiting, without making clients look: for what may turn out to change nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO flags_environmentversion (environment, version, changed_at) VALUES (%s, 1, %s) "
            "ON CONFLICT (environment) DO UPDATE SET version = flags_environmentversion.version",
            [environment, now],
        )


def record_flag(
    verb: FlagEvent,
    flag: Flag,
    *,
    actor: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    change: str = "",
    **data: Any,
) -> None:
    """One event of a flag, on its own timeline and those of its service and of the change that let it happen."""
    subjects = [f"service:{flag.service.slug}"] if flag.service else []
    audit.record(
        verb,
        object_type="flag",
        object_id=flag.key,
        subjects=[*subjects, *([change] if change else [])],
        actor=actor,
        at=at,
        before=before,
        after=after,
        data={"change": change, **data} if change else data,
    )


def record_segment(verb: SegmentEvent, segment: Segment, *, actor: Actor, at: datetime, **data: Any) -> None:
    """One event of a segment."""
    audit.record(
        verb,
        object_type="segment",
        object_id=segment.slug,
        subjects=[],
        actor=actor,
        at=at,
        data={"version": segment.version, **data},
    )
