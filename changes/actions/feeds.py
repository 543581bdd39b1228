"""The secret addresses of a person's calendar feeds: issued, replaced, revoked."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from changes import permissions
from changes.actions.recording import record_thing
from changes.events import FeedEvent
from changes.models import CalendarFeed
from changes.selectors.feeds import digest_of, live_feed_of
from cybercube_portal.errors import NotFound
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.selectors import team_named

SECRET_BYTES = 32
# When an address was read last is worth a row's write once in a while.
KEPT_TO = timedelta(hours=1)


@transaction.atomic
def issue_feed(*, actor: Actor, now: datetime, team: str = "") -> tuple[CalendarFeed, str]:
    """A new address for the actor and its secret, shown once; one issued before for the same stops.

    `team`: of that team's services; without it the actor's own. Raises NotPermitted, NotFound.
    """
    require(actor, permissions.SUBSCRIBE, now=now, owner=actor.username)
    of = team_named(team) if team else None
    before = live_feed_of(actor.id, team=team).select_for_update(of=("self",)).first()
    if before is not None:
        _end(before, actor=actor, now=now)
    token = secrets.token_urlsafe(SECRET_BYTES)
    feed = CalendarFeed.objects.create(user_id=actor.id, team=of, digest=digest_of(token), created_at=now)
    _record(FeedEvent.ISSUED, feed, actor=actor, now=now)
    return feed, token


@transaction.atomic
def revoke_feed(*, actor: Actor, now: datetime, team: str = "") -> CalendarFeed:
    """Stop the actor's address at once. Raises NotPermitted, NotFound."""
    require(actor, permissions.SUBSCRIBE, now=now, owner=actor.username)
    feed = live_feed_of(actor.id, team=team).select_for_update(of=("self",)).first()
    if feed is None:
        raise NotFound("You have no such calendar feed.", code="calendar_feed.unknown")
    _end(feed, actor=actor, now=now)
    return feed


def note_read(feed: CalendarFeed, *, now: datetime) -> None:
    """It was read: to the hour, no event, for programs read it all day long."""
    late = Q(read_at__isnull=True) | Q(read_at__lt=now - KEPT_TO)
    CalendarFeed.objects.filter(late, pk=feed.pk).update(read_at=now)


def _end(feed: CalendarFeed, *, actor: Actor, now: datetime) -> None:
    feed.revoked_at = now
    feed.save(update_fields=["revoked_at"])
    _record(FeedEvent.REVOKED, feed, actor=actor, now=now)


def _record(verb: FeedEvent, feed: CalendarFeed, *, actor: Actor, now: datetime) -> None:
    reference = f"calendar_feed:{feed.pk}"
    team = feed.team.slug if feed.team else None
    record_thing(
        verb, kind="calendar_feed", reference=reference, actor=actor, at=now, subjects=[actor.username], team=team
    )
