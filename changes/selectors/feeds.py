"""Calendar feeds: whose an address is, and what that person's calendar shows."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from changes.models import CalendarFeed, ChangeRequest, Freeze
from changes.selectors.changes import changes_listed
from changes.selectors.freezes import in_scope
from changes.states import ChangeState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.errors import NotFound
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.selectors import actor_for

BACK = timedelta(days=60)
AHEAD = timedelta(days=366)
# What was cancelled stays, marked, for as long as a calendar program may need to hear of it (integrations.md C5).
CANCELLED_KEPT = timedelta(days=60)
MOST = 1000


def digest_of(token: str) -> str:
    """SHA-256 of a feed's secret, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def live_feed_of(user_id: int) -> QuerySet[CalendarFeed]:
    """At most one."""
    return CalendarFeed.objects.filter(user_id=user_id, revoked_at__isnull=True)


def get_feed(user_id: int) -> CalendarFeed:
    """The person's live one. Raises NotFound."""
    feed = live_feed_of(user_id).first()
    if feed is None:
        raise NotFound("You have no calendar feed.", code="calendar_feed.unknown")
    return feed


def reader_of(token: str) -> Actor:
    """The active person whose address this is. Raises NotFound."""
    live = CalendarFeed.objects.filter(digest=digest_of(token), revoked_at__isnull=True, user__is_active=True)
    feed = live.select_related("user__team").first()
    if feed is None:
        raise NotFound("There is no such calendar.", code="calendar_feed.unknown")
    return actor_for(feed.user)


def feed_changes(reader: Actor, *, now: datetime) -> list[ChangeRequest]:
    """Changes with a slot around now: the reader's own, and those on services of the reader's teams (all, when a role is held everywhere)."""
    around = Q(scheduled_time__gt=now - BACK, scheduled_time__lt=now + AHEAD)
    cancelled = Q(state=ChangeState.CANCELLED, closed_at__gt=now - CANCELLED_KEPT)
    rows = changes_listed().filter(around | cancelled).exclude(state=ChangeState.DRAFT)
    teams = _teams(reader, now)
    if teams is not None:
        services = sorted(catalog.slugs_of_teams(teams))
        rows = rows.filter(Q(services__overlap=services) | Q(requester_id=reader.id))
    return list(rows.order_by("-scheduled_time", "-id")[:MOST])


def feed_freezes(reader: Actor, *, now: datetime) -> list[Freeze]:
    """Freezes that were ever published and touch the time around now, of the reader's teams."""
    rows = Freeze.objects.filter(
        Q(envelope_ends_at__isnull=True) | Q(envelope_ends_at__gt=now - BACK),
        published_at__isnull=False,
        starts_at__lt=now + AHEAD,
    )
    teams = _teams(reader, now)
    if teams is not None:
        rows = in_scope(
            rows,
            services=catalog.slugs_of_teams(teams),
            teams=teams,
            environments=[code.value for code in EnvironmentCode],
        )
    return list(rows.order_by("-starts_at", "-id")[:MOST])


def _teams(reader: Actor, now: datetime) -> frozenset[str] | None:
    """None: all."""
    held = [grant for grant in reader.grants if grant.holds(at=now)]
    if any(grant.team is None for grant in held):
        return None
    return frozenset(team for team in (reader.team, *(grant.team for grant in held)) if team)
