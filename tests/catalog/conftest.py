from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from cybercube_portal.catalog.models import Service
from tests.factories.catalog import registered_service
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
