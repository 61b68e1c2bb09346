"""A word on the error stream while something takes longer than two seconds."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATIENCE = 2.0  # seconds of silence
_EVERY = {True: 1.0, False: 60.0}  # seconds between two words, on a terminal and elsewhere


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say `what` and for how long while the block runs: one line that counts on a terminal."""
    stream = sys.stderr
    if stream is None:
        yield
        return
    done = threading.Event()
    on_terminal = stream.isatty()
    start = time.monotonic()

    def speak():
        wait = PATIENCE
        with suppress(OSError, ValueError):  # nobody reads the error stream, or it is closed
            while not done.wait(wait):
                line = f"relucones: {what}, {time.monotonic() - start:.0f} s"
                print(f"\r{line}" if on_terminal else line, end="" if on_terminal else "\n",
                      file=stream, flush=True)  # fmt: skip
                wait = _EVERY[on_terminal]
            if on_terminal and time.monotonic() - start > PATIENCE:
                print(f"\r{' ' * (len(what) + 24)}\r", end="", file=stream, flush=True)

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield
    finally:
        done.set()
        speaker.join()
