"""Link recorded events into the chain, tell the subscribers, and sign how far the chain got (reliability.md section 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection, transaction

from cybercube_portal.audit import keys
from cybercube_portal.audit.actions.deliveries import queue
from cybercube_portal.audit.chain import CHECKPOINT_TYPE, link
from cybercube_portal.audit.models import Checkpoint, Delivery, Event, WebhookSubscription
from cybercube_portal.audit.registry import webhook_body
from cybercube_portal.audit.selectors.events import chain_end

BATCH = 500
# One number for everybody who writes to the chain's end; the lock goes with the transaction.
CHAIN_LOCK = 7_202_601_17

SEAL = """
    UPDATE audit_event AS event
    SET sequence = sealed.sequence, previous_hash = sealed.previous_hash, hash = sealed.hash, sealed_at = %s
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS sealed (id, sequence, previous_hash, hash)
    WHERE event.id = sealed.id
"""


def seal_events(*, now: datetime, batch: int = BATCH) -> int:
    """Seal up to `batch` unsealed events in the order they were written and queue them for the subscribers.

    Returns how many. One sealer at a time: a second one waits for the first one's commit, so the chain cannot fork.
    """
    with transaction.atomic():
        _lock_chain()
        events = list(Event.objects.filter(sequence__isnull=True).order_by("id")[:batch])
        if events:
            _link_all(events, now=now)
            _tell_subscribers(events, now=now)
    return len(events)


def seal_all(*, now: Callable[[], datetime]) -> int:
    """Seal portion by portion until nothing is left; `now` is read for each. Returns how many."""
    total = 0
    while sealed := seal_events(now=now()):
        total += sealed
    return total


def write_checkpoint(*, now: datetime) -> Checkpoint:
    """Sign the chain's present size and head."""
    with transaction.atomic():
        _lock_chain()
        size, head = chain_end()
        checkpoint = Checkpoint(size=size, head_hash=head, at=now, key_id=keys.signing_key_id())
        checkpoint.signature = keys.sign_jws(checkpoint.claims(), typ=CHECKPOINT_TYPE)
        checkpoint.save()
    return checkpoint


def _lock_chain() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])


def _link_all(events: Sequence[Event], *, now: datetime) -> None:
    size, head = chain_end()
    for event in events:
        size += 1
        event.sequence, event.previous_hash, event.sealed_at = size, head, now
        event.hash = head = link(head, event.as_line())
    columns = [[getattr(event, name) for event in events] for name in ("id", "sequence", "previous_hash", "hash")]
    with connection.cursor() as cursor:
        cursor.execute(SEAL, [now, *columns])


def _tell_subscribers(events: Sequence[Event], *, now: datetime) -> None:
    subscriptions = list(WebhookSubscription.objects.filter(active=True))
    told = [(event, body) for event in events if (body := webhook_body(event))] if subscriptions else []
    queue(
        [
            Delivery(
                channel=Delivery.Channel.WEBHOOK,
                target=subscription.url,
                about=event.object_id,
                hosts=[subscription.host],
                payload=body,
                signed_by=f"subscription:{subscription.subscription_id}",
            )
            for subscription in subscriptions
            for event, body in told
            if subscription.wants(event.verb)
        ],
        at=now,
    )
