"""Forget finished work; the events about it stay for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from cybercube_portal.audit.models import Delivery, Intent
from cybercube_portal.audit.selectors.work import CANARY
from cybercube_portal.audit.states import DeliveryState, IntentState

KEPT = timedelta(days=30)
CANARIES_KEPT = timedelta(days=1)


def tidy_finished_work(*, now: datetime) -> None:
    """Delete what was done or delivered more than 30 days ago (canaries: 1 day). What failed is kept for people to see.

    A delivery with a `dedupe_key` stays: its row is what keeps the same mail from being sent again.
    """
    with transaction.atomic():
        done = Intent.objects.filter(state=IntentState.DONE)
        done.filter(finished_at__lt=now - KEPT).delete()
        done.filter(kind=CANARY, finished_at__lt=now - CANARIES_KEPT).delete()
        delivered = Delivery.objects.filter(state=DeliveryState.DELIVERED, dedupe_key__isnull=True)
        delivered.filter(finished_at__lt=now - KEPT).delete()
