"""Chats that notices are posted to: who may let them go where. One function per verb."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from cybercube_portal import outbound
from cybercube_portal.audit import signing
from cybercube_portal.audit.actions import queue_webhook, record
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.decisions import failed
from cybercube_portal.errors import Conflict, Invalid, NotPermitted
from cybercube_portal.notices.events import ChannelEvent
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.models import Channel, Tool
from cybercube_portal.notices.permissions import ALLOW_HOST, CHOOSE, REGISTER_CHANNEL
from cybercube_portal.notices.rendering.post import render_trial
from cybercube_portal.notices.selectors.channels import channel_of, get_channel, is_posted_to, lock_channel
from cybercube_portal.people import selectors as people
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import may, require
from cybercube_portal.people.roles import Role

LONGEST_NAME = 80
LONGEST_URL = 2000


@transaction.atomic
def register_channel(
    *, tool: str, name: str, url: str, actor: Actor, now: datetime, team: str = "", kinds: Iterable[str] | None = None
) -> Channel:
    """A chat of a team, or without one the actor's own. `url` is kept encrypted and shown to nobody again.

    `kinds` None: the usual ones. Raises NotFound, NotPermitted (also for a host that only an admin may let in), Invalid,
    Conflict when the actor has a chat of their own already.
    """
    home = people.team_named(team) if team else None
    _require(actor, team=team, owner=actor.username, now=now)
    if tool not in Tool.values:
        raise Invalid.field("/tool", "channel.tool_unknown", "Choose Slack or Microsoft Teams.")
    host = _checked_host(url, actor=actor, now=now)
    if home is None and channel_of(actor.id) is not None:
        raise Conflict("You have a chat of your own already. Remove it first.", code="channel.one_of_a_person")
    channel = Channel.objects.create(
        tool=tool,
        team_id=home.pk if home else None,
        person_id=None if home else actor.id,
        name=_checked_name(name),
        host=host,
        sealed_url=signing.seal(url),
        kinds=_checked_kinds(usual_kinds() if kinds is None else kinds) if home else [],
        created_at=now,
        created_by=actor.username,
    )
    _record(ChannelEvent.REGISTERED, channel, actor=actor, now=now, tool=tool, host=host, kinds=channel.kinds)
    return channel


@transaction.atomic
def edit_channel(*, channel_id: str, name: str, kinds: Iterable[str], actor: Actor, now: datetime) -> Channel:
    """Another name, other kinds; another address is another chat. Raises NotFound, NotPermitted, Conflict, Invalid."""
    channel = _working(channel_id, actor=actor, now=now)
    channel.name, before = _checked_name(name), channel.kinds
    channel.kinds = _checked_kinds(kinds) if channel.team_id else []
    channel.save()
    _record(ChannelEvent.EDITED, channel, actor=actor, now=now, kinds=channel.kinds, before=before)
    return channel


@transaction.atomic
def check_channel(*, channel_id: str, actor: Actor, now: datetime) -> Channel:
    """Post a line that says nothing else; its delivery shows what became of it. Raises NotFound, NotPermitted, Conflict."""
    channel = _working(channel_id, actor=actor, now=now)
    body = render_trial(channel.tool, name=channel.name, by=actor.name, at=now)
    queue_webhook(url=channel.target, body=body, hosts=[channel.host], at=now, about=channel.target)
    _record(ChannelEvent.TESTED, channel, actor=actor, now=now)
    return channel


@transaction.atomic
def end_channel(*, channel_id: str, actor: Actor, now: datetime) -> Channel:
    """Nothing more is posted there; ending twice changes nothing. Raises NotFound, NotPermitted."""
    channel = lock_channel(channel_id)
    _permit(channel, actor=actor, now=now)
    return _end(channel, actor=actor, now=now, because=f"Removed by {actor.username}.")


@transaction.atomic
def end_gone_channel(channel_id: str, now: datetime) -> None:
    """The chat's maker said 410 Gone. Raises NotFound."""
    _end(lock_channel(channel_id), actor=SYSTEM, now=now, because="The receiver answered 410 Gone.")


