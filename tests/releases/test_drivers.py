"""The drivers against servers that speak for real: what is sent, how it is signed, and what each answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer

from cybercube_portal.audit.signing import new_secret, seal
from releases.drivers import DriverUnavailable, Order, Progress, manual, webhook
from releases.states import RollbackMethod, Trigger

NOW = datetime(2026, 1, 17, 14, 30, tzinfo=UTC)
SECRET = new_secret()
DIGEST = "sha256:" + "1" * 64


@pytest.fixture(autouse=True)
def _loopback_may_be_called(settings: Settings) -> None:
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def order(config: dict[str, Any], **fields: Any) -> Order:
    return Order(
        **{
            "reference": "DEP-007",
            "service": "billing-service",
            "environment": "prd",
            "version": "v2.3.0",
            "digest": DIGEST,
            "from_version": "v2.3.1",
            "from_reference": "DEP-006",
            "method": RollbackMethod.REDEPLOY,
            "trigger": Trigger.ERROR_RATE,
            "reason": "6 % errors",
            "config": config,
            "hosts": ("localhost",),
            "started_at": NOW,
            **fields,
        }
    )


def hook(server: HTTPServer, **fields: Any) -> Order:
    return order({"url": server.url_for("/rollback"), "sealed": [seal(SECRET)]}, **fields)


@pytest.mark.parametrize(
    ("status", "body", "progress"),
    [
        (200, '{"status":"done"}', Progress.DONE),
        (200, '{"status":"queued"}', Progress.HANDED_OVER),
        (200, "thank you", Progress.HANDED_OVER),
        (200, "[]", Progress.HANDED_OVER),
        (201, '{"status":"done"}', Progress.HANDED_OVER),
        (202, "", Progress.HANDED_OVER),
        (204, "", Progress.HANDED_OVER),
        (301, "", Progress.REFUSED),
        (400, "no such service", Progress.REFUSED),
        (401, "", Progress.REFUSED),
        (404, "", Progress.REFUSED),
    ],
)
def test_webhook__each_answer__means_one_thing(
    httpserver: HTTPServer, status: int, body: str, progress: Progress
) -> None:
    httpserver.expect_request("/rollback", method="POST").respond_with_data(body, status=status)

    assert webhook.carry_out(hook(httpserver), now=NOW).progress is progress


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_webhook__receiver_in_trouble__is_tried_again(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/rollback").respond_with_data("", status=status)

    with pytest.raises(DriverUnavailable):
        webhook.carry_out(hook(httpserver), now=NOW)


def test_webhook__sent_twice__under_one_id_and_signed_as_the_standard_says(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rollback").respond_with_data("", status=202)
    sent = hook(httpserver)

    webhook.carry_out(sent, now=NOW)
    webhook.carry_out(sent, now=NOW)

    (first, _), (second, _) = httpserver.log
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "rollback-DEP-007"
    assert first.headers["Idempotency-Key"] == "rollback-DEP-007"
    signed = f"rollback-DEP-007.{first.headers['webhook-timestamp']}.".encode() + first.data
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert first.headers["webhook-signature"] == expected
    data = json.loads(first.data)["data"]
    assert (data["version"], data["digest"], data["rolls_back"]["version"]) == ("v2.3.0", DIGEST, "v2.3.1")


def test_webhook__host_nobody_registered__refused_and_not_called(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rollback").respond_with_data("")

    report = webhook.carry_out(hook(httpserver, hosts=("deploy.example.com",)), now=NOW)

    assert report.progress is Progress.REFUSED
    assert httpserver.log == []


def test_webhook__address_on_a_private_network__refused(httpserver: HTTPServer, settings: Settings) -> None:
    settings.OUTBOUND_NETWORKS = ()

    assert webhook.carry_out(hook(httpserver), now=NOW).progress is Progress.REFUSED
    assert httpserver.log == []


@pytest.mark.parametrize("method", [RollbackMethod.REDEPLOY, RollbackMethod.TRAFFIC, RollbackMethod.DATABASE_RESTORE])
def test_manual__each_method__hands_over_exact_steps(method: RollbackMethod) -> None:
    report = manual.carry_out(order({"image": "registry.example.com/billing"}, method=method), now=NOW)

    assert report.progress is Progress.HANDED_OVER
    assert "billing-service" in report.words
    assert DIGEST in report.words


def test_manual__service_with_steps_of_its_own__those_are_told() -> None:
    report = manual.carry_out(order({"steps": "make rollback VERSION={version} ENV={environment}"}), now=NOW)

    assert report.words == "make rollback VERSION=v2.3.0 ENV=prd"
