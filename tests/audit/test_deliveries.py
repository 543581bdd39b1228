"""Mails and webhooks: a row first, sent at least once under one id, tried again for three days (integrations.md C4)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.db import transaction
from pytest_django.fixtures import Settings

from cybercube_portal.audit.actions import queue_mail, queue_webhook
from cybercube_portal.audit.actions.posting import (
    LEASE,
    PAUSES,
    claim_delivery,
    retry_delivery,
    settle_delivery,
    sweep_deliveries,
)
from cybercube_portal.audit.actions.tidying import tidy_finished_work
from cybercube_portal.audit.models import Delivery, Event
from cybercube_portal.audit.selectors.work import deliveries_waiting
from cybercube_portal.audit.sending import NotDelivered
from cybercube_portal.audit.states import DeliveryState
from cybercube_portal.audit.tasks import send_delivery
from cybercube_portal.errors import MoveRefused
from tests.audit.listener import OK, Listener

AT = datetime(2026, 1, 17, 14, 5, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _held_clock(clock_at: Callable[[datetime], datetime]) -> None:
    clock_at(AT)


def mailed(**facts: Any) -> list[Delivery]:
    with transaction.atomic():
        return queue_mail(
            **{"to": ["alice@example.com"], "subject": "CR waits", "body": "Please look.", "at": AT, **facts}
        )


def hooked(url: str, **facts: Any) -> Delivery:
    with transaction.atomic():
        delivery = queue_webhook(**{"url": url, "body": {"type": "a.b"}, "hosts": ["127.0.0.1"], "at": AT, **facts})
    assert delivery is not None
    return delivery


def state(delivery: Delivery) -> tuple[str, str]:
    found: tuple[str, str] = Delivery.objects.values_list("state", "last_error").get(pk=delivery.pk)
    return found


def test_mail__queued__one_for_each_address_sent_once() -> None:
    first, second = mailed(
        to=["alice@example.com", "bob@example.com", "alice@example.com"], html="<p>Please look.</p>", about="CR-1"
    )
    send_delivery(first.pk)
    send_delivery(first.pk)
    assert state(first) == (DeliveryState.DELIVERED, "")
    assert (state(second)[0], deliveries_waiting()) == (DeliveryState.WAITING, 1)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["alice@example.com"], "CR waits", "Please look.")
    assert "<p>Please look.</p>" in sent.message().as_string()
    assert str(first.delivery_id) in sent.extra_headers["Message-ID"]


def test_mail__subject_with_line_feeds__one_header_and_no_other() -> None:
    (delivery,) = mailed(subject="CR waits\r\nBcc: mallory@example.com")
    send_delivery(delivery.pk)
    assert mail.outbox[0].subject == "CR waits Bcc: mallory@example.com"
    assert mail.outbox[0].recipients() == ["alice@example.com"]


def test_mail__same_key_again__left_out_for_who_had_it() -> None:
    mailed(dedupe_key="reminder-1")
    assert [row.target for row in mailed(to=["alice@example.com", "bob@example.com"], dedupe_key="reminder-1")] == [
        "bob@example.com"
    ]


class Refusing:
    """An SMTP server that knows nobody called nobody@, and has no time for busy@."""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        answers = {"nobody@example.com": "550 no such mailbox", "busy@example.com": "451 later"}
        if address in answers:
            return answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def smtp(settings: Settings) -> Iterator[Controller]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Refusing(), hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = False
    yield controller
    controller.stop()


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("alice@example.com", DeliveryState.DELIVERED),
        ("nobody@example.com", DeliveryState.FAILED),
        ("busy@example.com", DeliveryState.WAITING),
        ("not an address\n", DeliveryState.FAILED),
    ],
)
@pytest.mark.usefixtures("smtp")
def test_mail__server_answers__final_only_when_it_never_will(address: str, outcome: DeliveryState) -> None:
    (delivery,) = mailed(to=[address], about="CR-2026-0117-001")
    send_delivery(delivery.pk)
    assert state(delivery)[0] == outcome
    told = list(Event.objects.values_list("verb", "subjects"))
    expected = [("delivery.failed", [str(delivery.delivery_id), "CR-2026-0117-001"])]
    assert told == (expected if outcome == DeliveryState.FAILED else [])


def test_mail__server_away__tried_again(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    (delivery,) = mailed()
    send_delivery(delivery.pk)
    assert state(delivery)[0] == DeliveryState.WAITING
    assert "refused" in state(delivery)[1]


@pytest.mark.usefixtures("loopback_allowed")
def test_webhook__receiver_fails__tried_for_three_days_then_abandoned(canary: Listener) -> None:
    canary.play = lambda peer: peer.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    delivery = hooked(canary.url(), about="CR-2026-0117-001")
    now = AT
    for pause in PAUSES:
        letter = claim_delivery(delivery.pk, now=now)
        assert letter is not None
        assert settle_delivery(letter, NotDelivered("Answered 500."), now=now)
        now += pause
        assert claim_delivery(delivery.pk, now=now - timedelta(seconds=1)) is None
    letter = claim_delivery(delivery.pk, now=now)
    assert letter is not None
    settle_delivery(letter, NotDelivered("Answered 500."), now=now)
    assert state(delivery) == (DeliveryState.ABANDONED, "Answered 500.")
    assert now - AT > timedelta(days=3)
    told = Event.objects.get(verb="delivery.abandoned")
    assert (told.subjects, told.data["attempts"]) == ([str(delivery.delivery_id), "CR-2026-0117-001"], 10)

    canary.play = lambda peer: peer.sendall(OK)
    retry_delivery(delivery.pk, now=AT)
    send_delivery(delivery.pk)
    assert state(delivery)[0] == DeliveryState.DELIVERED


@pytest.mark.usefixtures("loopback_allowed")
@pytest.mark.parametrize(
    ("answer", "outcome", "pause"),
    [
        (b"HTTP/1.1 204 None\r\n\r\n", DeliveryState.DELIVERED, None),
        (b"HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", DeliveryState.WAITING, 5),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", DeliveryState.WAITING, 5),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n", DeliveryState.WAITING, 90),
        (b"HTTP/1.1 503 No\r\nRetry-After: 999999\r\nContent-Length: 0\r\n\r\n", DeliveryState.WAITING, 86400),
        (b"HTTP/1.1 503 No\r\nRetry-After: -5\r\nContent-Length: 0\r\n\r\n", DeliveryState.WAITING, 5),
        (b"nonsense", DeliveryState.WAITING, 5),
        (b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", DeliveryState.FAILED, None),
    ],
)
def test_webhook__answer__outcome_and_pause(canary: Listener, answer: bytes, outcome: str, pause: int | None) -> None:
    canary.play = lambda peer: peer.sendall(answer)
    delivery = hooked(canary.url())
    send_delivery(delivery.pk)
    assert state(delivery)[0] == outcome
    if pause is not None:
        assert Delivery.objects.get().not_before == AT + timedelta(seconds=pause)


@pytest.mark.parametrize(
    ("host", "hosts"), [("127.0.0.1", ["127.0.0.1"]), ("169.254.169.254", ["169.254.169.254"]), ("127.0.0.1", [])]
)
def test_webhook__address_not_allowed__failed_for_good_and_never_connected(
    canary: Listener, host: str, hosts: list[str]
) -> None:
    delivery = hooked(canary.url(host), hosts=hosts)
    send_delivery(delivery.pk)
    assert state(delivery)[0] == DeliveryState.FAILED
    assert canary.connections == 0


def test_claim_delivery__worker_died__next_one_takes_over_and_the_late_one_writes_nothing() -> None:
    (delivery,) = mailed()
    late = claim_delivery(delivery.pk, now=AT)
    assert claim_delivery(delivery.pk, now=AT) is None
    assert sweep_deliveries(now=AT + LEASE) == 1
    next_one = claim_delivery(delivery.pk, now=AT + LEASE)
    assert late is not None
    assert next_one is not None
    assert late.delivery_id == next_one.delivery_id
    assert not settle_delivery(late, None, now=AT + LEASE)
    assert state(delivery)[0] == DeliveryState.SENDING
    assert settle_delivery(next_one, None, now=AT + LEASE)


def test_retry_delivery__still_waiting__refused_and_named() -> None:
    (delivery,) = mailed()
    with pytest.raises(MoveRefused, match=r"mail to alice@example\.com is waiting"):
        retry_delivery(delivery.pk, now=AT)


@pytest.mark.django_db(transaction=True)
def test_queue__outside_a_transaction__refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        queue_mail(to=["alice@example.com"], subject="s", body="b", at=AT)


def test_sweep_deliveries__due_later__rung_when_due() -> None:
    mailed(not_before=AT + timedelta(days=3))
    assert sweep_deliveries(now=AT + timedelta(days=2)) == 0
    assert sweep_deliveries(now=AT + timedelta(days=3)) == 1
    assert sweep_deliveries(now=AT + timedelta(days=3)) == 0


def test_tidy__delivered_long_ago__gone_unless_its_key_still_counts() -> None:
    (plain,), (keyed,) = mailed(), mailed(dedupe_key="once")
    for delivery in (plain, keyed):
        send_delivery(delivery.pk)
    tidy_finished_work(now=AT + timedelta(days=31))
    assert list(Delivery.objects.values_list("pk", flat=True)) == [keyed.pk]
