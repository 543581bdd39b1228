"""The one way by which the portal tells anybody anything: a row for each reader, in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from cybercube_portal.audit.actions import open_intent
from cybercube_portal.notices.actions.carrying import CARRY, carry_out
from cybercube_portal.notices.kinds import Group, Kind
from cybercube_portal.notices.message import Message
from cybercube_portal.notices.models import Notice
from cybercube_portal.notices.policy.bundling import goes_out_at
from cybercube_portal.notices.selectors.readers import (
    Audience,
    Reader,
    Told,
    audience,
    lock_about,
    told_already,
    told_of,
)

Write = Callable[[], Message]


@transaction.atomic
def tell(
    kind: Kind,
    *,
    about: str,
    occasion: str,
    to: Iterable[int],
    write: Write,
    now: datetime,
    teams: Iterable[str] = (),
    without: str = "",
) -> int:
    """Tell the persons `to` (ids) and the chats of `teams`, each once for an `occasion`. Returns how many persons are told now.

    `about` is the plain id of what it speaks of: what becomes of one thing in a short time is bundled, and a mail that
    fails shows in its timeline. `write` is called once for every time zone among the readers, which is then the current
    one. `without` is a user name: whoever did it knows.
    """
    lock_about(about)
    found = audience(kind, people_ids=to, teams=teams, without=without)
    told = told_already(kind, about, occasion, by_any_kind=kind.row.group is Group.WATCHED)
    words = _Words(write)
    rows = [
        _row(kind, reader, words.of(reader), about=about, occasion=occasion, now=now)
        for reader in (*found.listed, *found.chats)
        if reader.key not in told
    ]
    due = _due(rows, found, kind=kind, about=about, now=now)
    Notice.objects.bulk_create(rows)
    carry_out(due, now=now)
    _hold(rows, now=now)
    return sum(row.person_id is not None for row in rows)


class _Words:
    """The message in the zone of each reader, in the portal's language whoever's request this is."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._written: dict[str, Message] = {}

    def of(self, reader: Reader) -> Message:
        if reader.zone not in self._written:
            with timezone.override(reader.zone), translation.override(settings.LANGUAGE_CODE):
                self._written[reader.zone] = self._write()
        return self._written[reader.zone]


def _row(kind: Kind, reader: Reader, message: Message, *, about: str, occasion: str, now: datetime) -> Notice:
    person, channel = (None, reader.channel) if reader.channel else (reader.person, None)
    return Notice(
        kind=kind, person=person, channel=channel, about=about, occasion=occasion, message=message.as_json(), at=now
    )


def _due(rows: Sequence[Notice], found: Audience, *, kind: Kind, about: str, now: datetime) -> list[Notice]:
    """Set when each row goes out; gives those that go now."""
    quiet = settings.NOTICE_QUIET_TIME
    before = {} if kind.row.at_once else told_of(about, since=now - quiet)
    for row in rows:
        if row.person_id is not None and row.person_id not in found.mailed:
            continue
        heard = before.get((row.person_id, row.channel_id), Told())
        row.due_at = goes_out_at(now=now, quiet=quiet, last_sent_at=heard.last_sent_at, held_since=heard.held_since)
        # Behind something that is held it waits for that, even when their time has come.
        row.sent_at = now if row.due_at == now and heard.held_since is None else None
    return [row for row in rows if row.sent_at is not None]


def _hold(rows: Sequence[Notice], *, now: datetime) -> None:
    """Promise to carry what is held back once it is quiet; one promise for each reader and thing."""
    for row in rows:
        if row.due_at is not None and row.sent_at is None:
            open_intent(
                CARRY,
                row.about,
                {"person": row.person_id, "channel": row.channel_id},
                at=now,
                not_before=row.due_at,
                dedupe_key=f"{row.about}:{row.person_id or ''}:{row.channel_id or ''}",
            )
