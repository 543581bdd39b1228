"""Calendar feeds: whose an address is, and what its calendar shows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from changes.models import CalendarFeed, ChangeRequest, DeploymentWindow, Freeze
from changes.selectors.changes import changes_listed
from changes.selectors.freezes import in_scope, windows_standing
from changes.selectors.waiting import waiting_for
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
EVERY_ENVIRONMENT = tuple(code.value for code in EnvironmentCode)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContent:
    """What a feed shows; `waiting` are the numbers that wait for its reader's signature."""

    changes: tuple[ChangeRequest, ...]
    waiting: frozenset[str]
    freezes: tuple[Freeze, ...]
    windows: tuple[DeploymentWindow, ...]


def digest_of(token: str) -> str:
    """SHA-256 of a feed's secret, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def live_feeds_of(user_id: int) -> QuerySet[CalendarFeed]:
    """The person's own first, then those of teams."""
    rows = CalendarFeed.objects.filter(user_id=user_id, revoked_at__isnull=True).select_related("team")
    return rows.order_by("team__slug", "pk")


def live_feed_of(user_id: int, *, team: str = "") -> QuerySet[CalendarFeed]:
    """At most one: of that team, or the person's own."""
    rows = CalendarFeed.objects.filter(user_id=user_id, revoked_at__isnull=True)
    return rows.filter(team__slug=team) if team else rows.filter(team__isnull=True)


def get_feed(user_id: int, *, team: str = "") -> CalendarFeed:
    """The person's live one. Raises NotFound."""
    feed = live_feed_of(user_id, team=team).select_related("team").first()
    if feed is None:
        raise NotFound("You have no such calendar feed.", code="calendar_feed.unknown")
    return feed


def feed_named(token: str) -> CalendarFeed:
    """The live one with that secret, of somebody who is still there. Raises NotFound."""
    live = CalendarFeed.objects.filter(digest=digest_of(token), revoked_at__isnull=True, user__is_active=True)
    feed = live.select_related("user__team", "team").first()
    if feed is None:
        raise NotFound("There is no such calendar.", code="calendar_feed.unknown")
    return feed


def content_of(feed: CalendarFeed, *, now: datetime) -> FeedContent:
    """A team's: changes on its services, its freezes and windows. A person's: what is theirs, what waits for them, their teams' freezes."""
    if feed.team is not None:
        teams = frozenset({feed.team.slug})
        services = catalog.slugs_of_teams(teams)
        return FeedContent(
            changes=_changes(Q(services__overlap=sorted(services)), now=now),
            waiting=frozenset(),
            freezes=_freezes(now=now, teams=teams, services=services),
            windows=tuple(
                in_scope(windows_standing(), services=services, teams=teams, environments=EVERY_ENVIRONMENT)[:MOST]
            ),
        )
    reader = actor_for(feed.user)
    waiting = frozenset(row.change.number for row in waiting_for(reader, now=now))
    mine = Q(requester_id=reader.id) | Q(implementer_id=reader.id) | Q(editors__contains=[reader.username])
    known = _teams(reader, now)
    return FeedContent(
        changes=_changes(mine | Q(number__in=waiting), now=now),
        waiting=waiting,
        freezes=_freezes(now=now, teams=known, services=None if known is None else catalog.slugs_of_teams(known)),
        windows=(),
    )


def _changes(whose: Q, *, now: datetime) -> tuple[ChangeRequest, ...]:
    """With a slot around now; what was cancelled lately too. Drafts have no slot yet."""
    around = Q(scheduled_time__gt=now - BACK, scheduled_time__lt=now + AHEAD)
    cancelled = Q(state=ChangeState.CANCELLED, closed_at__gt=now - CANCELLED_KEPT)
    rows = changes_listed().filter(around | cancelled).filter(whose).exclude(state=ChangeState.DRAFT)
    return tuple(rows.order_by("-scheduled_time", "-id")[:MOST])


def _freezes(*, now: datetime, teams: frozenset[str] | None, services: frozenset[str] | None) -> tuple[Freeze, ...]:
    """Those that were ever published and touch the time around now; None: of everybody."""
    rows = Freeze.objects.filter(
        Q(envelope_ends_at__isnull=True) | Q(envelope_ends_at__gt=now - BACK),
        published_at__isnull=False,
        starts_at__lt=now + AHEAD,
    )
    if teams is not None:
        rows = in_scope(rows, services=services or (), teams=teams, environments=EVERY_ENVIRONMENT)
    return tuple(rows.order_by("-starts_at", "-id")[:MOST])


def _teams(reader: Actor, now: datetime) -> frozenset[str] | None:
    """None: all."""
    held = [grant for grant in reader.grants if grant.holds(at=now)]
    if any(grant.team is None for grant in held):
        return None
    return frozenset(team for team in (reader.team, *(grant.team for grant in held)) if team)
