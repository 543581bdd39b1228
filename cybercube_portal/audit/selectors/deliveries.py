"""What was sent to one target."""

from __future__ import annotations

from django.db.models import QuerySet

from cybercube_portal.audit.models import Delivery


def deliveries_for(target: str) -> QuerySet[Delivery]:
    """What was sent there or still waits, the newest first; delivered ones are kept for 30 days."""
    return Delivery.objects.filter(target=target).order_by("-id")
