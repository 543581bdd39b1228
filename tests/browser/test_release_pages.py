"""Releases and migrations as people meet them: with and without scripts, in both themes, on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from changes.actions.content import edit_change
from changes.selectors.changes import get_change
from cybercube_portal import clock
from releases.actions.migrations import MigrationPlan, plan_migration
from releases.actions.release_content import ReleasePlan, open_release
from releases.actions.release_documents import publish_notes
from releases.models import Release
from tests.factories import changes as stories
from tests.factories import releases as lives
from tests.factories.people import Cast

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]
FILE = "20260117120000_add_tax_rate_to_products_and_to_everything_that_is_priced.sql"
FEATURE = "feat(export): add bulk export\n\nSet CYBERCUBE_EXPORT_MOST_ROWS_IN_ONE_FILE_AT_ONCE.\n\nCloses CC-1235"


@pytest.fixture
def release(people: Cast) -> Release:
    """Open, its change complete, carrying a migration that nobody tested."""
    now = clock.now()
    migration = {"filename": FILE, "sql": "SELECT 1;", "kind": "schema", "phase": "expand", "findings": []}
    commits = [{"sha": "a" * 10, "message": FEATURE, "committed_at": now.isoformat()}]
    service = stories.service(lives.SERVICE)
    stories.artifact(service, lives.VERSION, at=now, commits=commits, migrations=[migration])
    lives.proved(at=now)
    alice = people.actor("alice")
    found = open_release(plan=ReleasePlan(service=lives.SERVICE, version=lives.VERSION), actor=alice, now=now)
    _complete(found, alice, now)
    return found


def _complete(release: Release, alice: object, now: datetime) -> None:
    change = get_change(release.change)
    filled = {
        "answers": {**stories.NO_RISK, "database_schema": True},
        "impact": stories.NO_IMPACT,
        "rollback_plan": "Redeploy.",
        "scheduled_time": now + timedelta(hours=30),
    }
    edit_change(number=change.number, version=change.version, changes=filled, actor=alice, now=now)  # type: ignore[arg-type]


def test_releases__their_pages__stand_in_both_themes_and_on_a_phone(
    open_browser: OpenBrowser, look: Look, release: Release, people: Cast
) -> None:
    alice = people.actor("alice")
    plan = MigrationPlan(service=lives.SERVICE, version=lives.VERSION, environment="stg", filename=FILE)
    planned = plan_migration(plan=plan, actor=alice, now=clock.now())
    page = open_browser("alice")
    where = f"/releases/{release.reference}/"
    for address, name in (
        (where, "release"),
        (f"{where}notes/", "release-notes"),
        (f"/changes/{release.change}/", "release-on-its-change"),
        (f"/migrations/{planned.reference}/", "migration"),
    ):
        page.goto(address)
        look(page, name)
    publish_notes(reference=release.reference, actor=alice, now=clock.now())
    page.goto(f"{where}notes/")
    expect(page.get_by_text("Published").first).to_be_visible()


def test_release__without_scripts__is_ticked_written_and_submitted(open_browser: OpenBrowser, release: Release) -> None:
    page = open_browser("alice", scripts=False)
    where = f"/releases/{release.reference}/"
    page.goto(where)
    page.get_by_role("button", name="Tick Documentation updated").click()
    expect(page.get_by_text("Ticked by alice.")).to_be_visible()
    page.get_by_role("link", name="Changelog", exact=True).click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Markdown").fill("### Fixed\n- <b>Taxes</b>")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview").get_by_text("<b>Taxes</b>")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(where)
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("Handed to its approvers.")).to_be_visible()
    expect(page.locator("li.step-current")).to_have_text(re.compile("Approve"))
