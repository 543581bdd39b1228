"""Takes the pictures of docs/pages.md from a running demo, and writes the page: `python -m cybercube_portal.demo.pictures URL FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from cybercube_portal.demo.company import PASSWORD

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--font-render-hinting=none",
]
COLOURS = 256
DESK, PHONE = (1280, 800), (360, 780)
LOOKS: dict[str, tuple[Literal["light", "dark"], tuple[int, int]]] = {
    "light": ("light", DESK),
    "dark": ("dark", DESK),
    "phone": ("light", PHONE),
}


# Another width moves what the address names.
TO_ITS_PLACE = "location.hash && document.querySelector(location.hash).scrollIntoView()"


@dataclass(frozen=True, slots=True)
class Picture:
    """One page as `who` sees it: at `path` (from what stands after a # on), or behind the link there that begins with `link`."""

    name: str
    title: str
    who: str
    path: str
    says: str
    link: str = ""


PICTURES = (
    Picture(
        "home",
        "Home",
        "alice",
        "/",
        "What waits for you, what is yours, and what is happening in production.",
    ),
    Picture(
        "changes",
        "Changes",
        "bob",
        "/changes/",
        "Every change, its state in an icon and a word; what is shown is in the address, and a script gets the same over REST: the help below each query has the call.",
    ),
    Picture(
        "change",
        "A change",
        "carol",
        "/changes/",
        "What stands in its way comes first, each with its section of the standard, a remedy and who can act; the button says what it does.",
        link="Deploy checkout-api",
    ),
    Picture(
        "new-change",
        "A new change",
        "alice",
        "/changes/new/?type=normal&service=billing-service#when",
        "Few fields first; what the time meets, the earliest slot, the risk and who signs show while one writes, and what is typed is kept.",
    ),
    Picture(
        "calendar",
        "Calendar",
        "alice",
        "/calendar/",
        "Changes as bars, freezes as bands, clashes marked; the same as a feed for your own calendar.",
    ),
    Picture(
        "cab",
        "Change Advisory Board",
        "carol",
        "/cab/",
        "An agenda that makes itself; votes, quorum, minutes and a print pack.",
        link="Weekly CAB",
    ),
    Picture(
        "dashboards",
        "Dashboards",
        "ivan",
        "/dashboards/",
        "DORA's five figures and the cadence of the standard; every number opens its list, every chart has its table.",
    ),
    Picture(
        "service",
        "A service",
        "grace",
        "/services/billing-service/",
        "What runs where, since when and by which change, and whether it is what was deployed.",
    ),
    Picture(
        "flag",
        "A feature flag",
        "alice",
        "/flags/release_new_dashboard/",
        "Its environments side by side, who switched it and why; a kill needs no approval.",
    ),
)


def take(browser: Browser, url: str, folder: Path) -> Iterator[str]:
    """Every page in every look. Yields what went wrong; the other pictures are taken all the same."""
    pages: dict[str, Page] = {}
    for picture in PICTURES:
        try:
            page = pages.get(picture.who) or pages.setdefault(picture.who, log_in(browser, url, picture.who))
            show(page, picture)
            for look, (theme, (width, height)) in LOOKS.items():
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=theme)
                page.evaluate(TO_ITS_PLACE)
                keep(page.screenshot(animations="disabled", caret="hide"), folder / f"{picture.name}-{look}.png")
        except (TooLate, ValueError) as error:
            yield f"{picture.name}: {error}"


def log_in(browser: Browser, url: str, who: str) -> Page:
    """A page of somebody of the cast."""
    page = browser.new_context(base_url=url, reduced_motion="reduce").new_page()
    page.goto("/login/")
    page.get_by_label("User name").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda where: "/login/" not in where)
    return page


def show(page: Page, picture: Picture) -> None:
    """Open the page and wait for what loads after it. Raises ValueError when it answers with anything but 200."""
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    path = picture.path
    answer = page.goto(path)
    if picture.link:
        path = page.locator("main").get_by_role("link", name=picture.link).first.get_attribute("href") or path
        answer = page.goto(path)
    if answer is None or not answer.ok:
        raise ValueError(f"{path} answers {answer and answer.status}")
    # What listens for news never falls idle.
    with suppress(TooLate):
        page.wait_for_load_state("networkidle", timeout=3_000)


def keep(png: bytes, path: Path) -> None:
    """Write it with a palette, a third of the size: pages have few colours."""
    image = Image.open(BytesIO(png)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def words() -> str:
    """docs/pages.md."""
    rows = [
        "# The main pages",
        "",
        "The demo company on a Tuesday morning, each page in light, in dark and at 360 px. `./portal pictures` takes them again.",
        "",
    ]
    for picture in PICTURES:
        alts = {look: f"{picture.title}, {look}" for look in LOOKS}
        rows += [f"## {picture.title}", "", picture.says, ""]
        rows += [
            f'<img src="pictures/{picture.name}-{look}.png" alt="{alt}" width="{"20%" if look == "phone" else "38%"}">'
            for look, alt in alts.items()
        ]
        rows.append("")
    return "\n".join(rows)


def main(arguments: Sequence[str]) -> int:
    """Write pictures/*.png and pages.md into a folder. Returns 1 when a picture is missing."""
    url, folder = arguments
    pictures = Path(folder) / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        wrong = list(take(browser, url, pictures))
        browser.close()
    (Path(folder) / "pages.md").write_text(words(), encoding="utf-8")
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
