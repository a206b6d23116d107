"""Pages in a real browser: these tests need Playwright, axe-core and Chromium, and are collected only where they are installed.
The modules of a page are tested by node's own test runner, where that is installed.

The environment variable CHROMIUM may name the browser; else it is that of the system, or the one that ``playwright install chromium``
has installed.
"""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = "playwright", "axe_core_python"


def chromium():
    """The path of Chromium, or None."""
    named = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if named or find_spec("playwright") is None:
        return named
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


MISSING = [name for name in PACKAGES if find_spec(name) is None] + ["Chromium"] * (chromium() is None)
NODE = shutil.which("node")
collect_ignore_glob = ["test_playground_*.py", "test_trace_*.py"] if MISSING else []
collect_ignore = [] if NODE else ["test_page_modules.py"]


def pytest_report_header(config):
    return _words()


def pytest_terminal_summary(terminalreporter):
    if MISSING or not NODE:
        terminalreporter.write_line(_words())


def _words():
    modules = "" if NODE else "; the modules of the pages are not tested: node is not installed"
    if MISSING:
        return f"pages are not opened: {' and '.join(MISSING)} not installed; nox -s browser installs them{modules}"
    return f"pages are opened in {chromium()}{modules}"


@pytest.fixture(
    scope="module"
)  # while it is open, an event loop runs in this thread, and tests elsewhere start their own
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def playground():
    from playgrounds import Playground

    with pytest.MonkeyPatch.context() as patch:
        served = Playground(patch)
        yield served
        served.close()


@pytest.fixture
def visit(browser, playground):
    """Open the page of the playground; after the test, there were no errors, and nothing was loaded from elsewhere."""
    from playgrounds import Opened, hashed

    contexts, messages, requests = [], [], []

    def open_(*configurations, width=1280, height=900, **options):
        contexts.append(
            browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **options)
        )
        contexts[-1].set_default_timeout(10_000)
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        opened = Opened(playground, page)
        page.goto(playground.address + (hashed(*configurations) if configurations else ""))
        opened.until(lambda: len(opened.sessions) == max(1, len(configurations)) and opened.run)
        page.locator("#take-along section").wait_for()  # the last part of the page that is loaded
        return opened

    yield open_
    for context in contexts:
        context.close()
    assert messages == []
    home = playground.address.split("?")[0]
    assert [each for each in requests if not each.startswith((home, "blob:", "data:"))] == []
