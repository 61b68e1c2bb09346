"""Pages at old addresses that lead to the new ones, from book/moved.yml.

The address bar of a reader follows, the part after # included; without JavaScript the page itself
leads on, and a search engine is told which address counts.
"""

import os
from html import escape
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>This page has moved</title>
<link rel="canonical" href="{target}">
<meta name="robots" content="noindex">
<script>location.replace("{target}" + location.hash)</script>
<meta http-equiv="refresh" content="0; url={target}">
</head>
<body>
<main><h1>This page has moved</h1><p><a href="{target}">Go to its new place</a></p></main>
</body>
</html>
"""


def moved():
    """Old address -> new one, as in book/moved.yml."""
    return yaml.safe_load((ROOT / "book/moved.yml").read_text(encoding="utf-8"))


def write(html, addresses=None):
    """Write a page that leads on for each old address below the folder `html`."""
    for old, new in (addresses or moved()).items():
        source, target = html / f"{old}.html", html / f"{new}.html"
        if not target.exists():
            raise SystemExit(f"book/moved.yml: there is no page {new}, to which {old} should lead")
        if source.exists() and 'http-equiv="refresh"' not in source.read_text(encoding="utf-8"):
            raise SystemExit(f"book/moved.yml: {old} is a page, and does not lead elsewhere")
        source.parent.mkdir(parents=True, exist_ok=True)
        link = Path(os.path.relpath(target, source.parent)).as_posix()
        source.write_text(PAGE.format(target=escape(link)), encoding="utf-8")
