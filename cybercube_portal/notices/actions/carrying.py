"""Carry notices out of the portal: a delivery row for each mail and each post, which workers send and repeat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from cybercube_portal import outbound
from cybercube_portal.audit.actions import queue_mail, queue_webhook
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.message import message_of
from cybercube_portal.notices.models import Channel, Notice
from cybercube_portal.notices.rendering.mail import render_mail
from cybercube_portal.notices.rendering.news import News
from cybercube_portal.notices.rendering.post import render_post
from cybercube_portal.notices.selectors.history import held_for
from cybercube_portal.notices.selectors.readers import lock_about

CARRY = "notices.carry"


def carry_out(rows: Iterable[Notice], *, now: datetime) -> None:
    """Queue what carries fresh rows of one occasion: one mail for everybody in a time zone, one post for each chat."""
    by_zone: dict[str, list[Notice]] = defaultdict(list)
    for row in rows:
        if row.person is not None:
            by_zone[row.person.timezone].append(row)
        elif row.channel is not None:
            _post([row], row.channel, now=now)
    for zone, mailed in by_zone.items():
        _mail([mailed[0]], [row.person.email for row in mailed if row.person is not None], zone=zone, now=now)


@transaction.atomic
def carry_held(*, about: str, person: int | None, channel: int | None, now: datetime) -> datetime | None:
    """Send a reader what is held back for them together; gives when to come again while it is not quiet yet."""
    lock_about(about)
    held = list(held_for(about, person=person, channel=channel))
    if not held:
        return None
    last = held[-1]
    if last.due_at is not None and last.due_at > now:
        return last.due_at
    rows = Notice.objects.filter(pk__in=[row.pk for row in held])
    if last.person is not None and last.person.is_active and last.person.email:
        _mail(held, [last.person.email], zone=last.person.timezone, now=now)
        rows.update(sent_at=now)
    elif last.channel is not None and last.channel.ended_at is None:
        _post(held, last.channel, now=now)
        rows.update(sent_at=now)
    else:
        # Whoever left, and a chat that ended, are told no more; the rows stay in the portal's list.
        rows.update(due_at=None)
    return None


def _mail(rows: Sequence[Notice], to: list[str], *, zone: str, now: datetime) -> None:
    about = rows[0].about
    with timezone.override(zone), translation.override(settings.LANGUAGE_CODE):
        mail = render_mail(_news(rows), about=about)
    queue_mail(to=to, subject=mail.subject, body=mail.body, html=mail.html, headers=mail.headers, at=now, about=about)


def _post(rows: Sequence[Notice], channel: Channel, *, now: datetime) -> None:
    if outbound.is_nobody(f"https://{channel.host}/"):
        # A name for examples never leads anywhere (RFC 6761): the demo posts to nobody.
        return
    with timezone.override("UTC"), translation.override(settings.LANGUAGE_CODE):
        body = render_post(channel.tool, _news(rows))
    queue_webhook(url=channel.target, body=body, hosts=[channel.host], at=now, about=rows[0].about)


def _news(rows: Sequence[Notice]) -> list[News]:
    return [News(Kind(row.kind), message_of(row.message), row.at) for row in rows]
