"""Webhooks over REST: admins and tech leads, in a browser session. Each view reads the clock once and makes one call."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import (
    etag_of,
    idempotent,
    idempotent_hiding,
    read_members,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.audit.canonical import canonical
from cybercube_portal.audit.selectors.subscriptions import deliveries_to, lock_subscription, subscriptions_listed
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.guard import may, require
from cybercube_portal.record import actions
from cybercube_portal.record.api import serializers
from cybercube_portal.record.permissions import MANAGE_WEBHOOKS, OVERSEE_WEBHOOKS

if TYPE_CHECKING:
    from cybercube_portal.audit.models import WebhookSubscription


class WebhooksView(generics.GenericAPIView[Any]):
    """Subscriptions."""

    serializer_class = serializers.WebhookSerializer

    @extend_schema(operation_id="webhooks_list", responses=serializers.WebhookSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Your own subscriptions, everybody's for an admin; the newest first, ended ones too."""
        refuse_unknown_parameters(request.query_params, [])
        actor, now = actor_of(request), clock.now()
        require(actor, MANAGE_WEBHOOKS, now=now)
        sees_all = may(actor, OVERSEE_WEBHOOKS, now=now).allowed
        rows = self.paginate_queryset(subscriptions_listed(created_by=None if sees_all else actor.username)) or []
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        operation_id="webhooks_create",
        request=serializers.NewWebhookSerializer,
        responses={201: serializers.SecretWebhookSerializer},
    )
    @idempotent_hiding("secret")
    def post(self, request: Request) -> HttpResponse:
        """Subscribe an address. Messages are signed by Standard Webhooks with the secret that is shown this once."""
        sent = read_members(request, serializers.NewWebhookSerializer)
        made, secret = actions.create_webhook(**sent, actor=actor_of(request), now=clock.now())
        return _answer(made, status=status.HTTP_201_CREATED, secret=secret)


class WebhookView(generics.GenericAPIView[Any]):
    """One subscription."""

    serializer_class = serializers.WebhookSerializer

    @extend_schema(operation_id="webhooks_read")
    def get(self, request: Request, webhook: UUID) -> Response:
        """The subscription with its ETag."""
        refuse_unknown_parameters(request.query_params, [])
        return _answer(actions.read_webhook(webhook=str(webhook), actor=actor_of(request), now=clock.now()))

    @extend_schema(
        operation_id="webhooks_edit",
        request=serializers.VerbsSerializer,
        responses={200: serializers.WebhookSerializer},
    )
    def patch(self, request: Request, webhook: UUID) -> Response:
        """Other verbs, with If-Match. Another address is another subscription, with a secret of its own."""
        sent = read_members(request, serializers.VerbsSerializer)
        actor, now = actor_of(request), clock.now()
        with transaction.atomic():
            actions.read_webhook(webhook=str(webhook), actor=actor, now=now)
            require_if_match(request, _version(lock_subscription(str(webhook))))
            edited = actions.edit_webhook(webhook=str(webhook), verbs=sent["verbs"], actor=actor, now=now)
        return _answer(edited)

    @extend_schema(operation_id="webhooks_end", responses={204: None})
    def delete(self, request: Request, webhook: UUID) -> Response:
        """Send nothing more there. It stays in the list, inactive, with its deliveries."""
        actions.end_webhook(webhook=str(webhook), actor=actor_of(request), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class PingView(generics.GenericAPIView[Any]):
    """A trial message."""

    serializer_class = serializers.WebhookSerializer

    @extend_schema(
        operation_id="webhooks_ping",
        request=serializers.NothingSerializer,
        responses={202: serializers.WebhookSerializer},
    )
    @idempotent
    def post(self, request: Request, webhook: UUID) -> HttpResponse:
        """Send a signed `software.cybercube.portal.webhook.pinged`; `deliveries/` shows what became of it."""
        read_members(request, serializers.NothingSerializer)
        pinged = actions.ping_webhook(webhook=str(webhook), actor=actor_of(request), now=clock.now())
        return _answer(pinged, status=status.HTTP_202_ACCEPTED)


class RotateView(generics.GenericAPIView[Any]):
    """A new secret."""

    serializer_class = serializers.SecretWebhookSerializer

    @extend_schema(
        operation_id="webhooks_rotate",
        request=serializers.NothingSerializer,
        responses={200: serializers.SecretWebhookSerializer},
    )
    @idempotent_hiding("secret")
    def post(self, request: Request, webhook: UUID) -> HttpResponse:
        """Sign with a new secret and, until the next rotation, with the old one too."""
        read_members(request, serializers.NothingSerializer)
        rotated, secret = actions.rotate_webhook(webhook=str(webhook), actor=actor_of(request), now=clock.now())
        return _answer(rotated, secret=secret)


class DeliveriesView(generics.GenericAPIView[Any]):
    """What was sent to one subscription."""

    serializer_class = serializers.DeliverySerializer

    @extend_schema(operation_id="webhooks_deliveries_list", responses=serializers.DeliverySerializer(many=True))
    def get(self, request: Request, webhook: UUID) -> Response:
        """Deliveries, the newest first, with their state and last error; delivered ones are kept for 30 days."""
        refuse_unknown_parameters(request.query_params, [])
        found = actions.read_webhook(webhook=str(webhook), actor=actor_of(request), now=clock.now())
        rows = self.paginate_queryset(deliveries_to(found)) or []
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


def _answer(subscription: WebhookSubscription, *, status: int = status.HTTP_200_OK, **more: Any) -> Response:
    shown = {**serializers.WebhookSerializer(subscription).data, **more}
    return Response(shown, status=status, headers={"ETag": etag_of(_version(subscription))})


def _version(subscription: WebhookSubscription) -> str:
    """What an edit starts from."""
    content = [subscription.verbs, subscription.active]
    return hashlib.sha256(canonical(content)).hexdigest()[:16]
