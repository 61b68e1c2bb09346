"""The form of the built pages: weight, order, folds, paper, phones, fields and quizzes."""

import base64
import re
from functools import cache

import pytest
from bs4 import BeautifulSoup

from relucones_book.answers import answers
from serving import HTML
from test_pages import PAGES, PHONE, WIDE, axe_findings, report

MAX_WEIGHT = 1_500_000  # bytes that a page loads, without MathJax and explorables
CHAPTERS = [name for name in PAGES if re.match(r"book/part\d/", name)]
NOTEBOOKS = [name for name in PAGES if re.match(r"book/(part\d|measure)/", name)]
PICTURE = re.compile(r"img|frame-slider|svg|cone-explorer")
TYPED_TRUTH = re.compile(r"\b(your|true) value\b", re.IGNORECASE)


@cache
def soup(name):
    return BeautifulSoup((HTML / name).read_text(encoding="utf-8"), "html.parser")


def article(name):
    return soup(name).find("article")


@pytest.fixture(autouse=True)
def built(address):
    """Fails with one clear line where the site is not built."""


# ---------------------------------------------------------------------------------------------
# What stands in the HTML


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_first_picture_stands_before_the_first_visible_code(name):
    for element in article(name).find_all(True):
        if PICTURE.fullmatch(element.name) and element.find_parent("a") is None:
            return
        if "cell_input" in element.get("class", []) and element.find_parent("details") is None:
            pytest.fail(f"code before a picture: {element.get_text()[:80]!r}")
    pytest.fail("no picture")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_cell_shows_nothing(name):
    for cell in article(name).select("div.cell"):
        assert cell.find(class_=["cell_input", "cell_output"]), str(cell)[:200]
        output = cell.find(class_="cell_output")
        assert output is None or output.get_text(strip=True) or output.find(PICTURE)
        shown = output.get_text() if output else ""
        assert not re.search(r"\b(SelectionSlider|VBox|Output|interactive)\(", shown), shown[:200]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_truth_is_printed(name):
    for element in article(name).find_all(class_=["cell_output", "cell_input"]):
        assert not TYPED_TRUTH.search(element.get_text()), element.get_text()[:200]


@pytest.mark.parametrize("name", PAGES)
def test_scripts_stand_in_the_head_and_once(name):
    assert not article(name).find_all("script")
    inline = [s.string for s in soup(name).find_all("script") if s.string]
    assert len(inline) == len(set(inline))
    assert not [s for s in inline if "THEBE" in s or "widget-state" in s]
    sources = [s["src"].split("?")[0] for s in soup(name).find_all("script", src=True)]
    assert len(sources) == len(set(sources))
    assert any(source.endswith("/page.mjs") for source in sources)


@pytest.mark.parametrize("name", PAGES)
def test_ids_stand_once(name):
    ids = [element["id"] for element in soup(name).find_all(id=True)]
    assert not [i for i in set(ids) if ids.count(i) > 1]


@pytest.mark.parametrize("name", PAGES)
def test_folds_are_details(name):
    assert not article(name).select("div.dropdown.admonition, .toggle")
    for fold in article(name).find_all("details"):
        assert fold.find("summary", recursive=False), str(fold)[:200]


@pytest.mark.parametrize("name", [*PAGES, "index.html"])
def test_what_others_see_of_a_page(name):
    head = soup(name).head
    about = head.find("meta", attrs={"name": "description"})["content"]
    assert 50 <= len(about) <= 220
    assert "\\" not in about
    tags = {m["property"]: m["content"] for m in head.find_all("meta", property=True)}
    assert tags["og:title"]
    assert not re.match(r"\d", tags["og:title"])
    assert tags["og:image"].endswith("/_static/preview.png")
    assert (HTML / "_static/preview.png").exists()
    icon = head.find("link", rel="icon")["href"]
    assert (HTML / name).parent.joinpath(icon.split("?")[0]).exists()


def test_descriptions_tell_pages_apart():
    about = [soup(n).head.find("meta", attrs={"name": "description"})["content"] for n in CHAPTERS]
    assert len(set(about)) == len(about)


