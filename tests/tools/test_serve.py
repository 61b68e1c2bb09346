"""The local server: a port in use and an interrupt are one line each."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

SERVE = Path(__file__).resolve().parents[2] / "tools/serve.py"


def test_a_port_in_use_is_told():
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, SERVE, str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert (
        done.stderr == f"serve: port {port} is in use; take another: make serve PORT={port + 1}\n"
    )


@pytest.mark.parametrize("port", ["-1", "70000"])
def test_a_number_that_is_no_port_is_told(port):
    done = subprocess.run(
        [sys.executable, SERVE, "--", port], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"serve: port {port} cannot be used")
    assert done.stderr.count("\n") == 1


def test_it_serves_until_it_is_interrupted():
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, SERVE, "0"], **streams) as process:
        address = process.stdout.readline().split()[4]
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{address}/no-such-page.html", timeout=30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "serve: stopped" in out
    assert "Traceback" not in err
