from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import FloatRect, Locator, Page, ViewportSize, expect

from cybercube_portal import clock
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]
DAY = timedelta(days=1)
PHONE: ViewportSize = {"width": 360, "height": 800}


def test_week__hours_as_rows__blocks_where_their_time_is_and_an_empty_hour_files_a_change(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    """Next week, as seen in UTC: two slots that clash at 12:00, one on the day after at 15:00, a freeze from Wednesday on."""
    now = clock.now()
    monday = (now + (7 - now.weekday()) * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    stories.service()
    noon = monday + DAY + timedelta(hours=12)
    first = stories.in_review(now=now, scheduled_time=noon, estimated_duration=timedelta(hours=2))
    second = stories.in_review(now=now, by="bob", scheduled_time=noon)
    later = stories.in_review(now=now, scheduled_time=noon + DAY + timedelta(hours=3))
    stories.freeze(now=now, title="Quarter end", starts_at=monday + 2 * DAY, ends_at=monday + 9 * DAY)
    stories.window(now=now, title="Office", starts_at=monday + timedelta(hours=9), ends_at=monday + timedelta(hours=17))

    page = open_browser("carol")
    page.goto(f"/calendar/?view=week&date={monday:%Y-%m-%d}")

    def box(locator: Locator) -> FloatRect:
        found = locator.bounding_box()
        assert found is not None
        return found

    one, two, three = (box(page.locator(f".block[href='/changes/{row.number}/']")) for row in (first, second, later))
    hours = {text: box(page.locator(".week-hours span", has_text=text)) for text in ("12:00", "14:00", "15:00")}
    assert abs(one["y"] - hours["12:00"]["y"]) < 3
    assert abs(one["y"] + one["height"] - hours["14:00"]["y"]) < 3
    assert abs(three["y"] - hours["15:00"]["y"]) < 3
    assert one["x"] + one["width"] <= two["x"] + 1, "beside each other"
    assert three["x"] > two["x"], "on the day after"
    band = box(page.locator(".week-bands a"))
    columns = [box(column) for column in page.locator(".week-day").all()]
    assert band["x"] >= columns[2]["x"]
    assert band["x"] + band["width"] > columns[6]["x"] + columns[6]["width"] - 8, "one bar to the end of the week"
    look(page, "calendar-week")

    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**date={monday + 7 * DAY:%Y-%m-%d}*")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**date={monday:%Y-%m-%d}*")

    empty = page.locator(".week-day").nth(4).locator(".week-hour").nth(2)
    empty.click()
    expect(page.locator("[name=scheduled_time]")).to_have_value(f"{monday + 4 * DAY:%Y-%m-%d}T09:00")

    page.set_viewport_size(PHONE)
    page.goto(f"/calendar/?view=week&date={monday:%Y-%m-%d}")
    expect(page.locator(".week")).to_be_hidden()
    expect(page.locator(".agenda")).to_contain_text(f"clashes with {second.number}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
