"""An approver reads what changed since their last signature, approves, and refuses with a comment: in place, from the inbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from changes.actions.content import edit_change
from changes.models import ChangeRequest
from cybercube_portal import clock
from tests.browser.hands import Hands
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser


def test_approver__signs_again_what_changed_and_refuses_another(people: Cast, come: Callable[[str], Hands]) -> None:
    now = clock.now()
    stories.service()
    signed = stories.half_signed(now=now)
    edits = {"rollback_plan": "Put the old column back."}
    edit_change(number=signed.number, version=signed.version, changes=edits, actor=people.actor("alice"), now=now)
    other = stories.in_review(now=now, title="Move invoices to the new storage")

    bob = come("bob")
    bob.go("Inbox")
    bob.sees("What changed since you signed", "Revert to billing-service:v2.3.0", "Put the old column back.")
    again = bob.page.locator("main li").filter(has_text=signed.number).first
    bob.write(again.get_by_label("Comment on your signature"), "The old column is kept.")
    bob.press(again.get_by_role("button", name="Approve as Tech lead"))
    bob.sees("Your approval is noted.")
    bob.press(bob.link("Move invoices to the new storage"))
    bob.press(bob.button("Refuse"))
    expect(bob.page.get_by_role("alert")).to_contain_text("A refusal says why.")
    bob.write(bob.field("Comment on your signature"), "Not before the backfill is tested.")
    bob.press(bob.button("Refuse"))

    bob.sees("Rejected", "Not before the backfill is tested.")
    assert ChangeRequest.objects.get(pk=other.pk).state == "rejected"
