"""Telling people of a release: in the transaction of what it tells of, each person once."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from changes.selectors.recipients import holders_of, members_and_holders
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.selectors.watches import watchers_of
from cybercube_portal.people import selectors as people
from cybercube_portal.people.roles import Role
from releases import release_messages as messages
from releases.models import Release
from releases.news import RELEASE_NEWS, message_of_event
from releases.selectors.releases import get_release

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event


def notify_on_call(release: Release, *, now: datetime) -> None:
    """§5.3 "On-call engineer notified": whoever is on call for the services; `release` is locked and saved by the caller."""
    teams = _teams(release)
    to = holders_of((Role.ON_CALL, Role.ON_CALL_LEAD), teams=teams, now=now)
    if to:
        tell(
            Kind.RELEASE_PLANNED,
            about=release.reference,
            occasion="planned",
            to=to,
            teams=teams,
            write=partial(messages.release_planned, release),
            now=now,
        )
        release.on_call_notified_at = now


def announce_notes(release: Release, *, now: datetime) -> int:
    """§5.2 "Announce": the people of the services' teams and whoever holds a role for them. Returns how many they are."""
    teams = _teams(release)
    to = members_and_holders(teams, now=now)
    tell(
        Kind.NOTES_PUBLISHED,
        about=release.reference,
        occasion="notes",
        to=to,
        teams=teams,
        write=partial(messages.notes_published, release),
        now=now,
    )
    return len(to)


@transaction.atomic
def tell_watchers(*, reference: str, event: Event, now: datetime) -> int:
    """Tell whoever watches the release, or its service where that is news of theirs; never whoever did it. Returns how many."""
    release = get_release(reference)
    news = RELEASE_NEWS[event.verb]
    username = str(event.actor.get("id", ""))
    who = people.names_of([username]).get(username) or "CYBERCUBE"
    thing, path = messages.thing_of(release), messages.path_of(reference)
    return tell(
        news.kind,
        about=reference,
        occasion=str(event.event_id),
        to=watchers_of([reference, *([f"service:{release.service.slug}"] if news.of_service else [])]),
        teams=_teams(release),
        without=username,
        write=lambda: message_of_event(news, event, thing=thing, path=path, who=who),
        now=now,
    )


def _teams(release: Release) -> frozenset[str]:
    return frozenset(catalog.teams_of(entry["service"] for entry in release.artifacts))
