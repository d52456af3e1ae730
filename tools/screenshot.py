"""Take the picture of the page that stands in the README.

    python tools/screenshot.py

Needs the real MNIST, Chromium, and the environment that `make test` makes. Trains `classic` in the page for two epochs,
draws a 3, and says what the right digit is.
"""

import io
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "page.png"
THREE = [(0.3, 0.2), (0.5, 0.14), (0.68, 0.25), (0.45, 0.48), (0.65, 0.55), (0.7, 0.72), (0.5, 0.86), (0.28, 0.78)]


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    box = page.get_by_label("Drawing", exact=True).bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def take(address: str) -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1280, "height": 1290}, color_scheme="light")
        page.goto(address)
        for epoch in (1, 2):
            page.get_by_role("button", name="Epoch", exact=True).click()
            expect(page.get_by_role("status", name="Where the training is")).to_contain_text(
                f"step {430 * epoch:,} of", timeout=60_000
            )
        draw(page, THREE)
        page.get_by_label("The right digit").select_option("3")
        expect(page.get_by_text("The loss for the right digit 3")).to_be_visible()
        page.mouse.move(1, 1)
        page.wait_for_timeout(500)
        seen = page.screenshot()
        browser.close()
    with Image.open(io.BytesIO(seen)) as image:
        image.convert("RGB").quantize(200).save(PICTURE, optimize=True)  # a third of the bytes


def main() -> None:
    command = [sys.executable, "-m", "glassnet", "page", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            take(server.stdout.readline().strip())
        finally:
            server.terminate()
    print(f"{PICTURE.relative_to(Path.cwd()) if PICTURE.is_relative_to(Path.cwd()) else PICTURE}")


if __name__ == "__main__":
    main()
