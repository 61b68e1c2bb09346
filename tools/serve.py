"""Show the built site on this machine: ``make serve``, ``make serve PORT=8001``."""

import argparse
import errno
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HTML = Path(__file__).resolve().parents[1] / "_build/html"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    port = parser.parse_args(arguments).port
    handler = partial(SimpleHTTPRequestHandler, directory=HTML)
    try:
        server = ThreadingHTTPServer(("localhost", port), handler)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            sys.exit(f"serve: port {port} is in use; take another: make serve PORT={port + 1}")
        reason = getattr(error, "strerror", None) or "ports are numbers from 0 to 65535"
        sys.exit(
            f"serve: port {port} cannot be used ({reason}); take another: make serve PORT=8001"
        )
    with server:
        print(f"The site is at http://localhost:{server.server_port} (end with Ctrl-C)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nserve: stopped")


if __name__ == "__main__":
    main()
