"""The calendar's pages: a month with freezes as bars, a week with hours, an agenda; narrowed, paged, a new change from any of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cybercube_portal.people.models import User
from tests.changes.pages_words import Sessions, words_of
from tests.factories import changes as stories

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = "/calendar/?view=week"


def test_month__freezes_are_one_bar_each_changes_stand_on_their_day_clashes_are_marked(
    held: datetime, browser_session: Sessions
) -> None:
    # Held on Wednesday the 14th: from Monday the 19th to Thursday the 22nd, and one over two week-ends.
    freeze = stories.freeze(now=held, starts_at=held + 5 * DAY, ends_at=held + 8 * DAY)
    long = stories.freeze(now=held, starts_at=held + 2 * DAY, ends_at=held + 13 * DAY)
    change = stories.in_review(now=held, scheduled_time=held + timedelta(hours=26))
    other = stories.in_review(now=held, by="bob", scheduled_time=held + timedelta(hours=26))

    page = browser_session("alice").get("/calendar/?month=2026-01")

    weeks = {week.monday: week for week in page.context["weeks"]}
    bands = [
        (week.monday.day, band.happening.row.reference, band.first, band.days, band.begins, band.ends)
        for week in weeks.values()
        for lane in week.lanes
        for cell in lane
        if (band := cell.band)
    ]
    assert bands == [
        (12, long.reference, 4, 3, True, False),
        (19, long.reference, 0, 7, False, False),
        (19, freeze.reference, 0, 4, True, True),
        (26, long.reference, 0, 2, False, True),
    ]
    assert all(sum(cell.days for cell in lane) == 7 for week in weeks.values() for lane in week.lanes)
    (thursday,) = (day for week in weeks.values() for day in week.days if day.date == date(2026, 1, 15))
    assert [(bar.change.number, bar.clashes) for bar in thursday.bars] == [(change.number, True), (other.number, True)]
    assert "1 clash" in words_of(page)
    assert f"{change.number} and {other.number}" in words_of(page)
    assert "/calendar/?view=week&amp;date=2026-01-15" in page.content.decode()


def test_month__a_day_ahead__starts_a_new_change_there(held: datetime, browser_session: Sessions) -> None:
    alice = browser_session("alice")
    text = alice.get("/calendar/?service=billing-service").content.decode()
    assert "scheduled=2026-01-15T09%3A00&amp;service=billing-service" in text
    assert "scheduled=2026-01-13" not in text, "that day is over"
    form = alice.get("/changes/new/?type=normal&scheduled=2026-01-21T09:00").context["form"]
    assert str(form["scheduled_time"].value())[:16].replace(" ", "T") == "2026-01-21T09:00"
    for nonsense in ("yesterday", "2026-01-21", "9999-99-99T99:99", "2026-01-21T09:00+99:00"):
        assert alice.get("/changes/new/", {"type": "normal", "scheduled": nonsense}).status_code == 200


def test_week__blocks_at_their_time_beside_each_other_where_they_meet(
    held: datetime, browser_session: Sessions
) -> None:
    User.objects.filter(username="alice").update(timezone="Europe/Berlin")
    thursday = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
    first = stories.in_review(now=held, scheduled_time=held + 26 * HOUR, estimated_duration=2 * HOUR)
    second = stories.in_review(now=held, by="bob", scheduled_time=held + 27 * HOUR)
    night = stories.in_review(
        now=held, scheduled_time=datetime(2026, 1, 16, 22, 30, tzinfo=UTC), estimated_duration=2 * HOUR
    )
    stories.window(now=held, title="Office hours", starts_at=thursday, ends_at=thursday + 8 * HOUR)
    stories.freeze(now=held, title="Quiet", starts_at=thursday + 6 * HOUR, ends_at=thursday + 40 * HOUR)

    page = browser_session("alice").get(f"{WEEK}&date=2026-01-15")

    assert page.context["title"].startswith("Week 3: 12 ")
    grid = page.context["grid"]
    columns = {column.day.date.day: column for column in grid.columns}
    assert next(words for _at, words in grid.hours) == "00:00", "the night's second half"
    # 12:00 and 13:00 UTC are 13:00 and 14:00 in Berlin.
    assert [(block.change.number, block.at, block.rows, block.lane, block.lanes) for block in columns[15].blocks] == [
        (first.number, 52, 8, 0, 2),
        (second.number, 56, 2, 1, 2),
    ]
    assert all(block.conflicts for block in columns[15].blocks)
    assert [(block.change.number, block.at, block.rows) for block in (*columns[16].blocks, *columns[17].blocks)] == [
        (night.number, 94, 2),
        (night.number, 0, 6),
    ]
    assert [block.goes_on for block in columns[17].blocks] == [True]
    shades = [(shade.kind, shade.at, shade.rows, shade.titles) for shade in columns[15].shades]
    assert shades == [("freeze", 66, 30, ("Quiet",)), ("window", 42, 32, ("Office hours",))]
    assert columns[15].now_at is None
    assert columns[14].now_at == 44
    assert [hour.at for hour in columns[13].hours] == [], "that day is over"
    assert columns[14].hours[0].url.endswith("scheduled=2026-01-14T12%3A00")
    assert page.context["week"].lanes[0][3].band.days == 3
    assert {day.date.day for day in page.context["agenda"]} == {15, 16, 17}, "what a phone shows instead"


def test_week__many_at_once__four_lanes_and_a_count(held: datetime, browser_session: Sessions) -> None:
    for _ in range(6):
        stories.in_review(now=held, scheduled_time=held + 26 * HOUR)
    (column,) = (
        column for column in browser_session("alice").get(WEEK).context["grid"].columns if column.day.date.day == 15
    )
    assert [block.lane for block in column.blocks] == [0, 1, 2]
    assert [count for _at, count in column.more] == [3]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, {"ours", "theirs"}),
        ({"team": "payments"}, {"ours"}),
        ({"service": "search-api"}, {"theirs"}),
        ({"service": "search-api", "team": "payments"}, set()),
        ({"environment": "stg"}, {"theirs"}),
        ({"environment": "moon"}, {"ours", "theirs"}),
        ({"mine": "1"}, {"ours"}),
        ({"team": "nobody"}, set()),
        ({"team": "x\x00y"}, set()),
    ],
)
def test_calendar__narrowed__shows_only_what_was_asked_for_in_every_view(
    held: datetime, browser_session: Sessions, query: dict[str, str], numbers: set[str]
) -> None:
    stories.service("search-api", team="search")
    made = {
        "ours": stories.in_review(now=held),
        "theirs": stories.in_review(
            now=held, by="oscar", services=("search-api",), artifacts=(), environments=("stg",)
        ),
    }
    for view in ("month", "week", "agenda"):
        page = browser_session("alice").get("/calendar/", {**query, "view": view})
        shown = {bar.change.number for day in page.context["agenda"] for bar in day.bars}
        assert shown == {made[name].number for name in numbers}, view


def test_calendar__narrowed__a_clash_with_what_is_not_shown_is_told(held: datetime, browser_session: Sessions) -> None:
    mine = stories.in_review(now=held, scheduled_time=held + 26 * HOUR)
    other = stories.in_review(now=held, by="bob", scheduled_time=held + 26 * HOUR)
    page = browser_session("alice").get("/calendar/?mine=1&view=agenda")
    assert [{clash.number, clash.conflict.number} for clash in page.context["clashes"]] == [{mine.number, other.number}]
    assert f"clashes with {other.number}" in words_of(page)


@pytest.mark.parametrize("view", ["month", "week", "agenda"])
def test_calendar__full__at_most_twelve_queries(held: datetime, browser_session: Sessions, view: str) -> None:
    for index in range(20):
        stories.in_review(now=held, scheduled_time=held + (26 + index) * HOUR)
        stories.freeze(now=held, starts_at=held + index * DAY, ends_at=held + (index + 1) * DAY)
    alice = browser_session("alice")
    with CaptureQueriesContext(connection) as queries:
        page = alice.get(f"/calendar/?view={view}&mine=1&environment=prd&team=payments")
    assert page.status_code == 200
    assert len(queries) <= 12, "\n".join(query["sql"][:150] for query in queries)


def test_calendar__persons_zone__decides_the_day(held: datetime, browser_session: Sessions) -> None:
    User.objects.filter(username="alice").update(timezone="Asia/Tokyo")
    stories.in_review(now=held, scheduled_time=datetime.fromisoformat("2026-01-15T16:00:00+00:00"))

    agenda = browser_session("alice").get("/calendar/").context["agenda"]

    assert [day.date.day for day in agenda if day.bars] == [16]


@pytest.mark.parametrize(
    "query", [{}, {"month": "2026-13"}, {"month": "nonsense"}, {"date": "9999-99-99"}, {"date": "2026-02-30"}]
)
def test_calendar__time_that_is_none__this_month(
    query: dict[str, str], held: datetime, browser_session: Sessions
) -> None:
    page = browser_session("alice").get("/calendar/", {**query, "view": "nonsense"})

    assert page.context["title"] == "January 2026"


@pytest.mark.parametrize(
    "query",
    [
        {"month": "2000-01"},
        {"month": "2099-12"},
        {"view": "week", "date": "2000-01-01"},
        {"view": "week", "date": "2099-12-31"},
        {"view": "week", "date": "2026-03-29"},
        {"view": "week", "date": "2026-10-25"},
    ],
)
def test_calendar__edges__shown(query: dict[str, Any], held: datetime, browser_session: Sessions) -> None:
    User.objects.filter(username="alice").update(timezone="Europe/Berlin")
    stories.freeze(now=held, starts_at=held, ends_at=held + HOUR, rule="FREQ=DAILY")
    assert browser_session("alice").get("/calendar/", query).status_code == 200