def test_unused_icons_are_gone():
    static = HTML / "_static"
    assert not (static / "scripts/fontawesome.js").exists()
    fonts = list(static.glob("vendor/fontawesome/webfonts/*"))
    assert fonts
    assert sum(path.stat().st_size for path in fonts) < 20_000
    for name in PAGES:
        assert not soup(name).select('i[class*="fa-"]')


# ---------------------------------------------------------------------------------------------
# In a browser


def loaded(page):
    """Bytes by address, of all that a page has loaded."""
    got = {}

    def count(answer):
        if answer.ok and not answer.url.startswith(("data:", "blob:")):
            got[answer.url] = len(answer.body())

    page.on("response", count)
    return got


@pytest.mark.parametrize("name", PAGES)
def test_weight(visit, name):
    page, findings = visit(name, WIDE)
    got = loaded(page)
    page.reload(wait_until="load")
    page.evaluate("window.MathJax ? MathJax.startup.promise.then(() => 0) : 0")
    ours = {u: n for u, n in got.items() if "mathjax" not in u and "explorable" not in u}
    heaviest = sorted(ours.items(), key=lambda item: -item[1])[:6]
    if sum(ours.values()) > MAX_WEIGHT:
        findings.append(f"weighs {sum(ours.values()):,} bytes: {heaviest}")
    assert len(ours) > 5
    report(name, findings)


# Outputs, formulas and tables that are cut, with what tells a reader that they scroll.
CUT = r"""
async (cue) => {
  await MathJax?.startup?.promise;
  await new Promise((done) => setTimeout(done, 200));
  const findings = [];
  const boxes = 'div.cell_output .output, div.cell_output pre, .wide-table, .figure-box, '
    + 'div.math mjx-container, .pst-scrollable-table-container, article table';
  for (const box of document.querySelectorAll(boxes)) {
    if (!box.checkVisibility() || box.scrollWidth <= box.clientWidth + 2) continue;
    const overflow = getComputedStyle(box).overflowX;
    const name = box.textContent.trim().slice(0, 60);
    if (!cue) findings.push(`${box.scrollWidth} px in ${box.clientWidth}: ${name}`);
    else if (/hidden|clip/.test(overflow)) findings.push(`cut without a way: ${name}`);
    else if (/auto|scroll/.test(overflow) && !box.dataset.scrolls)
      findings.push(`scrolls without saying so: ${name}`);
  }
  return findings;
}
"""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_output_is_cut_on_a_wide_page(visit, name):
    page, findings = visit(name, {"width": 1300, "height": 900})
    page.evaluate("window.MathJax ??= {}; 0")
    # formulas may scroll in the narrow column, outputs may not
    cut = page.evaluate(CUT.replace("div.math mjx-container, ", ""), False)
    report(name, findings + [f"1,300 px: {f}" for f in cut])


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_what_scrolls_says_so(visit, name):
    page, findings = visit(name, PHONE)
    page.evaluate("window.MathJax ??= {}; 0")
    report(name, findings + [f"phone: {f}" for f in page.evaluate(CUT, True)])


@pytest.mark.parametrize("name", CHAPTERS)
def test_on_paper(visit, name):
    page, findings = visit(name, WIDE)
    page.emulate_media(media="print")
    for fold in page.query_selector_all("article details:not(.hide)"):
        inside = fold.query_selector(":scope > :not(summary)")
        if inside is not None and not inside.is_visible():
            findings.append(f"closed on paper: {fold.inner_text()[:60]}")
    for control in page.query_selector_all("article button, article input[type=range]"):
        if control.is_visible():
            findings.append(f"a control on paper: {control.evaluate('(c) => c.outerHTML')[:100]}")
    titles = [h for h in page.query_selector_all("h1") if h.is_visible()]
    if [bool(re.match(r"\d+\.", h.inner_text())) for h in titles] != [True]:
        findings.append(f"titles on paper: {[h.inner_text() for h in titles]}")
    report(name, findings)


