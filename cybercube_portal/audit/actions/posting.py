"""Send a delivery: claim it, then settle what became of it; at least once, under one id."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from cybercube_portal.audit.actions.events import record
from cybercube_portal.audit.actions.subscriptions import end_subscription
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.doorbell import OUTSIDE, SEND_DELIVERY, ring_after_commit
from cybercube_portal.audit.events import WorkEvent
from cybercube_portal.audit.models import Delivery
from cybercube_portal.audit.selectors.work import due_deliveries, unanswered
from cybercube_portal.audit.sending import Letter, NotDelivered
from cybercube_portal.audit.signing import address_of, note_gone, secrets_of
from cybercube_portal.audit.states import DeliveryState
from cybercube_portal.errors import NotFound

LEASE = timedelta(seconds=60)
SWEEP_AT_ONCE = 500
LONGEST_ERROR = 2000
LONGEST_PAUSE = timedelta(hours=24)
# Standard Webhooks 1.0's own proposal: three days and a bit, then the receiver is given up.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)


def claim_delivery(delivery_id: int, *, now: datetime) -> Letter | None:
    """Take one due delivery for LEASE. None when it is not due, held by another, or its secret or address is gone (then it failed)."""
    with transaction.atomic():
        delivery = due_deliveries(now=now).select_for_update(skip_locked=True).filter(pk=delivery_id).first()
        if delivery is None:
            return None
        try:
            secrets = secrets_of(delivery.signed_by) if delivery.signed_by else ()
            address = address_of(delivery.target)
        except NotFound as error:
            _close(delivery, NotDelivered(str(error), for_good=True), now=now)
            return None
        delivery.claim(at=now, lease=LEASE)
        delivery.save()
    return Letter(
        id=delivery.pk,
        delivery_id=str(delivery.delivery_id),
        channel=delivery.channel,
        target=address,
        subject=delivery.subject,
        payload=delivery.payload,
        headers=delivery.headers,
        hosts=tuple(delivery.hosts),
        secrets=secrets,
        attempt=delivery.attempt,
        request_id=delivery.request_id,
    )


def settle_delivery(letter: Letter, failure: NotDelivered | None, *, now: datetime) -> bool:
    """Write what became of a sending. False when another worker took the delivery over since: then nothing is written."""
    with transaction.atomic():
        mine = Delivery.objects.select_for_update().filter(
            pk=letter.id, attempt=letter.attempt, state=DeliveryState.SENDING
        )
        delivery = mine.first()
        if delivery is None:
            return False
        if failure is None:
            delivery.deliver(at=now)
            delivery.save()
        else:
            _close(delivery, failure, now=now)
    return True


def retry_delivery(delivery_id: int, *, now: datetime) -> Delivery:
    """Send a failed or abandoned delivery again. Raises Delivery.DoesNotExist, and MoveRefused in any other state."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
        delivery.retry(at=now)
        delivery.rung_at = now
        delivery.save()
        ring_after_commit(SEND_DELIVERY, delivery.pk, queue=OUTSIDE)
    return delivery


def sweep_deliveries(*, now: datetime) -> int:
    """Ring again for due deliveries that nobody answered. Returns how many."""
    with transaction.atomic():
        due = due_deliveries(now=now).filter(unanswered(now=now)).order_by("not_before")
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:SWEEP_AT_ONCE])
        Delivery.objects.filter(pk__in=ids).update(rung_at=now)
        for delivery_id in ids:
            ring_after_commit(SEND_DELIVERY, delivery_id, queue=OUTSIDE)
    return len(ids)


def _close(delivery: Delivery, failure: NotDelivered, *, now: datetime) -> None:
    error = str(failure)[:LONGEST_ERROR].replace("\0", "")
    if failure.for_good:
        delivery.fail(at=now, error=error)
        _tell(WorkEvent.DELIVERY_FAILED, delivery, error, now=now)
    elif delivery.failures >= len(PAUSES):
        delivery.abandon(at=now, error=error)
        _tell(WorkEvent.DELIVERY_ABANDONED, delivery, error, now=now)
    else:
        pause = max(PAUSES[delivery.failures], min(failure.wait or timedelta(), LONGEST_PAUSE))
        delivery.put_back(not_before=now + pause, error=error)
    delivery.save()
    if failure.gone:
        note_gone(delivery.target, now=now)
    if failure.gone and delivery.signed_by.startswith("subscription:"):
        end_subscription(
            delivery.signed_by.partition(":")[2], actor=SYSTEM, now=now, because="The receiver answered 410 Gone."
        )


def _tell(event: WorkEvent, delivery: Delivery, error: str, *, now: datetime) -> None:
    record(
        event,
        object_type="delivery",
        object_id=str(delivery.delivery_id),
        subjects=[delivery.about] if delivery.about else [],
        actor=SYSTEM,
        at=now,
        data={"channel": delivery.channel, "target": delivery.target, "error": error, "attempts": delivery.attempt},
    )
