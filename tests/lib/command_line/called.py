"""The command line in this process, and what it prints."""

import re

from relucones.__main__ import main


def number(pattern, text):
    return float(re.search(pattern, text).group(1))


def certify(capsys, *arguments, lam="0.5", status=0):
    """Standard output and the error stream of `certify`."""
    assert main(["certify", *map(str, arguments), "--lam", lam]) == status
    return capsys.readouterr()