@pytest.mark.parametrize("name", PAGES)
def test_without_javascript(visit, name):
    page, findings = visit(name, WIDE, java_script_enabled=False)
    for fold in page.query_selector_all("article details"):
        if not fold.is_visible():
            continue  # inside another one
        inside = fold.query_selector(":scope > :not(summary)")
        before = inside is not None and inside.is_visible()
        fold.query_selector("summary").click(position={"x": 4, "y": 4})
        if inside is not None and inside.is_visible() == before:
            findings.append(f"does not open: {fold.inner_text()[:60]}")
    for field in page.query_selector_all("answer-field"):
        if field.is_visible() and "answers.check(" not in field.inner_text():
            findings.append("an answer field without its call")
    if page.query_selector(".math") and not page.locator(".no-script").is_visible():
        findings.append("formulas as TeX, and nobody says so")
    report(name, findings)


OPEN_ALL = "document.querySelectorAll('article details').forEach((fold) => { fold.open = true; })"


@pytest.mark.parametrize("name", CHAPTERS)
def test_what_is_folded_is_accessible_too(visit, name):
    page, findings = visit(name, WIDE)
    page.evaluate("MathJax.startup.promise.then(() => 0)")
    page.evaluate(OPEN_ALL)
    for form in page.query_selector_all("answer-field form"):
        form.query_selector("input").fill("1e30")
        form.query_selector("button").click()
    for form in page.query_selector_all("quiz-box form"):
        form.query_selector("input").check()
        form.query_selector("button").click()
    page.evaluate("document.querySelectorAll('mjx-container').forEach((m) => m.replaceWith('x'))")
    report(name, findings + list(axe_findings(page)))


def pages_with(element):
    return [name for name in PAGES if f"<{element}" in (HTML / name).read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", pages_with("answer-field"))
def test_fields_know_their_answers(visit, name):
    page, findings = visit(name, WIDE)
    for field in page.query_selector_all("answer-field"):
        label = field.get_attribute("data-label")
        truth = answers()[label].truth()
        for value, expected in (
            (truth, "Right."),
            (truth + 3 * abs(truth) + 1, "Too large."),
            (truth - 3 * abs(truth) - 1, "Too small."),
        ):
            field.query_selector("input").fill(repr(value))
            field.query_selector("button").click()
            if (said := field.query_selector("output").inner_text()) != expected:
                findings.append(f"{label}: {said!r} to {value}, expected {expected!r}")
    report(name, findings)


def opened_key(sealed):
    """What relucones_book.inline.sealed closed, for a quiz."""
    mixed = base64.b64decode(sealed)
    text = bytes(b ^ b"quiz"[k % 4] ^ (31 * k + 7) % 256 for k, b in enumerate(mixed)).decode()
    return set(map(int, text.split(",")))


@pytest.mark.parametrize("name", pages_with("quiz-box"))
def test_quizzes_know_their_answers(visit, name):
    keys = [opened_key(item["data-key"]) for item in soup(name).select(".quiz-question")]
    page, findings = visit(name, WIDE)
    forms = page.query_selector_all("quiz-box form")
    assert len(forms) == len(keys)
    for form, right in zip(forms, keys, strict=True):
        choices = form.query_selector_all("input")
        wrong = next(k for k in range(len(choices)) if k not in right)
        for marked, expected in ((right, "Right."), ({wrong}, "Not so.")):
            for k, choice in enumerate(choices):
                if k in marked:
                    choice.check()
                elif choice.get_attribute("type") == "checkbox":
                    choice.uncheck()
            form.query_selector("button").click()
            said = form.query_selector(".quiz-said").inner_text()
            if said != expected or not form.query_selector(".quiz-explanation").is_visible():
                findings.append(f"{form.inner_text()[:60]!r}: {said!r}, expected {expected!r}")
    report(name, findings)


@pytest.mark.parametrize("name", [n for n in CHAPTERS if article(n).select('[href*="#term-"]')])
def test_terms_show_their_meaning(visit, name):
    page, findings = visit(name, WIDE)
    page.evaluate("MathJax.startup.promise.then(() => 0)")
    term = page.locator('article a[href*="glossary.html#term-"]').locator("visible=true").first
    term.scroll_into_view_if_needed()
    term.hover()
    card = page.locator(".term-card")
    card.wait_for(state="visible")
    if len(card.inner_text().split()) < 5:
        findings.append(f"no meaning: {card.inner_text()}")
    report(name, findings + list(axe_findings(page, ["color-contrast", "aria-tooltip-name"])))
