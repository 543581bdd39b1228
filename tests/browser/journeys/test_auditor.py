"""An auditor finds what happened, verifies the chain, and takes evidence away."""

from __future__ import annotations

import zipfile
from collections.abc import Callable

import pytest

from cybercube_portal import clock
from cybercube_portal.audit.actions.sealing import seal_all, write_checkpoint
from tests.browser.hands import Hands
from tests.factories import changes as stories
from tests.factories.people import Cast

pytestmark = pytest.mark.browser


def test_auditor__finds_verifies_and_exports(people: Cast, come: Callable[[str], Hands]) -> None:
    now = clock.now()
    stories.service()
    change = stories.approved(now=now)
    stories.draft(now=now, title="Another")
    seal_all(now=clock.now)
    write_checkpoint(now=now)

    kim = come("kim")
    kim.press(kim.page.get_by_role("button", name="Account menu"))
    kim.press(kim.page.get_by_role("navigation", name="Account").get_by_role("link", name="Audit"))
    kim.write(kim.field("About"), change.number)
    kim.write(kim.field("What happened"), "change.*")
    kim.press(kim.button("Find"))
    kim.sees("change.submitted")
    kim.press(kim.link("change.approved").first)
    kim.is_at("change.approved")
    kim.sees("bob (person)")
    kim.press(kim.link("Verify from here"))
    kim.sees("fit together. 1 signed checkpoint agrees.")
    with kim.page.expect_download() as export:
        kim.press(kim.link("Download all of it"))
    assert len(export.value.path().read_text().splitlines()) > 4
    kim.press(kim.link("Evidence packs"))
    kim.write(kim.field("Change"), "CR-2020-0101-001")
    kim.press(kim.button("Download the pack of the change"))
    kim.sees("CR-2020-0101-001")
    kim.write(kim.field("Change"), change.number)
    with kim.page.expect_download() as pack:
        kim.press(kim.button("Download the pack of the change"))
    assert change.number in pack.value.suggested_filename
    assert "SHA256SUMS.jws" in zipfile.ZipFile(pack.value.path()).namelist()
