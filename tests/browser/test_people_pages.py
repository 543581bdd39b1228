from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PAGES = ["/", "/profile/", "/keys/", "/keys/issue/", "/people/", "/grants/", "/grants/grant/", "/nothing/here/"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page__both_themes_and_a_phone__accessible_and_fits(
    path: str,
    theme: str,
    open_browser: Callable[..., Page],
    assert_accessible: Callable[[Page], None],
    assert_fits: Callable[[Page], None],
    picture: Callable[[Page, str], Path],
) -> None:
    name = path.strip("/").replace("/", "-") or "home"
    page = open_browser("admin", theme=theme)
    page.goto(path)
    assert_accessible(page)
    picture(page, f"{name}-{theme}")
    page.set_viewport_size({"width": 360, "height": 740})
    assert_fits(page)
    assert_accessible(page)
    picture(page, f"{name}-{theme}-phone")
