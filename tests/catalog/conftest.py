from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.catalog.actions import trust_identity
from cybercube_portal.catalog.models import Service, TrustedIdentity
from cybercube_portal.people.actors import OPERATOR
from tests.factories.catalog import registered_service
from tests.factories.ci_platform import AUDIENCE, REPOSITORY_ID, Platform
from tests.factories.people import Cast


@pytest.fixture
def billing(cast: Cast) -> Service:
    """billing-service of team payments."""
    return registered_service()


@pytest.fixture
def search_api(cast: Cast) -> Service:
    """search-api of team search."""
    return registered_service("search-api", "search")


@pytest.fixture
def pipeline(billing: Service, api: Callable[..., APIClient]) -> APIClient:
    """The client of ci-payments, whose team owns billing-service."""
    return api("ci-payments")


@pytest.fixture
def platform(httpserver: HTTPServer, settings: Settings) -> Platform:
    """A CI platform on the loopback, which the operator allows the portal to call."""
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    return Platform(httpserver)


@pytest.fixture
def trust(billing: Service, platform: Platform) -> Callable[..., TrustedIdentity]:
    """`trust(name, claims=…, …)`: trust this platform's tokens with these claims as ci-payments."""

    def trusted(name: str = "billing-main", **options: Any) -> TrustedIdentity:
        return trust_identity(
            **{
                "name": name,
                "issuer": platform.issuer,
                "audience": AUDIENCE,
                "claims": {"repository_id": REPOSITORY_ID, "environment": "prd"},
                "account": "ci-payments",
                "services": ["billing-service"],
                "actor": OPERATOR,
                "now": clock.now(),
                **options,
            }
        )

    return trusted
