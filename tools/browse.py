"""Look at the built site in a browser, from the disk: every page as on a phone, the index of each section as on a desk.

    python tools/browse.py FOLDER

Says where something sticks out of a page, is loaded from elsewhere or raises an error; whether the search finds
anything, and whether the network on the front page is there. Without Chromium it says so and looks at nothing.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")  # as in tests/browsers.py
LOOKS = ((360, "*.html"), (1280, "index.html"))  # the width in pixels, and which pages
# What lies beyond the right edge and cannot be scrolled to in a box of its own.
OUTSIDE = """() => [...document.querySelectorAll(".bd-article-container *")].filter((element) => {
    if (element.getBoundingClientRect().right <= innerWidth + 1) return false;
    for (let box = element.parentElement; !box.matches(".bd-article-container"); box = box.parentElement) {
        if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return false;
    }
    return true;
}).map((element) => element.outerHTML.slice(0, 100))"""


def problems(page: Page, folder: Path, name: str) -> list[str]:
    """What is wrong with the pages of this name in a folder."""
    found: list[str] = []
    where = ""
    page.on("pageerror", lambda error: found.append(f"{where}: {error}"))
    page.on("console", lambda said: found.append(f"{where}: {said.text}") if said.type == "error" else None)
    page.on("request", lambda asked: found.append(f"{where}: asks {asked.url}") if is_away(asked.url) else None)
    for path in filter(is_looked_at, sorted(path.relative_to(folder) for path in folder.rglob(name))):
        where = path.as_posix()
        page.goto((folder / path).as_uri(), wait_until="load")
        found += [f"{where}: this sticks out: {element}" for element in page.evaluate(OUTSIDE)[:1]]
    return found


def is_away(address: str) -> bool:
    return not address.startswith(("file:", "data:", "blob:"))


def is_looked_at(path: Path) -> bool:
    """All but the exported network, which has tests of its own, and the source files: one of them is like the other."""
    return path.parts[0] not in ("cnn.html", "lesson.html", "search.html", "_static", "source") or path.stem == "dense"


def use(page: Page, folder: Path) -> None:
    """Search for something, and find the network on the front page."""
    page.goto(f"{(folder / 'search.html').as_uri()}?q=dropout")
    expect(page.locator("#search-results li a").first).to_have_text("Dropout")
    page.goto((folder / "index.html").as_uri())
    expect(page.frame_locator("iframe").get_by_text("Draw a digit, or drop a photo.")).to_be_visible()


def main() -> int:
    folder, found = Path(sys.argv[1]).resolve(), []
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not browser:
        print("no Chromium on the PATH: nobody has looked at the pages")
        return 1 if os.environ.get("GLASSNET_REQUIRE_BROWSER") else 0
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser)
        for width, name in LOOKS:
            page = chromium.new_page(viewport={"width": width, "height": 900})
            found += [f"{problem} ({width} pixels wide)" for problem in problems(page, folder, name)]
        use(chromium.new_page(), folder)
        chromium.close()
    print("\n".join(found) or f"{folder / 'index.html'}: the pages look right")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
