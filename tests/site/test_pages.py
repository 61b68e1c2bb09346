"""Every built page in a real browser: wide, on a phone, in the dark, and with the keyboard.

One visit per page and view; a visit collects all findings, so that a failure lists them together.
"""

import json
from pathlib import Path

import axe_playwright_python
import pytest
import yaml

from serving import HTML, serve

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
# Pages that the theme and the extensions write: search results, indices; and those that only lead
# to the new address of a page.
GENERATED = {"search.html", "genindex.html", "prf-prf.html", "index.html"}
GENERATED |= {f"{old}.html" for old in yaml.safe_load((ROOT / "book/moved.yml").read_text())}
PAGES = sorted(
    str(p.relative_to(HTML))
    for p in HTML.glob("**/*.html")
    if "_static" not in p.parts and str(p.relative_to(HTML)) not in GENERATED
)

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

# What axe-core finds in the theme's and the extensions' own markup: rule, part of the HTML it
# points at, reason.  Anything else is a failure.
AXE_BASELINE = [
    ("aria-deprecated-role", "doc-biblioentry", "entries of sphinxcontrib-bibtex"),
    ("aria-required-children", 'role="list"', "list of sphinxcontrib-bibtex"),
    ("aria-allowed-role", "doc-biblioentry", "entries of sphinxcontrib-bibtex"),
    ("region", "sidebar-primary-item", "sidebar of sphinx-book-theme outside the landmarks"),
]

FORMULAS = r"""
async () => {
  const findings = [];
  const math = [...document.querySelectorAll('span.math, div.math')];
  if (math.length && !window.MathJax) return ['MathJax was not loaded'];
  if (math.length) await MathJax.startup.promise;
  const containers = document.querySelectorAll('mjx-container');
  if (containers.length !== math.length)
    findings.push(`${math.length} formulas, ${containers.length} of them typeset`);
  for (const bad of document.querySelectorAll('mjx-merror, [data-mjx-error]'))
    findings.push('TeX error: ' + (bad.getAttribute('data-mjx-error') || bad.textContent));
  for (const text of document.querySelectorAll('mjx-assistive-mml mtext, mjx-assistive-mml merror'))
    if (text.textContent.includes('\\')) findings.push('unknown macro ' + text.textContent);
  const walker = document.createTreeWalker(document.querySelector('article, main, body'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest('script, style, pre, code, mjx-container, svg, textarea')) continue;
    if (/\\[(\[)\]]|\$[^$\s][^$]*\$|\\(frac|begin|sum|lambda|sigma|ldots|mathbb|text)\b/.test(node.data))
      findings.push('raw TeX: ' + node.data.trim().slice(0, 80));
  }
  return findings;
}
"""

PICTURES = r"""
async (dark) => {
  const findings = [];
  for (const image of document.querySelectorAll('article img')) {
    const name = image.getAttribute('src').slice(0, 60);
    const alt = (image.getAttribute('alt') || '').trim();
    if (!image.loading || image.loading !== 'lazy') { try { await image.decode(); } catch (e) { } }
    if (image.checkVisibility() && image.complete && image.naturalWidth === 0)
      findings.push('picture does not load: ' + name);
    if (alt.length < 10 || /\.(png|svg|jpe?g)$|_images\//.test(alt))
      findings.push(`picture without alt text: ${name} (${alt})`);
    if (dark && image.closest('.cell_output') && image.checkVisibility()) {
      const style = getComputedStyle(image);
      if (!style.filter.includes('invert(1)') || style.mixBlendMode !== 'screen')
        findings.push('dark page, picture on its light ground: ' + name);
    }
  }
  return findings;
}
"""

SIDEWAYS = r"""
() => {
  const root = document.scrollingElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const inside = (e) => {  // in a box that scrolls by itself
    for (let p = e.parentElement; p && p !== root; p = p.parentElement)
      if (/auto|scroll|hidden/.test(getComputedStyle(p).overflowX)) return true;
    return false;
  };
  const wide = [...document.querySelectorAll('article *')]
    .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1 && !inside(e))
    .slice(0, 5).map((e) => e.outerHTML.slice(0, 100));
  return [`page scrolls sideways by ${root.scrollWidth - root.clientWidth} px: ${wide.join(' | ')}`];
}
"""

# Formulas and coloured code are thousands of elements, for which MathJax and the high-contrast code
# style of the theme answer: each becomes plain text, or axe takes a minute for a page.
FLATTEN = """
() => {
  for (const formula of document.querySelectorAll('mjx-container')) formula.replaceWith('formula');
  for (const code of document.querySelectorAll('.highlight pre')) code.textContent = code.textContent;
}
"""

# Without preload: fetching style sheets again, axe gets their relative addresses wrong.
AXE_RUN = """
async (rules) => {
  const options = {resultTypes: ['violations'], preload: false};
  if (rules) options.runOnly = rules;
  const result = await axe.run(document, options);
  return result.violations.flatMap((v) => v.nodes.map((n) => [v.id, n.html, (n.failureSummary || '')]));
}
"""


# What the theme's own button does; then the time that its transitions take.
SET_THEME = """
async (theme) => {
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.mode = theme;
  await new Promise((done) => setTimeout(done, 300));
}
"""


