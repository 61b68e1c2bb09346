"""The built site, served on this machine, and a browser, once per test process."""

import os

import pytest

from serving import FLAGS, HTML, WHERE, find_browser, serve


@pytest.fixture(scope="session")
def address():
    """The address of the built site on this machine."""
    if not (HTML / "index.html").exists():
        pytest.fail("the site is not built: run `make book`")
    with serve(HTML) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    path = find_browser()
    if path is None:
        if os.environ.get("RELUCONES_REQUIRE_BROWSER", "0") not in {"", "0"}:
            pytest.fail(f"RELUCONES_REQUIRE_BROWSER is set, but {WHERE}")
        pytest.skip(WHERE)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
