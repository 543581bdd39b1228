from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cybercube_portal import clock
from cybercube_portal.audit.actions.sealing import seal_all, write_checkpoint
from cybercube_portal.audit.models import Event
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def test_conventions__value_checked_without_scripts__the_rule_and_an_example_show(
    open_browser: OpenBrowser, look: Look
) -> None:
    page = open_browser("alice", scripts=False)
    page.goto("/conventions/")
    page.get_by_label("What it is").select_option("branch")
    page.get_by_label("Value", exact=True).fill("feature/user-auth")
    page.get_by_role("button", name="Check", exact=True).click()

    expect(page.get_by_role("status")).to_contain_text("After feature/ stands a ticket")
    looking = open_browser("alice")
    looking.goto(page.url)
    look(looking, "conventions")


@pytest.fixture
def recorded(people: Cast) -> Event:
    """A change, approved; its events sealed but for the last, and a checkpoint signed."""
    now = clock.now()
    stories.service("billing-service")
    change = stories.approved(now=now)
    seal_all(now=clock.now)
    write_checkpoint(now=now)
    stories.draft(now=now, title="Another")
    return Event.objects.filter(object_id=change.number).latest("pk")


def test_audit__events_chain_and_packs__accessible_in_both_themes_and_on_a_phone(
    recorded: Event, open_browser: OpenBrowser, look: Look
) -> None:
    page = open_browser("kim")
    for name, path in (
        ("audit-events", "/audit/"),
        ("audit-nothing", "/audit/?verb=flag.*"),
        ("audit-event", f"/audit/events/{recorded.event_id}/"),
        ("audit-chain", "/audit/chain/?first=1"),
        ("audit-packs", "/audit/packs/?number=CR-2020-0101-001"),
        ("audit-change", f"/changes/{recorded.object_id}/"),
    ):
        page.goto(path)
        look(page, name)
