"""What people were told, and what is held back for them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from cybercube_portal.notices.models import Notice


def notices_of(person: int, *, unread: bool = False) -> QuerySet[Notice]:
    """What somebody was told, the newest first; `unread` only what they did not mark as read."""
    rows = Notice.objects.filter(person_id=person).order_by("-id")
    return rows.filter(read_at__isnull=True) if unread else rows


def unread_count(person: int) -> int:
    """How many they did not mark as read."""
    return notices_of(person, unread=True).count()


def held_for(about: str, *, person: int | None, channel: int | None) -> QuerySet[Notice]:
    """What of `about` waits to go out to a reader together, the oldest first."""
    rows = Notice.objects.filter(about=about, due_at__isnull=False, sent_at__isnull=True)
    mine = Q(person_id=person) if person is not None else Q(channel_id=channel)
    return rows.filter(mine).select_related("person", "channel").order_by("id")
