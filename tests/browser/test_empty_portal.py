"""What the first person sees: pages that have nothing to show say what belongs there; and forms of every kind of change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]

LISTS = (
    "/",
    "/inbox/",
    "/changes/",
    "/changes/?q=is:over+tpye:normal+nothing",
    "/freezes/",
    "/windows/",
    "/cab/",
    "/calendar/",
    "/calendar/?view=agenda",
    "/gate/",
    "/services/",
    "/releases/",
    "/migrations/",
    "/deployments/",
    "/incidents/",
    "/dashboards/",
    "/flags/",
    "/compliance/",
    "/audit/?verb=flag.*",
)
FORMS = ("type=normal", "type=emergency", "template=routine-deployment", "template=config-update", "template=scale")
MORE_FORMS = ("template=certificate-renewal", "template=log-level")
# No such page; a page that only takes a POST.
REFUSALS = ("/nothing/here/", "/logout/")


@pytest.mark.long(20)
def test_pages__empty_portal__stand_what_a_page_has_to(open_browser: OpenBrowser, look: Look) -> None:
    page = open_browser("admin")
    for path in (*LISTS, *(f"/changes/new/?{query}" for query in FORMS + MORE_FORMS), *REFUSALS):
        page.goto(path)
        look(page, f"empty {path}")
