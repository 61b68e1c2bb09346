"""The built site, served on this machine, and a browser, once per test process."""

import os

import pytest

from serving import FLAGS, HTML, WHERE, find_browser, serve

LOAD_LIMIT = 60_000  # milliseconds, for a page with all its formulas


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


@pytest.fixture
def visit(browser, address):
    """Open a page; returns (page, findings), where findings grows while the page lives."""
    contexts = []

    def open_page(name, viewport, dark=False, address=address, **options):
        context = browser.new_context(
            viewport=viewport, color_scheme="dark" if dark else "light", **options
        )
        contexts.append(context)
        mode = "dark" if dark else "light"
        context.add_init_script(
            f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')"
        )
        page, findings = context.new_page(), []

        def only_here(route):
            if route.request.url.startswith(address):
                route.continue_()
            else:
                findings.append(f"asks another host: {route.request.url[:120]}")
                route.abort()

        def console(message):
            if message.type == "error":
                findings.append(f"console: {message.text[:200]}")

        def error(exception):
            findings.append(f"script error: {str(exception)[:200]}")

        def response(answer):
            if answer.status >= 400:
                findings.append(f"{answer.status}: {answer.url}")

        context.route("**/*", only_here)
        page.on("console", console)
        page.on("pageerror", error)
        page.on("response", response)
        page.goto(f"{address}/{name}", wait_until="load", timeout=LOAD_LIMIT)
        return page, findings

    yield open_page
    for context in contexts:
        context.close()
