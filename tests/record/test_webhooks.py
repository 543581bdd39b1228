"""Webhooks over REST: who may say where events go, and a real worker that brings them there (Standard Webhooks 1.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.test import Client
from pytest_django.fixtures import Settings

from cybercube_portal.audit.actions.posting import sweep_deliveries
from cybercube_portal.audit.models import Delivery, Event, WebhookSubscription
from cybercube_portal.clock import now as read_clock
from tests.audit.listener import OK, Listener
from tests.audit.worker import Worker
from tests.record.conftest import Api, Happen, Session

WEBHOOKS = "/api/v1/webhooks/"
HOOK = "https://receiver.example/hook"


def post(client: Client, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    return client.post(path, json.dumps(body or {}), content_type="application/json", headers=headers)


def patch(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.patch(path, json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def admin(browser_session: Session) -> Client:
    return browser_session("admin")


@pytest.fixture
def subscribed(admin: Client) -> dict[str, Any]:
    answer = post(admin, WEBHOOKS, {"url": HOOK, "verbs": ["change.*"]})
    assert answer.status_code == 201, answer.json()
    shown: dict[str, Any] = answer.json()
    return shown


def test_create__admin__secret_shown_once(admin: Client) -> None:
    sent = {"url": HOOK, "verbs": ["change.*", "freeze.published"]}
    answer = post(admin, WEBHOOKS, sent, **{"Idempotency-Key": "once"})
    assert answer.status_code == 201
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    replayed = post(admin, WEBHOOKS, sent, **{"Idempotency-Key": "once"}).json()
    assert replayed == {**made, "secret": None}
    (listed,) = admin.get(WEBHOOKS).json()["results"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert admin.get(f"{WEBHOOKS}{made['id']}/").json() == listed
    assert Event.objects.get(verb="webhook.created").actor["id"] == "admin"


@pytest.mark.parametrize(
    ("username", "key", "code"),
    [
        ("alice", None, "permission.role_missing"),
        ("kim", None, "permission.role_missing"),
        ("admin", {}, "key.scope_missing"),
        ("sybil", {}, "key.scope_missing"),
        ("ci-payments", {}, "key.scope_missing"),
    ],
)
def test_webhooks__no_admin_or_tech_lead_in_a_browser__refused_everywhere(
    *,
    api: Api,
    browser_session: Session,
    subscribed: dict[str, Any],
    username: str,
    key: dict[str, Any] | None,
    code: str,
) -> None:
    client: Client = browser_session(username) if key is None else api(username, **key)
    one = f"{WEBHOOKS}{subscribed['id']}/"
    for answer in (
        client.get(WEBHOOKS),
        post(client, WEBHOOKS, {"url": HOOK, "verbs": ["*"]}),
        client.get(one),
        patch(client, one, {"verbs": ["*"]}),
        client.delete(one),
        post(client, f"{one}ping/"),
        post(client, f"{one}rotate/"),
        client.get(f"{one}deliveries/"),
    ):
        assert answer.status_code == 403
        assert answer.json()["code"] == code
    assert WebhookSubscription.objects.get().active


def test_webhooks__tech_lead__own_ones_to_hosts_that_are_known(
    browser_session: Session, subscribed: dict[str, Any], settings: Settings
) -> None:
    settings.OUTBOUND_HOSTS = ("*.allowed.example",)
    bob, sybil = browser_session("bob"), browser_session("sybil")
    refused = post(bob, WEBHOOKS, {"url": "https://elsewhere.example/", "verbs": ["*"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "webhook.host_not_registered")
    made = [
        post(bob, WEBHOOKS, {"url": url, "verbs": ["*"]})
        for url in ("https://receiver.example/bob", "https://hooks.allowed.example/")
    ]
    assert [answer.status_code for answer in made] == [201, 201]
    own = f"{WEBHOOKS}{made[0].json()['id']}/"
    assert len(bob.get(WEBHOOKS).json()["results"]) == 2
    assert sybil.get(WEBHOOKS).json()["results"] == []
    assert bob.get(f"{WEBHOOKS}{subscribed['id']}/").status_code == 403
    assert sybil.delete(own).status_code == 403
    assert browser_session("admin").get(own).status_code == 200
    assert bob.delete(own).status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"url": HOOK}, 400, "/verbs"),
        ({"verbs": ["*"]}, 400, "/url"),
        ({"url": HOOK, "verbs": "*"}, 400, "/verbs"),
        ({"url": HOOK, "verbs": ["*"], "secret": "mine"}, 400, "/secret"),
        ({"url": HOOK, "verbs": []}, 422, "/verbs"),
        ({"url": HOOK, "verbs": ["change"]}, 422, "/verbs"),
        ({"url": HOOK, "verbs": ["session.*"]}, 422, "/verbs"),
        ({"url": HOOK, "verbs": ["change.*", "api_key.issued"]}, 422, "/verbs"),
        ({"url": "ftp://receiver.example/", "verbs": ["*"]}, 422, "/url"),
        ({"url": "https://user:word@receiver.example/", "verbs": ["*"]}, 422, "/url"),
        ({"url": "https://[::1", "verbs": ["*"]}, 422, "/url"),
    ],
)
def test_create__body_that_cannot_be_meant__refused_and_nothing_written(
    admin: Client, body: dict[str, Any], status: int, pointer: str
) -> None:
    answer = post(admin, WEBHOOKS, body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not WebhookSubscription.objects.exists()


def test_edit__verbs__only_from_the_version_that_was_read(admin: Client, subscribed: dict[str, Any]) -> None:
    one = f"{WEBHOOKS}{subscribed['id']}/"
    etag = admin.get(one).headers["ETag"]
    assert patch(admin, one, {"verbs": ["*"]}).status_code == 428
    edited = patch(admin, one, {"verbs": ["freeze.*"]}, **{"If-Match": etag})
    assert (edited.status_code, edited.json()["verbs"]) == (200, ["freeze.*"])
    assert patch(admin, one, {"verbs": ["*"]}, **{"If-Match": etag}).status_code == 412
    etag = edited.headers["ETag"]
    assert patch(admin, one, {"verbs": ["user.*"]}, **{"If-Match": etag}).status_code == 422
    assert patch(admin, one, {"url": "https://other.example/"}, **{"If-Match": etag}).status_code == 400
    assert admin.get(one).json() == edited.json()


def test_delete__ended__kept_to_look_at_and_good_for_nothing_more(admin: Client, subscribed: dict[str, Any]) -> None:
    one = f"{WEBHOOKS}{subscribed['id']}/"
    for _ in range(2):
        assert admin.delete(one).status_code == 204
    ended = admin.get(one)
    assert (ended.json()["active"], ended.json()["ended_because"]) == (False, "Ended by admin.")
    for answer in (
        post(admin, f"{one}ping/"),
        post(admin, f"{one}rotate/"),
        patch(admin, one, {"verbs": ["*"]}, **{"If-Match": ended.headers["ETag"]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook.ended")
    assert not Delivery.objects.exists()


def test_webhook__unknown__not_found(admin: Client) -> None:
    one = f"{WEBHOOKS}00000000-0000-4000-8000-000000000000/"
    for answer in (admin.get(one), admin.delete(one), post(admin, f"{one}ping/"), admin.get(f"{one}deliveries/")):
        assert answer.status_code == 404


def holds(request: bytes, secret: str) -> bool:
    """A receiver's check by Standard Webhooks 1.0."""
    head, _, body = request.partition(b"\r\n\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split(" ")


def answering(*statuses: bytes) -> Callable[[Any], None]:
    """A receiver that answers with these, then with 200."""
    left = list(statuses)

    def play(peer: Any) -> None:
        peer.sendall(b"HTTP/1.1 " + left.pop(0) + b"\r\nContent-Length: 0\r\n\r\n" if left else OK)

    return play


@pytest.fixture
def sender(worker: Worker) -> Worker:
    """A running worker whose operator allows calls to the loopback."""
    worker.environment["CYBERCUBE_OUTBOUND_NETWORKS"] = "127.0.0.0/8"
    worker.start()
    return worker


def deliveries(client: Client, webhook: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{WEBHOOKS}{webhook}/deliveries/").json()["results"]
    return found


def test_webhook__real_worker__event_sealed_signed_sent_and_tried_again_after_500(
    sender: Worker, canary: Listener, admin: Client, happen: Happen
) -> None:
    canary.play = answering(b"500 Internal Server Error")
    made = post(admin, WEBHOOKS, {"url": canary.url(path="/hook"), "verbs": ["change.*"]}).json()
    happen("freeze.published", object_id="F-1")
    event = happen("change.rolled_back", number=7)
    current_app.send_task("audit.seal_events")
    sender.until(lambda: [found["last_error"] for found in deliveries(admin, made["id"])] == ["Answered 500."])
    assert deliveries(admin, made["id"])[0]["state"] == "waiting"

    def swept_and_delivered() -> bool:
        sweep_deliveries(now=read_clock())
        return bool(deliveries(admin, made["id"])[0]["state"] == "delivered")

    sender.until(swept_and_delivered)
    (delivery,) = deliveries(admin, made["id"])
    assert (delivery["attempts"], delivery["last_error"], delivery["about"]) == (2, "", "CR-2026-0117-001")
    first, second = canary.requests
    body = json.loads(second.partition(b"\r\n\r\n")[2])
    for request in (first, second):
        assert request.startswith(b"POST /hook ")
        assert holds(request, made["secret"])
        assert not holds(request.replace(b'"number":7', b'"number":8'), made["secret"])
        assert f"webhook-id: {delivery['id']}".encode() in request
    assert set(body) == {"type", "timestamp", "data"}
    assert body["type"] == delivery["type"] == "dev.cdeventsx.cybercube-changerequest.rolledback.0.1.0"
    assert body["data"]["context"]["id"] == str(event.event_id)
    assert body["data"]["customData"]["data"] == {"number": 7}


def test_webhook__real_worker__ping_then_gone_and_given_up(sender: Worker, canary: Listener, admin: Client) -> None:
    canary.play = answering(b"200 OK", b"410 Gone")
    made = post(admin, WEBHOOKS, {"url": canary.url(), "verbs": ["*"]}).json()
    one = f"{WEBHOOKS}{made['id']}/"
    for number, state in enumerate(("delivered", "failed"), start=1):
        assert post(admin, f"{one}ping/").status_code == 202
        sender.until(lambda: canary.connections == number and deliveries(admin, made["id"])[0]["state"] == state)  # noqa: B023
    assert all(holds(request, made["secret"]) for request in canary.requests)
    newest = deliveries(admin, made["id"])[0]
    assert (newest["type"], newest["last_error"]) == ("software.cybercube.portal.webhook.pinged", "Answered 410.")
    ended = admin.get(one).json()
    assert (ended["active"], ended["ended_because"]) == (False, "The receiver answered 410 Gone.")
    assert post(admin, f"{one}ping/").status_code == 409


def test_webhook__real_worker__secret_rotated__signed_with_both(
    sender: Worker, canary: Listener, admin: Client
) -> None:
    made = post(admin, WEBHOOKS, {"url": canary.url(), "verbs": ["*"]}).json()
    one = f"{WEBHOOKS}{made['id']}/"
    rotated = post(admin, f"{one}rotate/").json()
    assert rotated["secret"] != made["secret"]
    post(admin, f"{one}ping/")
    sender.until(lambda: canary.requests)
    assert holds(canary.requests[0], made["secret"])
    assert holds(canary.requests[0], rotated["secret"])
