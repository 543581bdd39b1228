"""The small company of `world.py`, where nobody is held back for asking too often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from pytest_django.fixtures import Settings

from tests.architecture.world import World, build
from tests.factories.people import Cast


@pytest.fixture
def world(cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime], settings: Settings) -> World:
    settings.RATES = {"api": 0, "gate": 0}
    return build(cast, now=clock_at(now))
