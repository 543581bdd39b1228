"""Put a mail or a webhook on its way: a row in the caller's transaction, sent by a worker after the commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from cybercube_portal.audit.canonical import portable
from cybercube_portal.audit.doorbell import OUTSIDE, SEND_DELIVERY, ring_after_commit
from cybercube_portal.audit.models import Delivery
from cybercube_portal.audit.requests import current_request_id


def queue_mail(
    *,
    to: Iterable[str],
    subject: str,
    body: str,
    at: datetime,
    about: str = "",
    html: str | None = None,
    headers: Mapping[str, str] | None = None,
    not_before: datetime | None = None,
    dedupe_key: str | None = None,
) -> list[Delivery]:
    """One delivery for each address in `to`, so that one bad address holds up nobody else.

    `body` is plain text, `html` the same for readers that show it. `dedupe_key`: an address that was ever sent a mail with
    this key is left out. `about`: plain id of what it speaks of; a failure shows in that timeline. The Message-ID is the delivery's id, so a repeated sending is seen as one mail.
    """
    one_line = " ".join(subject.split())
    mails = [
        Delivery(
            channel=Delivery.Channel.MAIL,
            target=address,
            subject=one_line,
            about=about,
            headers=portable(headers or {}),
            payload={"body": body, "html": html},
            dedupe_key=None if dedupe_key is None else f"mail:{dedupe_key}:{address}",
        )
        for address in dict.fromkeys(to)
    ]
    return queue(mails, at=at, not_before=not_before)


def queue_webhook(
    *,
    url: str,
    body: Mapping[str, Any],
    at: datetime,
    about: str = "",
    hosts: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    signed_by: str = "",
    not_before: datetime | None = None,
    dedupe_key: str | None = None,
) -> Delivery | None:
    """One POST of `body` as JSON to `url`, through the guarded client. None when `dedupe_key` was used before.

    `url` may name a secret address (`audit.signing.register_addresses`) that is looked up when it is sent.
    `hosts`: the host names registered for this purpose, beside CYBERCUBE_OUTBOUND_HOSTS. `signed_by` names a secret
    (`audit.signing`: `subscription:<id>`); the delivery is signed when it is sent, by Standard Webhooks 1.0, with the
    delivery's id as `webhook-id`. `about`: plain id of what it speaks of; a failure shows in that timeline.
    """
    delivery = Delivery(
        channel=Delivery.Channel.WEBHOOK,
        target=url,
        about=about,
        hosts=list(hosts),
        headers=portable(headers or {}),
        payload=portable(body),
        signed_by=signed_by,
        dedupe_key=None if dedupe_key is None else f"webhook:{dedupe_key}",
    )
    return next(iter(queue([delivery], at=at, not_before=not_before)), None)


def queue(deliveries: Sequence[Delivery], *, at: datetime, not_before: datetime | None = None) -> list[Delivery]:
    """Write the rows, leaving out those whose `dedupe_key` was used before, and ring for each after the commit."""
    if not connection.in_atomic_block:
        raise RuntimeError("a delivery belongs into the transaction of the action that promises it")
    later = not_before is not None and not_before > at
    for delivery in deliveries:
        delivery.created_at = at
        delivery.not_before = not_before or at
        delivery.rung_at = None if later else at
        delivery.request_id = current_request_id()
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    written = list(Delivery.objects.filter(delivery_id__in=[delivery.delivery_id for delivery in deliveries]))
    for delivery in written if not later else ():
        ring_after_commit(SEND_DELIVERY, delivery.pk, queue=OUTSIDE)
    return written