def axe_findings(page, rules=None):
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    for rule, html, summary in page.evaluate(AXE_RUN, rules):
        if not any(rule == known and part in html for known, part, _ in AXE_BASELINE):
            yield f"axe {rule}: {html[:150]} -- {summary[:200]}"


def report(name, findings):
    assert not findings, "\n".join([f"{name}: {len(findings)} findings", *dict.fromkeys(findings)])


def test_there_are_pages(address):
    assert PAGES


@pytest.mark.parametrize("name", PAGES)
def test_page(visit, name):
    page, findings = visit(name, WIDE)
    findings += page.evaluate(FORMULAS)
    findings += page.evaluate(PICTURES, False)
    page.set_viewport_size(PHONE)
    findings += [f"phone: {f}" for f in page.evaluate(SIDEWAYS)]
    page.set_viewport_size(WIDE)
    page.evaluate(FLATTEN)
    findings += axe_findings(page)

    page.evaluate(SET_THEME, "dark")
    findings += [f"dark: {f}" for f in page.evaluate(PICTURES, True)]
    findings += [f"dark: {f}" for f in axe_findings(page, ["color-contrast"])]
    report(name, findings)


def test_dark_mode_of_the_system_is_followed(visit):
    page, findings = visit(PAGES[0], WIDE, dark=True)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    findings += page.evaluate(FORMULAS)
    report(PAGES[0], findings)


# What a slider shows: its pictures and texts as they appear, without those that are hidden.
SHOWN = """
(slider) => {
  const box = slider.closest('.cell_output');
  const seen = [...box.querySelectorAll('img, svg, [role=img], output, figcaption, p')]
    .filter((e) => e.checkVisibility()).map((e) => e.outerHTML);
  return JSON.stringify(seen);
}
"""


def slider_findings(page):
    findings = []
    for slider in page.query_selector_all("article input[type=range]"):
        slider.scroll_into_view_if_needed()
        slider.evaluate("(s) => s.closest('frame-slider')?.load().then(() => 0)")
        slider.focus()
        page.keyboard.press("Home")
        first, value = slider.evaluate(SHOWN), slider.input_value()
        page.keyboard.press("ArrowRight")
        second = slider.evaluate(SHOWN)
        if slider.input_value() == value:
            findings.append("an arrow key does not move the slider")
        if not json.loads(first) or first == second:
            findings.append("an arrow key does not change the picture")
        page.keyboard.press("ArrowLeft")
        if slider.evaluate(SHOWN) != first:
            findings.append("the way back shows another picture")
    return findings


@pytest.mark.parametrize(
    "name", [p for p in PAGES if "<frame-slider" in (HTML / p).read_text(encoding="utf-8")]
)
def test_sliders_by_keyboard(visit, name):
    page, findings = visit(name, WIDE)
    if not page.query_selector("frame-slider input[type=range]"):
        findings.append("a slider without its control")
    report(name, findings + slider_findings(page))


@pytest.mark.parametrize("name", sorted(name for name in GENERATED if (HTML / name).exists()))
def test_generated_pages_stay_here(visit, name):
    _, findings = visit(name, WIDE)
    report(name, [f for f in findings if "another host" in f or f.startswith("4")])


BAD_PAGE = r"""<!doctype html><html lang="en" data-theme="light"><head><title>Bad</title></head><body><main><article>
<h1>Bad</h1>
<p>Left over: $x^2$ and \lambda.</p>
<p>Not typeset: <span class="math">\(x\)</span></p>
<p style="color: #777; background: #888">Hard to read.</p>
<img src="http://elsewhere.invalid/picture.png" alt="A picture from another host">
<img src="missing.png" alt="bad_picture.png">
<div style="width: 900px">Wider than a phone.</div>
<div class="cell_output"><label>Step <input type="range" min="0" max="3" value="0"></label><p>Never changes</p></div>
<script>missing_function()</script>
</article></main></body></html>"""


def test_checks_bite(visit, tmp_path):
    """A page with one defect of each kind, and a finding for each of them."""
    (tmp_path / "bad.html").write_text(BAD_PAGE)
    with serve(tmp_path) as address:
        page, findings = visit("bad.html", WIDE, address=address)
        findings += page.evaluate(FORMULAS)
        findings += page.evaluate(PICTURES, False)
        findings += axe_findings(page)
        findings += slider_findings(page)
        page.set_viewport_size(PHONE)
        findings += page.evaluate(SIDEWAYS)
    text = "\n".join(findings)
    for expected in (
        "MathJax was not loaded",
        "asks another host",
        "404",
        "missing_function",
        "without alt text",
        "does not load",
        "axe color-contrast",
        "sideways",
        "does not change the picture",
    ):
        assert expected in text, f"{expected!r} not in\n{text}"
    # With MathJax at hand, what it left over is named.
    page.evaluate("window.MathJax = {startup: {promise: Promise.resolve()}}")
    left = "\n".join(page.evaluate(FORMULAS))
    assert "1 formulas, 0 of them typeset" in left
    assert "raw TeX: Left over" in left
