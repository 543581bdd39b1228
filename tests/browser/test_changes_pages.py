from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from changes.actions.approvals import approve_change, refuse_change
from changes.actions.content import edit_change
from changes.models import ChangeRequest
from cybercube_portal import clock
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def test_pages__company_at_work__accessible_in_both_themes_and_on_a_phone(
    people: Cast, open_browser: OpenBrowser, look: Look
) -> None:
    now = clock.now()
    stories.service()
    stories.service("search-api", team="search")
    high = stories.in_review(
        now=now, raised_to="high", title="Rotate the certificate of the payment provider's callback endpoint everywhere"
    )
    bob, alice = people.actor("bob"), people.actor("alice")
    high = approve_change(number=high.number, actor=bob, now=now, comment="Read it.")
    edits = {"rollback_plan": "Put the old certificate back."}
    edit_change(number=high.number, version=high.version, changes=edits, actor=alice, now=now)
    going = stories.approved(now=now, title="Deploy billing-service v2.3.1 again")
    refused = stories.in_review(now=now, title="Move invoices to the new storage")
    refuse_change(number=refused.number, actor=bob, now=now, comment="Not before the backfill is tested.")
    stories.freeze(now=now, title="Quarter end", starts_at=now + timedelta(hours=20), ends_at=now + timedelta(days=3))
    draft = stories.draft(now=now, title="A draft with a freeze over its slot")

    page = open_browser("bob")
    for change in (high, going, refused, draft):
        page.goto(f"/changes/{change.number}/")
        page.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true")
        look(page, f"change-{ChangeRequest.objects.get(pk=change.pk).state}")
    for path in ("/changes/?q=", "/inbox/", "/calendar/", "/freezes/FRZ-001/"):
        page.goto(path)
        look(page, f"work {path}")
