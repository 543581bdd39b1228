"""The secret address of a person's calendar feed: issued, replaced, revoked."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from changes import permissions
from changes.actions.recording import record_thing
from changes.events import FeedEvent
from changes.models import CalendarFeed
from changes.selectors.feeds import digest_of, live_feed_of
from cybercube_portal.errors import NotFound
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require

SECRET_BYTES = 32


@transaction.atomic
def issue_feed(*, actor: Actor, now: datetime) -> tuple[CalendarFeed, str]:
    """A new address for the actor and its secret, shown once; an address issued before stops. Raises NotPermitted."""
    require(actor, permissions.SUBSCRIBE, now=now, owner=actor.username)
    before = live_feed_of(actor.id).select_for_update().first()
    if before is not None:
        _end(before, actor=actor, now=now)
    token = secrets.token_urlsafe(SECRET_BYTES)
    feed = CalendarFeed.objects.create(user_id=actor.id, digest=digest_of(token), created_at=now)
    _record(FeedEvent.ISSUED, feed, actor=actor, now=now)
    return feed, token


@transaction.atomic
def revoke_feed(*, actor: Actor, now: datetime) -> CalendarFeed:
    """Stop the actor's address at once. Raises NotPermitted, NotFound."""
    require(actor, permissions.SUBSCRIBE, now=now, owner=actor.username)
    feed = live_feed_of(actor.id).select_for_update().first()
    if feed is None:
        raise NotFound("You have no calendar feed.", code="calendar_feed.unknown")
    _end(feed, actor=actor, now=now)
    return feed


def _end(feed: CalendarFeed, *, actor: Actor, now: datetime) -> None:
    feed.revoked_at = now
    feed.save(update_fields=["revoked_at"])
    _record(FeedEvent.REVOKED, feed, actor=actor, now=now)


def _record(verb: FeedEvent, feed: CalendarFeed, *, actor: Actor, now: datetime) -> None:
    reference = f"calendar_feed:{feed.pk}"
    record_thing(verb, kind="calendar_feed", reference=reference, actor=actor, at=now, subjects=[actor.username])
