"""Two ways to use a page, so that one journey is told for both: by keyboard alone with scripts, and by thumb on a phone without.

Both name things as a person does, by role and label, and hold the page to its promises on the way: the focus can be seen, nothing scrolls
sideways, what decides is large enough for a thumb.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.standing import sideways

MOST_TABS = 150
SMALLEST_DECISION = 44
IS_FOCUSED = "(element) => element === document.activeElement"
SHOWS_FOCUS = """(element) => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    return ring && box.bottom > 0 && box.top < innerHeight;
}"""


class Hands(ABC):
    """What somebody does on a page. `press` takes whatever is pressed: a link, a button, a summary."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def link(self, name: str) -> Locator:
        """The link of that name in the page itself."""
        return self.page.locator("main").get_by_role("link", name=name)

    def button(self, name: str) -> Locator:
        """The button of that name in the page itself; a summary that opens a form looks and works like one."""
        main = self.page.locator("main")
        return main.get_by_role("button", name=name).or_(main.locator("summary").filter(has_text=name)).first

    def field(self, label: str) -> Locator:
        """The field of that label."""
        return self.page.locator("main").get_by_label(re.compile(rf"^\s*{re.escape(label)}(\s+optional)?\s*$"))

    def sees(self, *words: str) -> None:
        """All of these words can be read on the page."""
        for word in words:
            expect(self.page.get_by_text(word).and_(self.page.locator(":visible")).first).to_be_visible()

    def is_at(self, heading: str) -> None:
        """The page's heading says so, and its scripts listen."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        self.page.wait_for_load_state()

    @abstractmethod
    def go(self, place: str) -> None:
        """To one of the places of the navigation."""

    @abstractmethod
    def press(self, target: Locator) -> None:
        """Follow a link, press a button, open a summary."""

    @abstractmethod
    def write(self, target: Locator, text: str) -> None:
        """Put `text` in place of what a field holds."""

    @abstractmethod
    def tick(self, target: Locator) -> None:
        """Tick a box, or choose among radio buttons."""

    @abstractmethod
    def choose(self, target: Locator, option: str) -> None:
        """Choose what begins with `option` from a list."""


class Keys(Hands):
    """Tab, Enter, Space and arrows; no mouse."""

    def go(self, place: str) -> None:
        main = self.page.get_by_role("navigation", name="Main").get_by_role("link", name=place)
        if main.is_visible():
            self.press(main)
            return
        self.press(self.page.get_by_role("button", name="More", exact=True))
        self.press(self.page.get_by_role("navigation", name="More").get_by_role("link", name=place))

    def press(self, target: Locator) -> None:
        self._reach(target)
        self.page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        if target.evaluate("(field) => /^(datetime|date|time)/.test(field.type)"):
            # Parts of a date are typed in the order of whoever's browser it is.
            target.fill(text)
            return
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def tick(self, target: Locator) -> None:
        expect(target).to_be_visible()
        if target.get_attribute("type") != "radio":
            self._reach(target)
            self.page.keyboard.press("Space")
            return
        group = target.evaluate("(one) => one.name")
        self._tab_until(lambda: self.page.evaluate("document.activeElement?.name") == group, f"radio buttons {group}")
        for _ in range(10):
            if target.is_checked():
                return
            self.page.keyboard.press("Space" if target.evaluate(IS_FOCUSED) else "ArrowDown")
        raise AssertionError(f"arrows do not reach {target}")

    def choose(self, target: Locator, option: str) -> None:
        self._reach(target)
        self.page.keyboard.type(option)
        expect(target.locator("option:checked")).to_contain_text(option)

    def _reach(self, target: Locator) -> None:
        expect(target).to_be_visible()
        self._tab_until(lambda: target.evaluate(IS_FOCUSED), str(target))
        assert target.evaluate(SHOWS_FOCUS), f"the focus does not show on {target}"

    def _tab_until(self, is_there: Callable[[], bool], what: str) -> None:
        for _ in range(MOST_TABS):
            if is_there():
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{MOST_TABS} tabs do not reach {what}")


class Thumb(Hands):
    """Taps, on 360 px."""

    def go(self, place: str) -> None:
        self.press(self.page.get_by_role("button", name="Menu", exact=True))
        self.press(self.page.get_by_role("navigation", name="Main").get_by_role("link", name=place))

    def press(self, target: Locator) -> None:
        expect(target).to_be_visible()
        assert not sideways(self.page), f"{self.page.url}: {sideways(self.page)}"
        box = target.bounding_box()
        smallest = SMALLEST_DECISION if "btn-big" in (target.get_attribute("class") or "") else 0
        assert box is not None
        assert box["height"] >= smallest, f"{target} is {box['height']} px high"
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def tick(self, target: Locator) -> None:
        target.check()

    def choose(self, target: Locator, option: str) -> None:
        label = target.locator("option").filter(has_text=option).first.text_content()
        target.select_option(label=(label or "").strip())
