from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from changes.models import Freeze
from cybercube_portal import clock
from cybercube_portal.audit.models import Intent
from tests.factories import changes as stories
from tests.factories.people import Cast


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


def published(*, starts_at: datetime, hours: int) -> Freeze:
    """Published a week before it begins."""
    ends_at = starts_at + timedelta(hours=hours)
    return stories.freeze(now=starts_at - timedelta(days=7), title="Christmas", starts_at=starts_at, ends_at=ends_at)


def banners(page: str) -> list[str]:
    return [" ".join(part.split("</div>")[0].split()) for part in page.split('class="banner ')[1:]]


def test_banner__freeze_holds__on_every_page_until_when_and_what_it_forbids(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    published(starts_at=now - timedelta(hours=1), hours=5)
    found = banners(browser_session("bob").get("/profile/").content.decode())

    assert len(found) == 1
    assert "Freeze: Christmas" in found[0]
    assert "No deployments, emergency changes only." in found[0]
    assert "Until Wed 14 Jan 2026, 14:00, in 4 hours." in found[0]


@pytest.mark.parametrize(
    ("begins_in", "told"), [(timedelta(days=2), 1), (timedelta(days=4), 0), (timedelta(hours=-9), 0)]
)
def test_banner__freeze_to_come_or_over__told_three_days_ahead_and_never_after(
    begins_in: timedelta, told: int, browser_session: Callable[[str], Client], now: datetime
) -> None:
    published(starts_at=now + begins_in, hours=8)
    with clock.fixed_at(now):
        page = browser_session("bob").get("/").content.decode()

    assert len(banners(page)) == told


def test_banner__remembered_freeze_that_has_ended_since__is_gone(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    session = browser_session("bob")
    clock_at(now)
    published(starts_at=now - timedelta(hours=1), hours=2)
    during = banners(session.get("/").content.decode())
    clock_at(now + timedelta(hours=1))
    after = banners(session.get("/").content.decode())

    assert (len(during), len(after)) == (1, 0)


def test_banner__work_that_no_worker_takes__verification_is_delayed(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    Intent.objects.create(
        kind="audit.canary", not_before=now - timedelta(minutes=9), created_at=now, deadline=now + timedelta(hours=1)
    )
    found = banners(browser_session("bob").get("/").content.decode())

    assert "Verification is delayed" in found[0]
    assert "9 minutes" in found[0]


def test_shell__cache_is_away__pages_ask_the_database_and_stand(
    cast: Cast,
    browser_session: Callable[[str], Client],
    clock_at: Callable[[datetime], datetime],
    now: datetime,
    settings: Settings,
) -> None:
    clock_at(now)
    published(starts_at=now - timedelta(hours=1), hours=5)
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    session = browser_session("bob")

    assert len(banners(session.get("/").content.decode())) == 1
    assert session.post("/profile/timezone/", {"timezone": "UTC"}).status_code == 302


def test_shell__page_of_its_own_small_needs__costs_few_queries_and_fewer_when_remembered(
    cast: Cast, browser_session: Callable[[str], Client]
) -> None:
    session = browser_session("bob")
    with CaptureQueriesContext(connection) as cold:
        session.get("/keys/")
    with CaptureQueriesContext(connection) as warm:
        session.get("/keys/")

    assert len(cold) == 7
    assert len(warm) == 5
