from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from changes.actions.notices import ask_approvers
from cybercube_portal import clock
from cybercube_portal.notices.actions.channels import check_channel, register_channel
from cybercube_portal.notices.models import Notice
from tests.factories import changes as stories
from tests.factories.people import PASSWORD, Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def test_notices__told_chosen_and_watched__accessible_in_both_themes_and_on_a_phone(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    now = clock.now()
    stories.service()
    change = stories.in_review(now=now)
    ask_approvers(number=change.number, occasion="submitted", again=False, now=now)
    channel = register_channel(
        tool="slack",
        name="Mine",
        url="https://hooks.slack.example/services/secret",
        actor=stories.actor("admin"),
        now=now,
    )
    check_channel(channel_id=str(channel.channel_id), actor=stories.actor("admin"), now=now)
    team = register_channel(
        tool="slack",
        name="#payments-releases",
        url="https://hooks.slack.example/services/secret",
        team="payments",
        actor=stories.actor("admin"),
        now=now,
    )
    page = open_browser("admin")
    page.goto("/profile/notifications/")
    page.get_by_label("Mail: A rollback failed").uncheck()
    page.get_by_label("My chat: A rollback failed").uncheck()
    page.get_by_role("button", name="Keep these choices").click()
    look(page, "choices-refused")
    expect(page.get_by_role("alert")).to_contain_text("keep it on one channel at least")
    for path in ("/channels/", f"/channels/{team.channel_id}/", "/channels/new/"):
        page.goto(path)
        look(page, f"notices-{path.strip('/').partition('/')[0]}-{len(path)}")
    page = open_browser("bob")
    page.goto(f"/changes/{change.number}/")
    page.get_by_role("button", name="Watch").click()
    expect(page.get_by_role("button", name="Unwatch")).to_be_visible()
    page.get_by_role("link", name="Notifications").click()
    look(page, "notifications")
    page.get_by_role("button", name="Mark all as read").click()
    assert not Notice.objects.filter(person=people.bob, read_at__isnull=True).exists()


@pytest.mark.parametrize("scripts", [True, False])
def test_mails_button__stranger_on_a_phone__log_in_then_approve_in_place(
    scripts: bool, people: Cast, open_browser: OpenBrowser
) -> None:
    stories.service()
    change = stories.in_review(now=clock.now())
    page = open_browser(scripts=scripts, window="phone")
    page.goto(f"/changes/{change.number}/review/")
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile(rf"/changes/{change.number}/#review$"))
    approve = page.get_by_role("button", name="Approve as Engineer, 1 of 1")
    expect(approve).to_be_in_viewport()
    approve.click()
    expect(page.locator(".page-title .state").first).to_have_text("Approved")
