"""An engineer files a standard change from a template, and sees what blocks it, who unblocks it, and when it could go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from changes.models import ChangeRequest
from cybercube_portal import clock
from tests.browser.hands import Hands, Thumb
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

ASKED = """() => new Set([...document.querySelectorAll("main form[method=post] [name]")]
    .filter((field) => !["hidden", "submit"].includes(field.type)).map((field) => field.name)).size"""


def test_engineer__files_from_a_template_and_sees_what_blocks_it(people: Cast, come: Callable[[str], Hands]) -> None:
    now = clock.now()
    stories.service()
    stories.freeze(
        now=now, title="Quarter end", starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=2), kind="custom"
    )

    alice = come("alice")
    alice.press(alice.link("New change").first)
    alice.press(alice.link("Scale up or down"))
    alice.is_at("Scale up or down")
    assert alice.page.evaluate(ASKED) <= 8
    alice.tick(alice.field("billing-service · payments"))
    alice.write(alice.field("Replicas"), "5000")
    alice.tick(alice.field("None of the seven risk questions applies"))
    alice.press(alice.button("File and approve"))
    alice.sees("The replicas are within the template's approved bounds.")
    expect(alice.field("billing-service · payments")).to_be_checked()
    alice.write(alice.field("Replicas"), "8")
    alice.press(alice.button("File and approve"))

    alice.is_at("Scale billing-service to 8 replicas")
    alice.sees("Approved, but something stands in its way.", "Quarter end: no changes, until", "Engineering manager")
    assert ChangeRequest.objects.get().state == "approved"
    if isinstance(alice, Thumb):
        # With scripts the answer is on the page already.
        alice.press(alice.link("What the gate says of this change"))
    alice.sees("Deny")
