"""Webhooks: who may let the portal's events go where. One function per verb."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from cybercube_portal import outbound
from cybercube_portal.audit.actions import queue_webhook, subscriptions
from cybercube_portal.audit.canonical import moment
from cybercube_portal.audit.selectors.subscriptions import get_subscription, is_subscribed
from cybercube_portal.decisions import failed
from cybercube_portal.errors import Invalid, NotPermitted
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import may, require
from cybercube_portal.people.roles import Role
from cybercube_portal.record.cloud_events import TYPE, is_shared
from cybercube_portal.record.permissions import MANAGE_WEBHOOKS, OVERSEE_WEBHOOKS, REGISTER_HOST

if TYPE_CHECKING:
    from cybercube_portal.audit.models import WebhookSubscription

ALL = "*"
PINGED = f"{TYPE}.webhook.pinged"


@transaction.atomic
def create_webhook(*, url: str, verbs: Iterable[str], actor: Actor, now: datetime) -> tuple[WebhookSubscription, str]:
    """A new subscription and its secret. Raises NotPermitted, also for a host that only an admin may register; Invalid."""
    require(actor, MANAGE_WEBHOOKS, now=now)
    wanted = _shared(verbs)
    host = str(subscriptions.checked_url(url).hostname)
    known = outbound.registered(host, settings.OUTBOUND_HOSTS) or is_subscribed(host)
    if not known and not may(actor, REGISTER_HOST, now=now).allowed:
        raise NotPermitted(
            failed(
                "webhook.host_not_registered",
                REGISTER_HOST.section,
                f"The portal does not call {host} yet.",
                "Ask an admin to subscribe the first webhook there.",
                who=(Role.ADMIN.label,),
                host=host,
            )
        )
    return subscriptions.create_subscription(url=url, verbs=wanted, actor=actor, now=now)


@transaction.atomic
def edit_webhook(*, webhook: str, verbs: Iterable[str], actor: Actor, now: datetime) -> WebhookSubscription:
    """Other verbs. Raises NotFound, NotPermitted, Conflict when it ended, Invalid."""
    read_webhook(webhook=webhook, actor=actor, now=now)
    return subscriptions.edit_subscription(webhook, verbs=_shared(verbs), actor=actor, now=now)


@transaction.atomic
def rotate_webhook(*, webhook: str, actor: Actor, now: datetime) -> tuple[WebhookSubscription, str]:
    """A new secret beside the old one. Raises NotFound, NotPermitted, Conflict when it ended."""
    subscription = read_webhook(webhook=webhook, actor=actor, now=now)
    return subscription, subscriptions.rotate_secret(webhook, actor=actor, now=now)


@transaction.atomic
def end_webhook(*, webhook: str, actor: Actor, now: datetime) -> None:
    """Nothing more is sent there; ending twice changes nothing. Raises NotFound, NotPermitted."""
    read_webhook(webhook=webhook, actor=actor, now=now)
    subscriptions.end_subscription(webhook, actor=actor, now=now, because=f"Ended by {actor.username}.")


@transaction.atomic
def ping_webhook(*, webhook: str, actor: Actor, now: datetime) -> WebhookSubscription:
    """Send a signed message that says nothing else. Raises NotFound, NotPermitted, Conflict when it ended."""
    read_webhook(webhook=webhook, actor=actor, now=now)
    subscription = subscriptions.active_subscription(webhook)
    queue_webhook(
        url=subscription.url,
        body={"type": PINGED, "timestamp": moment(now), "data": {"webhook": webhook, "by": actor.username}},
        at=now,
        about=webhook,
        hosts=[subscription.host],
        signed_by=f"subscription:{webhook}",
    )
    return subscription


def read_webhook(*, webhook: str, actor: Actor, now: datetime) -> WebhookSubscription:
    """One of your own, or as an admin any. Raises NotFound, NotPermitted."""
    require(actor, MANAGE_WEBHOOKS, now=now)
    subscription = get_subscription(webhook)
    if subscription.created_by != actor.username:
        require(actor, OVERSEE_WEBHOOKS, now=now)
    return subscription


def _shared(verbs: Iterable[str]) -> list[str]:
    wanted = subscriptions.checked_verbs(verbs)
    kept = sorted(verb for verb in wanted if verb != ALL and not is_shared(verb))
    if kept:
        raise Invalid.field("/verbs", "webhook.verb_private", f"No webhook is told of {', '.join(kept)}.")
    return wanted
