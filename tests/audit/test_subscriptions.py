"""Subscribers are told each sealed event once, signed by Standard Webhooks 1.0 (integrations.md C4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from cybercube_portal.audit import registry
from cybercube_portal.audit.actions import queue_webhook
from cybercube_portal.audit.actions.sealing import seal_events
from cybercube_portal.audit.actions.subscriptions import (
    create_subscription,
    edit_subscription,
    end_subscription,
    rotate_secret,
)
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.models import Delivery, Event, WebhookSubscription
from cybercube_portal.audit.signing import seal, secrets_of, sign, unseal
from cybercube_portal.audit.states import DeliveryState
from cybercube_portal.audit.tasks import send_delivery
from cybercube_portal.errors import Conflict, Invalid, NotFound
from tests.audit.conftest import Happen
from tests.audit.listener import Listener

AT = datetime(2026, 1, 17, 14, 5, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _held_clock(clock_at: Callable[[datetime], datetime]) -> None:
    clock_at(AT)


@pytest.fixture(autouse=True)
def _plain_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the portal's own bodies look like is another matter (tests/record); here nothing of windows is told."""

    def write(event: Event) -> dict[str, Any] | None:
        line = event.as_sealed()
        told = {"type": event.verb, "timestamp": line["occurred_at"], "data": line}
        return None if event.verb.startswith("window.") else told

    monkeypatch.setattr(registry, "_bodies", [write])


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def test_sign__reference_vector__as_the_reference_library() -> None:
    signature = sign(
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
        with_secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def holds(request: bytes, secret: str) -> bool:
    """A receiver's check by Standard Webhooks 1.0."""
    headers, body = headers_of(request), request.partition(b"\r\n\r\n")[2]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split(" ")


@pytest.mark.usefixtures("loopback_allowed")
def test_subscription__event_sealed__signed_and_sent_once_even_while_rotating(happen: Happen, canary: Listener) -> None:
    subscription, secret = create_subscription(url=canary.url(), verbs=["door.*"], actor=SYSTEM, now=AT)
    event = happen("door.opened", number=7)
    happen("window.opened")
    assert seal_events(now=AT) == 3
    assert seal_events(now=AT) == 0
    delivery = Delivery.objects.get()
    new_secret = rotate_secret(str(subscription.subscription_id), actor=SYSTEM, now=AT)
    send_delivery(delivery.pk)

    (request,) = canary.requests
    assert holds(request, secret)
    assert holds(request, new_secret)
    assert not holds(request.replace(b'"number":7', b'"number":8'), secret)
    assert headers_of(request)["webhook-id"] == str(delivery.delivery_id)
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    assert (body["type"], body["timestamp"]) == ("door.opened", Event.objects.get(pk=event.pk).as_line()["occurred_at"])
    assert (body["data"]["event_id"], body["data"]["sequence"], body["data"]["data"]) == (
        str(event.event_id),
        2,
        {"number": 7},
    )
    assert secret not in str(WebhookSubscription.objects.values().get())


@pytest.mark.usefixtures("loopback_allowed")
def test_subscription__receiver_gone__ended_and_nothing_more_sent(happen: Happen, canary: Listener) -> None:
    canary.play = lambda peer: peer.sendall(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
    subscription, _secret = create_subscription(url=canary.url(), verbs=["*"], actor=SYSTEM, now=AT)
    happen()
    seal_events(now=AT)
    for delivery in Delivery.objects.all():
        send_delivery(delivery.pk)
    seal_events(now=AT)
    assert canary.connections == 1
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.FAILED}
    ended = WebhookSubscription.objects.get()
    assert (ended.active, ended.ended_because) == (False, "The receiver answered 410 Gone.")
    assert Event.objects.filter(verb="webhook.ended", object_id=str(subscription.subscription_id)).count() == 1


def test_subscription__body_of_nothing__nothing_sent(happen: Happen) -> None:
    create_subscription(url="https://receiver.example/hook", verbs=["*"], actor=SYSTEM, now=AT)
    happen("window.opened")
    seal_events(now=AT)
    assert list(Delivery.objects.values_list("payload__type", flat=True)) == ["webhook.created"]


def test_edit_subscription__other_verbs__told_of_those_alone(happen: Happen) -> None:
    subscription, _secret = create_subscription(
        url="https://receiver.example/hook", verbs=["gate.*"], actor=SYSTEM, now=AT
    )
    edit_subscription(str(subscription.subscription_id), verbs=["door.opened"], actor=SYSTEM, now=AT)
    happen("door.opened")
    happen("gate.opened")
    seal_events(now=AT)
    assert list(Delivery.objects.values_list("payload__type", flat=True)) == ["door.opened"]
    edited = Event.objects.get(verb="webhook.edited")
    assert (edited.before, edited.after) == ({"verbs": ["gate.*"]}, {"verbs": ["door.opened"]})


def test_edit_subscription__ended__refused() -> None:
    subscription, _secret = create_subscription(url="https://receiver.example/hook", verbs=["*"], actor=SYSTEM, now=AT)
    name = str(subscription.subscription_id)
    end_subscription(name, actor=SYSTEM, now=AT, because="asked")
    with pytest.raises(Conflict):
        edit_subscription(name, verbs=["door.*"], actor=SYSTEM, now=AT)
    with pytest.raises(Conflict):
        rotate_secret(name, actor=SYSTEM, now=AT)


def test_subscription__failing_deliveries__tell_no_subscriber(happen: Happen) -> None:
    create_subscription(url="https://receiver.example/hook", verbs=["*"], actor=SYSTEM, now=AT)
    happen("delivery.failed")
    seal_events(now=AT)
    assert list(Delivery.objects.values_list("payload__type", flat=True)) == ["webhook.created"]


@pytest.mark.parametrize(
    ("url", "verbs"),
    [
        ("https://receiver.example/", []),
        ("https://receiver.example/", ["change"]),
        ("https://receiver.example/", ["change.appr*"]),
        ("https://receiver.example/", ["Change.approved"]),
        ("ftp://receiver.example/", ["*"]),
        ("https://user:word@receiver.example/", ["*"]),
        ("", ["*"]),
    ],
)
def test_create_subscription__bad_address_or_verb__invalid_and_nothing_written(url: str, verbs: list[str]) -> None:
    with pytest.raises(Invalid):
        create_subscription(url=url, verbs=verbs, actor=SYSTEM, now=AT)
    assert not WebhookSubscription.objects.exists()


def test_secret__subscription_ended_or_unknown__nothing_is_sent_unsigned() -> None:
    subscription, secret = create_subscription(url="https://receiver.example/", verbs=["*"], actor=SYSTEM, now=AT)
    name = f"subscription:{subscription.subscription_id}"
    assert secrets_of(name) == (secret,)
    for _ in range(2):
        end_subscription(str(subscription.subscription_id), actor=SYSTEM, now=AT, because="asked")
    assert Event.objects.filter(verb="webhook.ended").count() == 1
    with pytest.raises(NotFound):
        rotate_secret("00000000-0000-0000-0000-000000000000", actor=SYSTEM, now=AT)
    for unknown in (name, "subscription:00000000-0000-0000-0000-000000000000", "nobody:x", ""):
        with pytest.raises(NotFound):
            secrets_of(unknown)
    with transaction.atomic():
        delivery = queue_webhook(url="https://receiver.example/", body={"type": "a.b"}, at=AT, signed_by=name)
    assert delivery is not None
    send_delivery(delivery.pk)
    assert Delivery.objects.get().state == DeliveryState.FAILED


def test_seal_secret__key_rotated__read_with_the_fallback_and_not_without(settings: Settings) -> None:
    old = settings.SECRET_KEY
    sealed = seal("whsec_x")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-" * 8, [old]
    assert unseal(sealed) == "whsec_x"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(NotFound):
        unseal(sealed)
