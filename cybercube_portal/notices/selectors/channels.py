"""Chats: one, locked, or many, and what became of what was posted to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from cybercube_portal.audit.selectors.deliveries import deliveries_for
from cybercube_portal.errors import NotFound
from cybercube_portal.notices.models import Channel

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Delivery


def channels_of_teams() -> QuerySet[Channel]:
    """The chats of all teams, those that work first."""
    rows = Channel.objects.filter(team__isnull=False).select_related("team")
    return rows.order_by("ended_at", "team__slug", "name", "id")


def channel_of(person: int) -> Channel | None:
    """A person's own chat, if they have one that works."""
    return Channel.objects.filter(person_id=person, ended_at__isnull=True).first()


def get_channel(channel_id: str) -> Channel:
    """One by its public id. Raises NotFound."""
    return _found(Channel.objects.select_related("team", "person"), channel_id)


def lock_channel(channel_id: str) -> Channel:
    """The same, locked until the transaction ends. Raises NotFound."""
    rows = Channel.objects.select_related("team", "person").select_for_update(of=("self",))
    return _found(rows, channel_id)


def is_posted_to(host: str) -> bool:
    """Whether a chat that works is at `host` already."""
    return Channel.objects.filter(host=host, ended_at__isnull=True).exists()


def posts_to(channel: Channel) -> QuerySet[Delivery]:
    """What was posted there or still waits, the newest first."""
    return deliveries_for(channel.target)


def _found(rows: QuerySet[Channel], channel_id: str) -> Channel:
    found = rows.filter(channel_id=channel_id).first()
    if found is None:
        raise NotFound(f"There is no chat {channel_id}.", code="channel.unknown")
    return found
