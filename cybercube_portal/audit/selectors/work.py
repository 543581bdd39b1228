"""What waits: which intents and deliveries are due, and how long the oldest has waited (reliability.md section 1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Max, Min, Q, QuerySet

from cybercube_portal.audit.models import Delivery, Event, Intent
from cybercube_portal.audit.states import OPEN_DELIVERIES, OPEN_INTENTS, DeliveryState, IntentState

# A doorbell that nobody answered for this long is rung again.
RING_AGAIN = timedelta(seconds=15)
CANARY = "audit.canary"


def due_intents(*, now: datetime) -> QuerySet[Intent]:
    """Intents a worker may claim at `now`, or must give up: waiting, left by a worker whose lease ran out, or overdue."""
    expired = Q(state=IntentState.RUNNING, lease_until__lte=now)
    overdue = Q(state=IntentState.WAITING, deadline__lte=now)
    return Intent.objects.filter(Q(state=IntentState.WAITING, not_before__lte=now) | expired | overdue)


def due_deliveries(*, now: datetime) -> QuerySet[Delivery]:
    """Deliveries a worker may claim at `now`."""
    expired = Q(state=DeliveryState.SENDING, lease_until__lte=now)
    return Delivery.objects.filter(Q(state=DeliveryState.WAITING, not_before__lte=now) | expired)


def unanswered(*, now: datetime) -> Q:
    """Rows whose doorbell was not rung since they were due, or rang in vain."""
    return Q(rung_at__isnull=True) | Q(rung_at__lt=F("not_before")) | Q(rung_at__lte=now - RING_AGAIN)


def oldest_unclaimed_intent_seconds(*, now: datetime) -> float:
    """How long the intent that waits longest could have been worked on already; 0 when none waits."""
    found = due_intents(now=now).aggregate(
        waiting=Min("not_before", filter=Q(state=IntentState.WAITING)),
        left=Min("lease_until", filter=Q(state=IntentState.RUNNING)),
    )
    ages = [_seconds(since, now) for since in found.values() if since is not None]
    return max(ages, default=0.0)


def events_unsealed() -> int:
    """Events that are not in the chain yet; more than a few for more than seconds: no sealer runs."""
    return Event.objects.filter(sequence__isnull=True).count()


def deliveries_waiting() -> int:
    """Mails and webhooks that are still to be sent."""
    return Delivery.objects.filter(state__in=OPEN_DELIVERIES).count()


def seconds_since_canary(*, now: datetime) -> float | None:
    """Seconds since a worker last finished a canary intent: is any worker alive? None: never."""
    finished = Intent.objects.filter(kind=CANARY, state=IntentState.DONE).aggregate(at=Max("finished_at"))["at"]
    return None if finished is None else _seconds(finished, now)


def open_intents(*, subject: str) -> QuerySet[Intent]:
    """What is still promised for a subject."""
    return Intent.objects.filter(subject=subject, state__in=OPEN_INTENTS).order_by("id")


def _seconds(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
