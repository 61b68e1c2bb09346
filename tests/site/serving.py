"""Where the built site lies, a server for it, and a browser to open it in."""

import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HTML = Path(__file__).resolve().parents[2] / "_build/html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_BROWSER = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# No sandbox, since containers and root have none; no calls home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
WHERE = (
    "no Chromium or Chrome found: install one (Debian: apt-get install chromium) "
    "or name it in RELUCONES_BROWSER"
)


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
