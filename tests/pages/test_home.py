from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from changes.actions.approvals import approve_change
from tests.factories import changes as stories
from tests.factories.people import Cast

MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


def test_home__changes_in_review__those_that_a_seat_of_mine_is_open_for(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    stories.service()
    stories.service("search-api", team="search")
    theirs = stories.in_review(now=now, title="Deploy billing")
    stories.in_review(now=now, by="oscar", title="Deploy search", services=("search-api",), artifacts=())
    stories.draft(now=now, title="Not yet handed in")

    page = browser_session("bob").get("/")

    assert [item.change.number for item in page.context["waiting"]] == [theirs.number]
    assert theirs.number in page.content.decode()


@pytest.mark.parametrize("username", ["alice", "carol", "kim"])
def test_home__own_change_or_no_seat_for_my_role__does_not_wait_for_me(
    username: str,
    cast: Cast,
    browser_session: Callable[[str], Client],
    clock_at: Callable[[datetime], datetime],
    now: datetime,
) -> None:
    clock_at(now)
    stories.service()
    stories.in_review(now=now)

    assert browser_session(username).get("/").context["waiting"] == ()


def test_home__i_signed__no_longer_waits_for_me_but_for_the_next_seat(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    stories.service()
    change = stories.in_review(now=now, raised_to="high")
    before = {name: len(browser_session(name).get("/").context["waiting"]) for name in ("bob", "carol")}
    approve_change(number=change.number, actor=cast.actor("bob"), now=now)
    cache.clear()
    after = {name: len(browser_session(name).get("/").context["waiting"]) for name in ("bob", "carol")}

    assert before == {"bob": 1, "carol": 1}
    assert after == {"bob": 0, "carol": 1}


def test_home__many_changes__stays_within_the_budget_of_queries(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    billing = stories.service()
    stories.artifact(billing, at=now)
    for number in range(4):
        change = stories.in_review(now=now, title=f"Change {number}", raised_to="high")
        approve_change(number=change.number, actor=cast.actor("carol"), now=now)
    stories.draft(now=now, by="bob")
    session = browser_session("bob")

    with CaptureQueriesContext(connection) as queries:
        page = session.get("/")

    assert len(page.context["waiting"]) == 4
    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:150] for query in queries)


def test_home__another_page_after_it__the_count_is_remembered_and_forgotten_by_my_own_post(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    stories.service()
    stories.in_review(now=now)
    session = browser_session("bob")
    session.get("/")
    known = session.get("/profile/").context["shell"].waiting_count
    session.post("/profile/timezone/", {"timezone": "Europe/Berlin"})
    unknown = session.get("/profile/").context["shell"].waiting_count

    assert (known, unknown) == (1, None)
    assert "1" in session.get("/waiting/count/").content.decode()


def test_home__times__in_the_zone_of_the_person_with_utc_beside(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    stories.service()
    stories.draft(now=now - timedelta(hours=2))
    session = browser_session("alice")
    session.post("/profile/timezone/", {"timezone": "Europe/Berlin"})

    page = session.get("/").content.decode()

    assert 'title="Wed 14 Jan 2026, 09:00 Europe/Berlin (08:00 UTC)">2 hours ago</time>' in page
