"""The command line in this process, and what it prints."""

import re

from relucones.__main__ import main

_PROGRESS = re.compile(r"^relucones: [^:]+, \d+ s\n", re.MULTILINE)


def number(pattern, text):
    return float(re.search(pattern, text).group(1))


def told(error_stream):
    """What stands on the error stream besides words on progress, which a slow machine adds."""
    return _PROGRESS.sub("", error_stream)


def certify(capsys, *arguments, lam="0.5", status=0):
    """Standard output and the error stream of `certify`, without words on progress."""
    assert main(["certify", *map(str, arguments), "--lam", lam]) == status
    printed = capsys.readouterr()
    return printed._replace(err=told(printed.err))
