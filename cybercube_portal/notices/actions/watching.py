"""Watch a thing, or no longer. A bookmark of one's own: nothing about it is recorded."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.notices.models import Watch
from cybercube_portal.notices.permissions import WATCH
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require


@transaction.atomic
def watch(*, subject: str, actor: Actor, now: datetime) -> None:
    """Hear what becomes of `subject` from now on, named as events name it; twice changes nothing. A service account watches nothing."""
    if actor.is_service:
        return
    Watch.objects.bulk_create([Watch(person_id=actor.id, subject=subject, since=now)], ignore_conflicts=True)


@transaction.atomic
def set_watch(*, subject: str, on: bool, actor: Actor, now: datetime) -> None:
    """What a person asked for by a button. The caller looked whether there is such a thing. Raises NotPermitted."""
    require(actor, WATCH, now=now, owner=actor.username)
    if on:
        watch(subject=subject, actor=actor, now=now)
    else:
        Watch.objects.filter(person_id=actor.id, subject=subject).delete()
