from __future__ import annotations

from collections.abc import Callable

import pytest
import redis
from pytest_django import Settings
from rest_framework.test import APIClient

from cybercube_portal.api import take, throttling


@pytest.fixture(autouse=True)
def _slow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATES = {"api": 1, "gate": 2}
    monkeypatch.setattr(throttling, "_quiet_until", 0.0)
    client = redis.Redis.from_url(settings.REDIS_URL)
    for key in client.scan_iter(f"{settings.CACHES['default']['KEY_PREFIX']}:rate:*"):
        client.delete(key)
    client.close()


def test_throttle__bucket_empty__429_says_when_to_come_back(api: Callable[..., APIClient]) -> None:
    client = api("alice")
    answers = [client.get("/api/v1/me/") for _ in range(12)]
    left = [answer.headers["RateLimit"] for answer in answers]
    assert left[0] == '"api";r=9;t=1'
    assert all(answer.headers["RateLimit-Policy"] == '"api";q=10;w=10' for answer in answers)
    refused = answers[-1]
    assert refused.status_code == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "request.too_many"
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["RateLimit"].startswith('"api";r=0;')


def test_throttle__another_credential_of_the_same_user__has_its_own_bucket(api: Callable[..., APIClient]) -> None:
    busy, other = api("alice"), api("alice")
    while busy.get("/api/v1/me/").status_code == 200:
        pass
    assert other.get("/api/v1/me/").status_code == 200


def test_throttle__gate__has_its_own_budget() -> None:
    while (rate := take("test:gate-1")) and rate.allowed:
        pass
    gate = take("test:gate-1", budget="gate")
    assert gate is not None
    assert gate.allowed
    assert gate.headers()["RateLimit-Policy"] == '"gate";q=20;w=10'


def test_throttle__rate_zero__counts_nothing(settings: Settings) -> None:
    settings.RATES = {"api": 0}
    assert take("test:nobody") is None


def test_throttle__redis_away__requests_go_on(settings: Settings, api: Callable[..., APIClient]) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    client = api("alice")
    answers = [client.get("/api/v1/me/") for _ in range(15)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit" not in answers[0].headers
