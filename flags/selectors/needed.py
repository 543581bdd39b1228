"""Flags that need their owner, and what the palette finds among flags; rows that pages join in one query."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value

from cybercube_portal.people.actors import Actor
from flags.models import Flag
from flags.policy.lifecycle import TWO_WEEKS

MOST = 20
EXPIRING = "expiring"
Rows = QuerySet[Any, tuple[Any, ...]]


def needed_flags(actor: Actor, *, now: datetime) -> Rows:
    """(kind, key, name, type, at) of this owner's flags that end within two weeks, or did."""
    rows = Flag.objects.filter(owner_id=actor.id, archived_at__isnull=True, expires_at__lt=now + TWO_WEEKS)
    return rows.order_by("expires_at").values_list(
        Value(EXPIRING, output_field=CharField()), "key", "name", "type", "expires_at"
    )[:MOST]


def found_flags(text: str, *, most: int) -> Rows:
    """(kind, key, name, type) of the flags in use whose key or name holds `text`."""
    rows = Flag.objects.filter(Q(key__icontains=text) | Q(name__icontains=text), archived_at__isnull=True)
    return rows.order_by("key").values_list(Value("flag", output_field=CharField()), "key", "name", "type")[:most]
