"""What was mailed, by kind of notice."""

from __future__ import annotations

from django.db.models import QuerySet

from cybercube_portal.audit.models import Delivery
from cybercube_portal.notices.models import Notice


def mails_of(kind: str) -> QuerySet[Delivery]:
    """The mails that carried a notice of this kind."""
    told = Notice.objects.filter(kind=kind, sent_at__isnull=False).values_list("message__subject", flat=True)
    return Delivery.objects.filter(channel=Delivery.Channel.MAIL, subject__in=set(told))
