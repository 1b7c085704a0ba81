"""What the tests of the book share: the checkout, a tiny book, the built site and a browser."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost",
]


def missing(what: str) -> None:
    """Skip with a line that says what to do; fail where the browser tests are required."""
    if os.environ.get("THEORYLAB_REQUIRE_BROWSER") == "1":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site."""
    folder = ROOT / "_build" / "html"
    if not (folder / "index.html").exists():
        missing("the site is not built; build it with: make book")
    return folder


@pytest.fixture(scope="session")
def browser():
    """One headless browser for all pages; it resolves no host but localhost."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing("no browser found; install one with: apt-get install chromium (or Google Chrome)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()
