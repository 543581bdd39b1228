"""Pages of flags as people use them: looked at in both themes and on a phone, by keyboard, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from changes.models import ChangeRequest
from cybercube_portal import clock
from flags.actions.facts import Count, Reference, count_usage, report_references
from flags.actions.segments import create_segment
from flags.selectors.flags import get_served
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]
KEY = "release_new_dashboard"
PAGE = f"/flags/{KEY}/"
GROUPS = [[{"attribute": "plan", "operator": "in", "value": ["beta", "staff"]}]]
LONG = "customers.of.the.largest.tenants.in.the.north"


@pytest.fixture
def now(people: Cast) -> datetime:
    """The clock runs, as it does for a browser."""
    return clock.now()


@pytest.fixture
def _flags(now: datetime) -> None:
    """One that is open to some, has rules, a prerequisite and a plan; one that is killed; a segment; who asked for what."""
    alice = story.actor("alice")
    story.service()
    create_segment(slug="beta-testers", name="Beta testers", groups=GROUPS, actor=alice, now=now)
    flag("release_billing_v2", now=now, name="Billing v2")
    served("release_billing_v2", "dev", now=now, enabled=True, rollout_percentage=100)
    flag(
        KEY,
        now=now - timedelta(days=3),
        name="New dashboard",
        owner="alice",
        tags=("web", "frontend"),
        client_visible=True,
    )
    beta = {"conditions": [{"operator": "segment", "value": ["beta-testers"]}], "variant": "on"}
    large = {"conditions": [{"attribute": LONG, "operator": "eq", "value": "x" * 60}], "variant": "off"}
    needed = [{"flag": "release_billing_v2", "variants": ["on"]}]
    served(KEY, "dev", now=now, enabled=True, rules=[beta, large], rollout_percentage=25, prerequisites=needed)
    served(KEY, "prd", now=now, enabled=True, rollout_percentage=5)
    served(KEY, "prd", now=now, rollout_percentage=50)
    lines = [Reference(KEY, "web/dashboard.py", 41), Reference(KEY, "docs/dashboard.md", 3)]
    report_references(repository="payments/web", revision="a1b2c3d", references=lines, actor=alice, now=now)
    count_usage(
        Count(environment="prd", key=key, variant=variant, app="shop", count=40 + day, at=now - timedelta(days=day))
        for key, variant in ((KEY, "on"), (KEY, "off"), ("release_nwe_dashboard", ""))
        for day in range(9)
    )


@pytest.mark.usefixtures("_flags")
def test_flag_pages__every_look(open_browser: OpenBrowser, look: Look) -> None:
    page = open_browser("alice")
    for path, name in (
        ("/flags/", "flags"),
        (PAGE, "flag"),
        (f"{PAGE}history/?environment=dev", "flag-history"),
        (f"{PAGE}playground/?environment=dev&context=targetingKey+%3D+user-1%0Aplan+%3D+beta", "flag-playground"),
        (f"{PAGE}edit/", "flag-edit"),
        (f"{PAGE}environments/dev/", "flag-serving"),
        ("/flags/segments/", "segments"),
        ("/flags/segments/beta-testers/", "segment"),
        ("/flags/unknown/", "flags-unknown"),
    ):
        page.goto(path)
        look(page, name)


@pytest.mark.usefixtures("_flags")
def test_rules__wrong_then_stale_then_right__are_mended_in_place(
    now: datetime, open_browser: OpenBrowser, look: Look
) -> None:
    page = open_browser("alice")
    page.goto(f"{PAGE}environments/dev/")
    rules = page.locator("[data-rules] textarea")
    expect(rules.nth(0)).to_have_value("segment beta-testers")
    page.get_by_role("group", name="Rule 1").get_by_role("button", name="Down").press("Enter")
    expect(rules.nth(1)).to_have_value("segment beta-testers")
    grips = page.locator(".flag-grip")
    grips.nth(1).scroll_into_view_if_needed()
    grips.nth(1).hover()
    page.mouse.down()
    page.get_by_role("group", name="Rule 1").get_by_text("If all of these hold").hover()
    page.mouse.up()
    expect(rules.nth(0)).to_have_value("segment beta-testers")
    third = page.get_by_role("group", name="Rule 3")
    third.get_by_label("If all of these hold").fill("plan like gold")
    third.get_by_label("then answer").fill("on")
    page.get_by_label("Rollout, percent").fill("40")
    page.get_by_role("button", name="Serve this").click()
    expect(page.get_by_text("No such operator").first).to_be_visible()
    expect(third.get_by_label("If all of these hold")).to_have_value("plan like gold")
    look(page, "flag-serving-wrong")

    third.get_by_label("If all of these hold").fill("plan eq gold")
    served(KEY, "dev", now=now, rollout_percentage=30, by="bob")
    page.get_by_role("button", name="Serve this").click()
    expect(page.get_by_role("heading", name="What each of you changed")).to_be_visible()
    expect(page.get_by_role("cell", name="25 %")).to_be_visible()
    expect(page.get_by_role("cell", name="30 %")).to_be_visible()
    look(page, "flag-serving-stale")
    expect(third.get_by_label("If all of these hold")).to_have_value("plan eq gold")
    page.get_by_role("button", name="Serve this").click()
    expect(page.get_by_text("Version 4 is served.")).to_be_visible()
    content = get_served(KEY, "dev").content
    assert (content["rollout_percentage"], len(content["rules"])) == (40, 3)


@pytest.mark.usefixtures("_flags")
@pytest.mark.parametrize("scripts", [True, False])
def test_kill__by_keyboard_on_a_phone__asks_for_the_key_and_is_at_once(
    open_browser: OpenBrowser, look: Look, scripts: bool
) -> None:
    page = open_browser("grace", scripts=scripts, window="phone")
    page.goto(PAGE)
    production = page.locator("#prd")
    production.locator("summary", has_text="Kill").focus()
    page.keyboard.press("Enter")
    production.get_by_label("Why").fill("Every second request fails")
    production.get_by_label("Type the flag's key").fill("yes")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Type {KEY} to switch it off in production.").first).to_be_visible()
    expect(production.get_by_label("Why")).to_have_value("Every second request fails")
    if scripts:
        look(page, "flag-kill-refused")
    production.get_by_label("Type the flag's key").fill(KEY)
    page.keyboard.press("Enter")
    expect(production.get_by_text("Killed")).to_be_visible()
    assert not get_served(KEY, "prd").content["enabled"]
    assert ChangeRequest.objects.filter(state="cancelled").count() == 1


@pytest.mark.usefixtures("_flags")
def test_expose__by_the_slider__moves_the_number_and_is_served(open_browser: OpenBrowser) -> None:
    page = open_browser("alice")
    page.goto(PAGE)
    staging = page.locator("#stg")
    staging.locator("summary", has_text="Expose").click()
    slider = staging.get_by_role("slider")
    slider.focus()
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    expect(staging.get_by_role("spinbutton")).to_have_value("7")
    staging.get_by_role("button", name="Set the rollout").click()
    expect(staging.get_by_text("7 % on")).to_be_visible()
    assert get_served(KEY, "stg").content["rollout_percentage"] == 7
