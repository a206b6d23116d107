"""The picture of `docs/playground.md`: ``PYTHONPATH=. python tests/docs/playground_picture.py`` takes it, with Chromium and Playwright."""

import shutil
from io import BytesIO
from pathlib import Path

from benchmarks.playground import COMMAND
from benchmarks.processes import server
from PIL import Image
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parents[2] / "docs" / "playground.png"


def main():
    with server(*COMMAND) as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 960})
        page.goto(url)
        page.locator("#take-along section").wait_for()
        page.get_by_role("combobox", name="Speed").select_option("0")
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_timeout(5000)
        page.get_by_role("button", name="Pause", exact=True).click()
        page.wait_for_timeout(1000)
        with Image.open(BytesIO(page.screenshot())) as taken:
            taken.convert("RGB").quantize(128).save(PICTURE, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
