"""Who is told, and how each of them is reached: a few queries for any number of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Max, Min, Q

from cybercube_portal.notices.kinds import Kind, Way
from cybercube_portal.notices.models import Channel, Choice, Notice
from cybercube_portal.notices.policy.ways import ways_to
from cybercube_portal.people import selectors as people

if TYPE_CHECKING:
    from cybercube_portal.people.models import User


@dataclass(frozen=True, slots=True)
class Reader:
    """A person or a chat. `person` None: the chat is a team's."""

    person: User | None = None
    channel: Channel | None = None

    @property
    def key(self) -> tuple[int | None, int | None]:
        """(person's id, channel's id), as a Notice's row has them: a person's chat counts as the chat."""
        if self.channel is not None:
            return None, self.channel.pk
        return (self.person.pk if self.person else None), None

    @property
    def zone(self) -> str:
        """The zone it reads times in."""
        return self.person.timezone if self.person else "UTC"


@dataclass(frozen=True, slots=True)
class Audience:
    """`listed` see it in the portal; `mailed` of them by mail too; `chats` are posted to."""

    listed: tuple[Reader, ...] = ()
    mailed: frozenset[int] = field(default_factory=frozenset)
    chats: tuple[Reader, ...] = ()


def audience(kind: Kind, *, people_ids: Iterable[int], teams: Iterable[str], without: str) -> Audience:
    """The active persons among `people_ids` but not the user `without`, with the ways they chose, and the chats of `teams`. Three queries."""
    persons = list(people.persons(people_ids).exclude(username=without).order_by("username"))
    ids = [person.pk for person in persons]
    channels = _channels(ids, () if kind.row.personal else teams)
    chosen = _chosen(kind, ids)
    own = {channel.person_id: channel for channel in channels if channel.person_id is not None}
    mailed, chats = set(), []
    for person in persons:
        reachable = tuple(way for way, there in ((Way.MAIL, bool(person.email)), (Way.CHAT, person.pk in own)) if there)
        ways = ways_to(
            reachable=reachable, chosen=chosen.get(person.pk, {}), usual=usual_ways(kind), kept=kind.row.kept
        )
        if Way.MAIL in ways:
            mailed.add(person.pk)
        if Way.CHAT in ways:
            chats.append(Reader(person, own[person.pk]))
    posted = [Reader(None, channel) for channel in channels if channel.team_id is not None and kind in channel.kinds]
    return Audience(tuple(Reader(person) for person in persons), frozenset(mailed), (*chats, *posted))


def usual_ways(kind: Kind) -> frozenset[Way]:
    """The ways of a kind that nobody chose otherwise."""
    return frozenset({Way.MAIL, Way.CHAT}) if kind.row.chat else frozenset({Way.MAIL})


def _channels(person_ids: Sequence[int], teams: Iterable[str]) -> list[Channel]:
    rows = Channel.objects.filter(Q(person_id__in=person_ids) | Q(team__slug__in=list(teams)), ended_at__isnull=True)
    return list(rows.order_by("id"))


def _chosen(kind: Kind, person_ids: Sequence[int]) -> Mapping[int, Mapping[Way, bool]]:
    found: dict[int, dict[Way, bool]] = defaultdict(dict)
    rows = Choice.objects.filter(kind=kind, person_id__in=person_ids)
    for person_id, way, wanted in rows.values_list("person_id", "way", "wanted"):
        found[person_id][Way(way)] = wanted
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What one reader heard of a thing so far. `held_since`: when the first of what is held back for them came."""

    last_sent_at: datetime | None = None
    held_since: datetime | None = None


def told_of(about: str, *, since: datetime) -> dict[tuple[int | None, int | None], Told]:
    """By reader: what of `about` was sent since `since`, and what is held back."""
    held = Q(due_at__isnull=False, sent_at__isnull=True)
    rows = Notice.objects.filter(held | Q(sent_at__gt=since), about=about).values_list("person_id", "channel_id")
    facts = rows.annotate(last=Max("sent_at"), first=Min("at", filter=held)).order_by()
    return {(person, channel): Told(last, first) for person, channel, last, first in facts}


def told_already(kind: Kind, about: str, occasion: str, *, by_any_kind: bool) -> set[tuple[int | None, int | None]]:
    """Readers who were told of the occasion before: by a notice of this kind, or `by_any_kind`."""
    rows = Notice.objects.filter(about=about, occasion=occasion)
    return set((rows if by_any_kind else rows.filter(kind=kind)).values_list("person_id", "channel_id"))


def lock_about(about: str) -> None:
    """One telling about a thing at a time, until the transaction ends: what is bundled is decided by what was sent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"notices:{about}"])
