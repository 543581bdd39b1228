"""What tests of changes share: services of two teams, and the body of §6.6's change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from rest_framework.test import APIClient

from cybercube_portal.people.scopes import Scope
from tests.changes.feed_reading import FEED
from tests.factories import changes as story
from tests.factories.people import Cast

Client = Callable[..., APIClient]


@pytest.fixture
def _services(cast: Cast) -> None:
    story.service("billing-service")
    story.service("search-api", team="search")


@pytest.fixture
def held(now: datetime, clock_at: Callable[[datetime], datetime], _services: None) -> datetime:
    """The clock, held at `now`."""
    return clock_at(now)


@pytest.fixture
def client_of(api: Client) -> Client:
    """`client_of(username)`: a REST client whose key may also sign."""

    def client(username: str, scopes: tuple[str, ...] = (Scope.CHANGES, Scope.APPROVALS), **options: Any) -> APIClient:
        is_pipeline = username.startswith("ci-")
        return api(username, scopes=[Scope.CHANGES] if is_pipeline else list(scopes), **options)

    return client


@pytest.fixture
def body(now: datetime) -> dict[str, Any]:
    """The change of §6.6 as JSON: low risk, a day and two hours ahead."""
    return {
        "title": "Deploy billing-service v2.3.1",
        "type": "normal",
        "description": "Fix for EU tax calculation (CC-5678)",
        "services": ["billing-service"],
        "environments": ["production"],
        "artifacts": ["billing-service:v2.3.1"],
        "scheduled_time": (now + timedelta(hours=26)).isoformat(),
        "estimated_duration": "30m",
        "risk_assessment": {"answers": story.NO_RISK},
        "impact": story.NO_IMPACT,
        "rollback_plan": "Revert to billing-service:v2.3.0",
        "rollback_version": "v2.3.0",
    }


@pytest.fixture
def feed_of(client_of: Client) -> Callable[..., str]:
    """`feed_of(username, team="")`: the path of a fresh feed."""

    def issue(username: str, **body: str) -> str:
        answer = client_of(username).post(FEED, body, format="json")
        assert answer.status_code == 201, answer.json()
        return str(urlsplit(answer.json()["url"]).path)

    return issue
