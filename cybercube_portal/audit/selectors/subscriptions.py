"""Read webhook subscriptions and what became of their deliveries."""

from __future__ import annotations

from django.db.models import QuerySet

from cybercube_portal.audit.models import Delivery, WebhookSubscription
from cybercube_portal.errors import NotFound


def subscriptions_listed(*, created_by: str | None = None) -> QuerySet[WebhookSubscription]:
    """All of them, ended ones too; with `created_by` only those of that user."""
    rows = WebhookSubscription.objects.all()
    return rows if created_by is None else rows.filter(created_by=created_by)


def get_subscription(subscription_id: str) -> WebhookSubscription:
    """One by its public id. Raises NotFound."""
    return _found(WebhookSubscription.objects.all(), subscription_id)


def lock_subscription(subscription_id: str) -> WebhookSubscription:
    """The same, locked until the transaction ends. Raises NotFound."""
    return _found(WebhookSubscription.objects.select_for_update(), subscription_id)


def is_subscribed(host: str) -> bool:
    """Whether an active subscription calls `host` already."""
    urls = WebhookSubscription.objects.filter(active=True, url__icontains=host)
    return any(subscription.host == host for subscription in urls)


def deliveries_to(subscription: WebhookSubscription) -> QuerySet[Delivery]:
    """What was sent there or still waits."""
    return Delivery.objects.filter(target=subscription.url, signed_by=f"subscription:{subscription.subscription_id}")


def _found(rows: QuerySet[WebhookSubscription], subscription_id: str) -> WebhookSubscription:
    found = rows.filter(subscription_id=subscription_id).first()
    if found is None:
        raise NotFound(f"There is no webhook subscription {subscription_id}.")
    return found
