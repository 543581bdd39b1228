"""Promise work inside a business transaction; a worker keeps the promise after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from cybercube_portal.audit.canonical import portable
from cybercube_portal.audit.doorbell import WORK_INTENT, ring_after_commit
from cybercube_portal.audit.models import Event, Intent
from cybercube_portal.audit.registry import queue_of, reactions_to
from cybercube_portal.audit.requests import current_request_id
from cybercube_portal.audit.states import OPEN_INTENTS


def open_intent(
    kind: str,
    subject: str,
    payload: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    not_before: datetime | None = None,
    deadline: datetime | None = None,
    dedupe_key: str | None = None,
) -> Intent:
    """Write one intent in the caller's transaction and ring for it after the commit.

    `not_before`: earliest start, may be months away; the sweep rings then. `deadline`: past it the intent fails and its kind's `give_up` runs.
    `dedupe_key`: while an intent of this kind with the same key is open nothing is written and that one is returned.
    Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("open_intent() belongs into the transaction of the action that promises the work")
    later = not_before is not None and not_before > at
    intent = Intent(
        kind=kind,
        subject=subject,
        payload=portable(payload or {}),
        dedupe_key=dedupe_key,
        created_at=at,
        not_before=not_before or at,
        rung_at=None if later else at,
        deadline=deadline,
        request_id=current_request_id(),
    )
    if dedupe_key is None:
        intent.save()
    else:
        intent = _saved_once(intent)
    if not later:
        ring_after_commit(WORK_INTENT, intent.pk, queue=queue_of(kind))
    return intent


def _saved_once(intent: Intent) -> Intent:
    same = Intent.objects.filter(kind=intent.kind, dedupe_key=intent.dedupe_key, state__in=OPEN_INTENTS)
    while True:
        Intent.objects.bulk_create([intent], ignore_conflicts=True)
        standing = same.first()
        # None: the one that stood in the way was closed between the two statements, so the place is free.
        if standing is not None:
            return standing


def open_reactions(event: Event, *, at: datetime) -> None:
    """One intent for each kind that reacts to the event's verb."""
    for kind in reactions_to(event.verb):
        payload = {
            "event": event.event_id,
            "verb": event.verb,
            "object_type": event.object_type,
            "object_id": event.object_id,
        }
        open_intent(kind, event.object_id, payload, at=at)
