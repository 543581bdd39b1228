"""What a person did with the notices they got, and when the portal forgets them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from cybercube_portal.notices.models import Notice
from cybercube_portal.notices.selectors.history import notices_of
from cybercube_portal.people.actors import Actor

KEPT = timedelta(days=365)
AT_ONCE = 10_000


@transaction.atomic
def mark_read(*, actor: Actor, now: datetime) -> int:
    """Everything they got until now is read; gives how many were not. A notice is one's own: nobody else's can be named."""
    return notices_of(actor.id, unread=True).filter(at__lte=now).update(read_at=now)


@transaction.atomic
def forget_old(*, now: datetime) -> int:
    """Delete what was told more than a year ago; the events it told of stay for ever."""
    old = Notice.objects.filter(at__lt=now - KEPT).order_by("at").values("pk")[:AT_ONCE]
    return Notice.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
