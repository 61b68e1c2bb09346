"""A browser and a local server for the built site."""

import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HTML = Path(__file__).resolve().parents[2] / "_build/html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_BROWSER = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# No sandbox, since containers and root have none; no calls home.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
WHERE = "no Chromium or Chrome found: install one (Debian: apt-get install chromium) or name it in RELUCONES_BROWSER"


def find_browser():
    named = os.environ.get("RELUCONES_BROWSER")
    found = [named] if named else [shutil.which(name) for name in BROWSERS] + [MAC_BROWSER]
    return next((path for path in found if path and Path(path).exists()), None)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextmanager
def serve(folder):
    """Serve a folder on this machine, at a free port; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


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
