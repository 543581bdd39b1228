from __future__ import annotations

import re

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from cybercube_portal import __version__, health
from cybercube_portal.settings.forms import networks


def statuses(answer: dict[str, object]) -> dict[str, str]:
    checks = answer["checks"]
    assert isinstance(checks, list)
    return {check["name"]: check["status"] for check in checks}


@pytest.mark.parametrize("path", ["/health/live", "/health/live/"])
def test_live__no_database_at_hand__200(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@pytest.mark.django_db
def test_ready__everything_answers__200_with_every_check() -> None:
    answer = Client().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert statuses(answer.json()) == dict.fromkeys(["database", "migrations", "signing_key", "redis", "intents"], "ok")


@pytest.mark.django_db
def test_ready__redis_away__200_but_degraded(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert statuses(answer.json())["redis"] == "failed"


@pytest.mark.django_db
def test_ready__signing_key_cannot_be_read__503(settings: Settings) -> None:
    settings.SIGNING_KEY = "not a key"
    answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert statuses(answer.json())["signing_key"] == "failed"


@pytest.mark.django_db(transaction=True)
def test_ready__database_away__503_and_says_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    database = connections["default"]
    database.close()
    monkeypatch.setitem(database.settings_dict, "PORT", 1)
    monkeypatch.setattr(health, "_migrated", True)
    answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert statuses(answer.json())["database"] == "failed"
    assert "127.0.0.1" not in answer.content.decode()
    assert Client().get("/health/live").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_metrics__database_away__still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    database = connections["default"]
    database.close()
    monkeypatch.setitem(database.settings_dict, "PORT", 1)
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    assert "portal_database_up 0.0" in answer.content.decode()


@pytest.mark.django_db
def test_health__from_an_allowed_network__says_what_runs() -> None:
    body = Client().get("/health").json()
    assert body["status"] == "ok"
    assert body["version"] == __version__
    assert body["git_sha"]
    assert body["uptime"] >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", body["timestamp"])


@pytest.mark.parametrize(
    ("address", "forwarded", "proxies", "status"),
    [
        ("10.1.2.3", "", 0, 200),
        ("::ffff:10.1.2.3", "", 0, 200),
        ("fd00::1", "", 0, 200),
        ("203.0.113.9", "", 0, 403),
        ("", "", 0, 403),
        ("nonsense", "", 0, 403),
        ("203.0.113.9", "10.1.2.3", 0, 403),
        ("10.1.2.3", "203.0.113.9", 1, 403),
        ("10.1.2.3", "10.9.9.9, 203.0.113.9", 1, 403),
        ("203.0.113.9", "203.0.113.1, 10.9.9.9", 1, 200),
        ("10.1.2.3", "", 1, 403),
    ],
)
@pytest.mark.django_db
def test_restricted__address__decides(
    settings: Settings, address: str, forwarded: str, proxies: int, status: int
) -> None:
    settings.HEALTH_ALLOWED_NETWORKS = networks("10.0.0.0/8,fd00::/8")
    settings.WEB_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    for path in ("/health", "/metrics"):
        answer = Client(REMOTE_ADDR=address).get(path, headers=headers)
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["code"] == "health.address_not_allowed"


@pytest.mark.django_db
def test_metrics__after_requests__count_by_route_and_show_the_record() -> None:
    client = Client()
    client.get("/api/v1/users/someone-elses-name/")
    client.get("/health/live")
    client.generic("BREW", "/health/live")
    text = client.get("/metrics").content.decode()
    counted = r'portal_request_duration_seconds_count\{method="%s",route="%s",status="%s"\} \d'
    assert re.search(counted % ("GET", "health/live/", "200"), text)
    assert re.search(counted % ("OTHER", "health/live/", "405"), text)
    assert re.search(counted % ("GET", "unknown", "404"), text)
    assert "someone-elses-name" not in text
    for gauge in (
        "portal_database_up 1.0",
        "portal_oldest_unclaimed_intent_seconds",
        "portal_events_unsealed",
        "portal_deliveries_waiting",
    ):
        assert gauge in text