def address_of_channel(channel_id: str) -> str:
    """The plain address of a chat that works, for the worker that posts there; empty when it ended."""
    found = Channel.objects.filter(channel_id=channel_id, ended_at__isnull=True).first()
    return signing.unseal(found.sealed_url) if found else ""


def read_channel(*, channel_id: str, actor: Actor, now: datetime) -> Channel:
    """One that the actor may look after. Raises NotFound, NotPermitted."""
    channel = get_channel(channel_id)
    _permit(channel, actor=actor, now=now)
    return channel


def usual_kinds() -> list[Kind]:
    """What a team's chat is told of unless somebody chooses otherwise."""
    return [kind for kind in Kind if kind.row.chat and not kind.row.personal]


def _permit(channel: Channel, *, actor: Actor, now: datetime) -> None:
    team, owner = channel.team.slug if channel.team else "", channel.person.username if channel.person else ""
    _require(actor, team=team, owner=owner, now=now)


def _require(actor: Actor, *, team: str, owner: str, now: datetime) -> None:
    """A team's chat is its tech lead's and the admins'; one's own is nobody else's, whatever their role."""
    if team:
        require(actor, REGISTER_CHANNEL, now=now, teams=[team])
    else:
        require(actor, CHOOSE, now=now, owner=owner)


def _working(channel_id: str, *, actor: Actor, now: datetime) -> Channel:
    channel = lock_channel(channel_id)
    _permit(channel, actor=actor, now=now)
    if channel.ended_at is not None:
        raise Conflict("This chat was removed; register it again.", code="channel.ended")
    return channel


def _end(channel: Channel, *, actor: Recorded, now: datetime, because: str) -> Channel:
    if channel.ended_at is None:
        channel.ended_at, channel.ended_because, channel.sealed_url = now, because, ""
        channel.save()
        _record(ChannelEvent.ENDED, channel, actor=actor, now=now, because=because)
    return channel


def _checked_host(url: str, *, actor: Actor, now: datetime) -> str:
    """The host of an address that may be posted to. The address itself is in no message: it is a secret."""
    try:
        parts = outbound.readable(url)
    except outbound.OutboundRefused as error:
        raise Invalid.field("/url", error.code, "This is no address that can be posted to.") from error
    if len(url) > LONGEST_URL:
        raise Invalid.field("/url", "channel.url_length", f"An address has at most {LONGEST_URL} characters.")
    host = str(parts.hostname)
    is_operators = outbound.registered(host, settings.OUTBOUND_HOSTS)
    if parts.scheme != "https" and not is_operators:
        raise Invalid.field("/url", "channel.url_not_https", "The address holds a secret, so it begins with https://.")
    if not (is_operators or is_posted_to(host)) and not may(actor, ALLOW_HOST, now=now).allowed:
        raise NotPermitted(
            failed(
                "channel.host_not_registered",
                ALLOW_HOST.section,
                f"The portal does not post to {host} yet.",
                "Ask an admin to register the first chat there.",
                who=(Role.ADMIN.label,),
                host=host,
            )
        )
    return host


def _checked_name(name: str) -> str:
    line = " ".join(name.split())
    if not line or len(line) > LONGEST_NAME:
        raise Invalid.field("/name", "channel.name", f"A name has 1 to {LONGEST_NAME} characters.")
    return line


def _checked_kinds(kinds: Iterable[str]) -> list[str]:
    wanted = set(kinds)
    known = {kind.value for kind in Kind if not kind.row.personal}
    if wanted - known:
        raise Invalid.field(
            "/kinds", "channel.kind_unknown", f"No chat is told of {', '.join(sorted(wanted - known))}."
        )
    return [kind.value for kind in Kind if kind in wanted]


def _record(
    verb: ChannelEvent,
    channel: Channel,
    *,
    actor: Recorded,
    now: datetime,
    before: list[str] | None = None,
    kinds: list[str] | None = None,
    **data: str,
) -> None:
    owner = f"team:{channel.team.slug}" if channel.team else f"user:{channel.person.username if channel.person else ''}"
    record(
        verb,
        object_type="chat_channel",
        object_id=str(channel.channel_id),
        subjects=[owner],
        actor=actor,
        at=now,
        before=None if before is None else {"kinds": before},
        after=None if kinds is None else {"kinds": kinds},
        data={"name": channel.name, **data},
    )
