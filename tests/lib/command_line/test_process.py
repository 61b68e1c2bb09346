"""The command line as a process: waiting, pipes, full disks, interrupts."""

import io
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from relucones.command_line import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_a_word_while_something_takes_long(stream, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    monkeypatch.setattr(progress, "_EVERY", {True: 0.05, False: 10})
    monkeypatch.setattr("sys.stderr", stream())
    with progress.progress("solving"):
        pass
    assert sys.stderr.getvalue() == ""
    with progress.progress("solving"):
        time.sleep(0.3)
    said = sys.stderr.getvalue()
    if stream is Terminal:
        assert said.count("\rrelucones: solving, 0 s") > 2
        assert said.endswith(" \r")  # wiped out
    else:
        assert said == "relucones: solving, 0 s\n"


def test_as_a_user_starts_it(table):
    def start(*arguments):
        command = [sys.executable, "-m", "relucones", "certify", *arguments, "--lam", "0.5"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    done = start(str(table), "--standardise")
    assert done.returncode == 0, done.stderr
    assert "is the global minimum over every width" in done.stdout
    assert done.stderr == ""
    failed = start("nowhere.csv")
    assert failed.returncode == 2
    assert (
        failed.stderr
        == "relucones: nowhere.csv cannot be read as a CSV file: No such file or directory\n"
    )


PROGRAM = [sys.executable, "-m", "relucones"]


def shell(command, **options):
    script = f'"{sys.executable}" -m relucones {command}'
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_a_closed_pipe_ends_quietly(table):
    done = shell(f"certify {table} --lam 0.5 | head -1; echo ${{PIPESTATUS[0]}}")
    assert done.stdout.startswith("data ")
    assert done.stdout.splitlines()[-1] in (
        "0",
        "141",
    )  # 0 where all was written before the reader left
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("options", ["", "--json"])
def test_a_full_disk_is_told(table, options):
    done = shell(f"certify {table} --lam 0.5 {options} > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "relucones: the output cannot be written: No space left on device\n"


def test_closed_streams_are_no_fault(table):
    done = shell(f"certify {table} --lam 0.5 >&-")
    assert (done.returncode, done.stderr) == (0, "")
    assert shell("certify nowhere.csv --lam 0.5 2>&-").returncode == 2


@pytest.mark.parametrize("delay", [0.15, 0.5, 1.5, 4.0])
def test_an_interrupt_at_any_time_is_one_line(tmp_path, delay):
    np.savetxt(
        tmp_path / "t.csv", np.random.default_rng(0).standard_normal((200, 4)), delimiter=","
    )
    command = [*PROGRAM, "certify", str(tmp_path / "t.csv"), "--lam", "1e-4"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert [line for line in err.splitlines() if not re.search(r", \d+ s$", line)] == [
        "relucones: stopped"
    ]  # but for progress
    assert process.returncode == 130
