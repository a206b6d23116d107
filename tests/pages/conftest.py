"""Pages in a real browser: these tests need Playwright, axe-core and Chromium, and are collected only where they are installed.

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
collect_ignore = ["test_trace_in_browser.py"] if MISSING else []


def pytest_report_header(config):
    return _words()


def pytest_terminal_summary(terminalreporter):
    if MISSING:
        terminalreporter.write_line(_words())


def _words():
    if MISSING:
        return f"tests/pages is left out: {' and '.join(MISSING)} not installed; nox -s browser installs them"
    return f"tests/pages runs in {chromium()}"


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()
