"""The command line: ``relucones certify data.csv --lam 0.01``, or ``python -m relucones ...``.

Nothing slow is imported here, so that an interrupt is met from the first moment.
"""

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress

STOPPED, NO_READER, UNWRITABLE = 130, 141, 2  # as a shell says of SIGINT and of SIGPIPE


def main(arguments: "list[str] | None" = None) -> int:
    """Run the command line and return its exit status.

    0: certified; 1: the gap stays open, or the network given is no global minimum; 2: bad input,
    with one line that says what is wrong with it; 3: a fault of this program; 130: interrupted.
    With the reader of a pipe gone, it ends quietly.
    """
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        with suppress(OSError):
            print("relucones: stopped", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        _give_up_output()
        return NO_READER
    except OSError as error:
        _give_up_output()
        with suppress(OSError):
            print(f"relucones: the output cannot be written: {error.strerror}", file=sys.stderr)
        return UNWRITABLE


def _run(arguments):
    with _ended_by_interrupt():
        from .command_line.options import parsed

        options = parsed(arguments)
        from .command_line.commands import run  # slow: numpy, scipy and what they bring
    return run(options)


@contextmanager
def _ended_by_interrupt():
    """While there is nothing to lose: an interrupt, even of an import, is one line and the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        with suppress(OSError):
            os.write(2, b"relucones: stopped\n")
        os._exit(STOPPED)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _give_up_output():
    """Send what is still buffered nowhere, so that Python does not try it again when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
