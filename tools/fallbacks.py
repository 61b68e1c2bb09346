"""Draw the pictures that stand for an explorable where no script runs.

``python tools/fallbacks.py`` opens each explorable in a browser and keeps one of its pictures in
book/explorables/fallback, as SVG with the colours of a light page.
"""

import importlib.util
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXPLORABLES = ROOT / "book/explorables"
FOLDER = EXPLORABLES / "fallback"
# the picture: the explorable's tag and attributes, and which of its pictures
PICTURES = {
    "cells": ('<cone-explorer panels="cells" probe="33"></cone-explorer>', 0),
    "cones": ("<cone-explorer></cone-explorer>", 0),
    "dual": ('<cone-explorer panels="cells dual"></cone-explorer>', 1),
}
PAGE = """<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">
<title>Pictures</title>
<script type="module" src="index.mjs"></script><body><main>{}</main></body></html>"""
# What the browser takes from the style sheet is written into the picture.
AS_FILE = r"""
(picture) => {
  const style = getComputedStyle(picture);
  const copy = picture.cloneNode(true);
  for (const e of copy.querySelectorAll('[fill=transparent], .ring, [visibility=hidden]'))
    e.remove();
  for (const e of [copy, ...copy.querySelectorAll('*')])
    for (const {name} of [...e.attributes])
      if (/^(aria-|role|tabindex|class|visibility)/.test(name)) e.removeAttribute(name);
  const colour = (_, name) => style.getPropertyValue(name).trim();
  const round = (number) => String(Math.round(number * 100) / 100);
  const inside = copy.innerHTML.replace(/var\((--[a-z]+)\)/g, colour)
    .replace(/-?\d+\.\d+(?=[^<>]*>)/g, round);
  const [x, y, width, height] = copy.getAttribute('viewBox').split(' ');
  const look = `text{font:12px sans-serif;fill:${colour(0, '--ink')}}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x} ${y} ${width} ${height}" `
    + `width="${1.2 * width}" height="${1.2 * height}"><style>${look}</style>`
    + `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="#fff"/>${inside}</svg>\n`;
}
"""


def load_serving():
    """The browser of the tests: one place knows where to find it and how to start it."""
    spec = importlib.util.spec_from_file_location("serving", ROOT / "tests/site/serving.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def picture(page, address, markup, number):
    """The SVG text of one picture of an explorable, drawn in a browser's page."""
    page.route("**/fallbacks.html", lambda route: route.fulfill(
        body=PAGE.format(markup), content_type="text/html"))  # fmt: skip
    page.goto(f"{address}/fallbacks.html")
    page.wait_for_selector(".explorable svg")
    text = page.locator(".explorable svg").nth(number).evaluate(AS_FILE)
    page.unroute("**/fallbacks.html")
    return re.sub(r"></(circle|line|path|rect)>", "/>", text)


def main():
    from playwright.sync_api import sync_playwright

    site = load_serving()
    path = site.find_browser()
    if path is None:
        sys.exit(site.WHERE)
    FOLDER.mkdir(exist_ok=True)
    with site.serve(EXPLORABLES) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=site.FLAGS)
        page = browser.new_page()
        for name, (markup, number) in PICTURES.items():
            (FOLDER / f"{name}.svg").write_text(picture(page, address, markup, number))
        browser.close()


if __name__ == "__main__":
    main()
