"""Webhook subscriptions. Who may do it is the caller's guard: this app knows no people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import SplitResult

from django.db import transaction

from cybercube_portal import outbound
from cybercube_portal.audit import signing
from cybercube_portal.audit.actions.events import record
from cybercube_portal.audit.actors import Actor
from cybercube_portal.audit.events import SubscriptionEvent
from cybercube_portal.audit.models import WebhookSubscription
from cybercube_portal.audit.selectors.subscriptions import lock_subscription
from cybercube_portal.errors import Conflict, Invalid

PATTERN = re.compile(r"\*|[a-z_]+\.(\*|[a-z_]+)")


@transaction.atomic
def create_subscription(
    *, url: str, verbs: Iterable[str], actor: Actor, now: datetime
) -> tuple[WebhookSubscription, str]:
    """A new subscription and its secret, which nobody can read again. Raises Invalid for a bad address or verb."""
    wanted = checked_verbs(verbs)
    checked_url(url)
    secret = signing.new_secret()
    subscription = WebhookSubscription.objects.create(
        url=url,
        verbs=wanted,
        sealed_secret=signing.seal(secret),
        created_at=now,
        created_by=str(actor.audit_identity()["id"]),
    )
    _record(SubscriptionEvent.CREATED, subscription, actor=actor, now=now, after={"url": url, "verbs": wanted})
    return subscription, secret


@transaction.atomic
def edit_subscription(
    subscription_id: str, *, verbs: Iterable[str], actor: Actor, now: datetime
) -> WebhookSubscription:
    """Other verbs from now on. Raises NotFound, Conflict when it ended, Invalid for a bad verb."""
    subscription = active_subscription(subscription_id)
    before, after = subscription.verbs, checked_verbs(verbs)
    if before != after:
        subscription.verbs = after
        subscription.save()
        _record(
            SubscriptionEvent.EDITED,
            subscription,
            actor=actor,
            now=now,
            before={"verbs": before},
            after={"verbs": after},
        )
    return subscription


@transaction.atomic
def rotate_secret(subscription_id: str, *, actor: Actor, now: datetime) -> str:
    """A new secret; until the next rotation deliveries carry a signature by the old one too. Raises NotFound, Conflict."""
    subscription = active_subscription(subscription_id)
    secret = signing.new_secret()
    subscription.sealed_previous_secret = subscription.sealed_secret
    subscription.sealed_secret = signing.seal(secret)
    subscription.save()
    _record(SubscriptionEvent.ROTATED, subscription, actor=actor, now=now)
    return secret


@transaction.atomic
def end_subscription(subscription_id: str, *, actor: Actor, now: datetime, because: str) -> None:
    """Stop it; ending twice changes nothing. Raises NotFound."""
    subscription = lock_subscription(subscription_id)
    if subscription.active:
        subscription.active = False
        subscription.ended_at = now
        subscription.ended_because = because
        subscription.save()
        _record(SubscriptionEvent.ENDED, subscription, actor=actor, now=now, after={"because": because})


def subscription_secrets(subscription_id: str) -> tuple[str, ...]:
    """The plain secrets of an active subscription, the present one first; empty when it ended."""
    found = WebhookSubscription.objects.filter(subscription_id=subscription_id, active=True).first()
    if found is None:
        return ()
    return tuple(signing.unseal(sealed) for sealed in (found.sealed_secret, found.sealed_previous_secret) if sealed)


def active_subscription(subscription_id: str) -> WebhookSubscription:
    """Locked until the transaction ends. Raises NotFound, and Conflict when it ended."""
    found = lock_subscription(subscription_id)
    if not found.active:
        raise Conflict("This webhook subscription has ended; make a new one.", code="webhook.ended")
    return found


def checked_verbs(verbs: Iterable[str]) -> list[str]:
    """The patterns, each once. Raises Invalid."""
    wanted = list(dict.fromkeys(verbs))
    if not wanted or not all(PATTERN.fullmatch(verb) for verb in wanted):
        raise Invalid.field("/verbs", "webhook.verb_invalid", "Name verbs like change.approved, change.* or *.")
    return wanted


def checked_url(url: str) -> SplitResult:
    """The parts of an address that can be called. Raises Invalid."""
    try:
        return outbound.readable(url)
    except outbound.OutboundRefused as error:
        raise Invalid.field("/url", error.code, str(error)) from error


def _record(
    verb: SubscriptionEvent,
    subscription: WebhookSubscription,
    *,
    actor: Actor,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    record(
        verb,
        object_type="webhook",
        object_id=str(subscription.subscription_id),
        subjects=[],
        actor=actor,
        at=now,
        before=before,
        after=after,
    )
