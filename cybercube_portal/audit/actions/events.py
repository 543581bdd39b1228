"""Record what happened: one row beside the state it speaks of, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from cybercube_portal.audit.actions.intents import open_reactions
from cybercube_portal.audit.actors import Actor
from cybercube_portal.audit.canonical import portable
from cybercube_portal.audit.models import Event
from cybercube_portal.audit.requests import current_request_id
from cybercube_portal.errors import Invalid

IDENTITY = {"kind", "id", "key", "on_behalf_of"}


def record(
    verb: str,
    *,
    object_type: str,
    object_id: str,
    subjects: Iterable[str],
    actor: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    request_id: str | None = None,
) -> Event:
    """Write one event and open the intents that react to its verb (reliability.md section 5).

    `subjects` are plain ids of everything whose timeline it belongs to; the object itself is added. `before` and `after`
    hold the fields that changed, `data` whatever else a reader needs; datetimes, decimals, enums and sets are fine.
    Raises RuntimeError outside a transaction and Invalid (`audit.not_recordable`) for values that no reader could check.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record() belongs into the transaction of the action it speaks of")
    identity = actor.audit_identity()
    if set(identity) != IDENTITY:
        raise ValueError(f"an actor names itself by {sorted(IDENTITY)}")
    try:
        event = Event.objects.create(
            verb=str(verb),
            object_type=portable(object_type),
            object_id=portable(object_id),
            subjects=portable(list(dict.fromkeys((object_id, *subjects)))),
            occurred_at=at,
            actor=portable(identity),
            before=portable(before),
            after=portable(after),
            data=portable(data or {}),
            request_id=current_request_id() if request_id is None else request_id,
        )
    except ValueError as error:
        raise Invalid.field("", "audit.not_recordable", f"This cannot be recorded: {error}.") from error
    open_reactions(event, at=at)
    return event
