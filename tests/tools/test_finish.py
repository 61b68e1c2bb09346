"""The finishing of the pages, on one small page that has all that it mends."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>2. Two cones &#8212; Cones and Coupons</title>
<script>localStorage.getItem("mode") || "";</script>
<script src="../_static/scripts/fontawesome.js?digest=1"></script>
<script>const THEBE_JS_URL = "https://unpkg.com/thebe";</script>
<script>const THEBE_JS_URL = "https://unpkg.com/thebe";</script>
<script async src="../_static/sphinx-thebe.js"></script>
<script>let toggleHintShow = 'Click to show';</script>
<script src="../_static/togglebutton.js"></script>
<link rel="stylesheet" href="../_static/togglebutton.css">
<script src="../_static/doctools.js"></script>
<script type="application/vnd.jupyter.widget-state+json">{"state": {}}</script>
</head><body data-default-mode="">
<div class="onlyprint" id="jb-print-docs-body"><h1>Two cones</h1></div>
<i class="fas fa-pencil-alt"></i><i class="fab fa-github"></i><i class="fa-solid fa-not-there"></i>
<i class="theme-switch fa-solid fa-moon fa-lg" data-mode="dark" title="Dark"></i>
<article class="bd-article"><h1>Two cones</h1>
<p>With $x$ it is <span class="math">\\(x \\le 1\\)</span> in a first sentence of some length.</p>
<p>Which of the settings can a neuron reach? Ten of thirty-two. A third <b>sentence</b>.</p>
<p><a href="#../part1/01_a.ipynb#b">One</a> <a href="#sol-1">here</a></p>
<pre>a &lt; b &amp;&amp; c   d
  e</pre>
<div class="solution dropdown admonition" id="sol-1">
<p class="admonition-title">Solution <a href="#ex">to 1</a></p>
<section id="solution-content"><p>Yes.</p></section></div>
<div class="proof admonition" id="proof"><p>Proof.</p></div>
<div class="proof admonition" id="proof"><p>Proof.</p></div>
<div class="admonition tip"><p class="admonition-title">Tip</p></div>
<div class="cell"><details class="admonition hide above-input"><summary aria-label="Toggle hidden
content"><p>Show</p></summary><pre>quiz(question("a", right="b"))</pre></details>
<div class="cell_output"><quiz-box></quiz-box></div></div>
<div class="cell"><details class="admonition hide above-input"><summary>Show</summary>
<pre>first = question("a", right="b")</pre></details></div>
<div class="cell"><div class="cell_output"><frame-slider data-frames="eJw="></frame-slider>
<script data-notebook>{class FrameSlider {}}</script></div></div>
<script type="text/x-thebe-config">{}</script><script>kernelName = 'python3'</script>
</article></body></html>
"""


@pytest.fixture(scope="module")
def finish():
    spec = importlib.util.spec_from_file_location("finish", ROOT / "tools/finish.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory, finish):
    tmp_path = tmp_path_factory.mktemp("site")
    (tmp_path / "book").mkdir()
    (tmp_path / "book/two.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "index.html").write_text(
        '<meta http-equiv="Refresh" content="0; url=book/welcome.html" />\n', encoding="utf-8"
    )
    styles = tmp_path / "_static/styles"
    styles.mkdir(parents=True)
    (styles / "pydata-sphinx-theme.css").write_text(
        'a{color:red}.fa-0:before{content:"\\30 "}'
        '.fa-moon:before,.fa-night:before{content:"\\f186"}'
        '@font-face{src:url(../vendor/fontawesome/webfonts/fa-solid-900.woff2) format("woff2"),'
        'url(../vendor/fontawesome/webfonts/fa-solid-900.ttf) format("truetype")}'
        'html{--pst-icon-bell:"\uf0f3"}',
        encoding="utf-8",
    )
    (tmp_path / "_static/exercise.css").write_text('p::after{content:"\\f303"}', encoding="utf-8")
    fonts = tmp_path / "_static/vendor/fontawesome/webfonts"
    fonts.mkdir(parents=True)
    (fonts / "fa-solid-900.ttf").write_bytes(b"large")
    (tmp_path / "_static/scripts").mkdir()
    (tmp_path / "_static/scripts/fontawesome.js").write_text("large")
    finish.finish(tmp_path)
    return tmp_path


@pytest.fixture
def page(site):
    return (site / "book/two.html").read_text(encoding="utf-8")


def test_what_nothing_needs_is_gone(page):
    for gone in (
        "THEBE",
        "thebe",
        "fontawesome.js",
        "toggle",
        "widget-state",
        "FrameSlider",
        "kernelName",
    ):
        assert gone not in page.replace("Toggle hidden", "")
    assert "_static/doctools.js" in page
    assert "<frame-slider data-frames" in page
    assert 'data-default-mode="auto"' in page
    assert '"mode") || "auto"' in page


def test_folds_open_without_a_script(page):
    assert '<details class="solution dropdown admonition" id="sol-1">' in page
    assert '<summary class="admonition-title">Solution to 1</summary>' in page
    assert '<div class="admonition tip"><p class="admonition-title">' in page


def test_the_keys_of_a_quiz_stay_in_the_notebook(page):
    assert "right=" not in page
    assert "<quiz-box>" in page
    assert page.count('class="cell"') == 2


def test_ids_stand_once(page):
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert "sol-1" in ids
    assert "proof" not in ids


def test_links_out_of_a_partial_build_lead_to_pages(page):
    assert '<a href="../part1/01_a.html#b">One</a> <a href="#sol-1">here</a>' in page


def test_icons_are_drawn_and_unknown_ones_left(page):
    assert page.count("<svg") == 3
    assert '<i class="fa-solid fa-not-there">' in page
    assert re.search(r'<svg[^>]*data-mode="dark"', page)
    assert re.search(r'class="svg-inline--fa theme-switch fa-solid fa-moon fa-lg"', page)


def test_a_page_says_what_it_is_about(page):
    about = "Which of the settings can a neuron reach? Ten of thirty-two. A third sentence."
    assert f'<meta name="description" content="{about}"/>' in page
    assert '<meta property="og:title" content="Two cones"/>' in page
    assert re.search(r'property="og:url" content="https://[\w.-]+/[\w-]+/book/two.html"', page)
    assert '<link rel="icon" type="image/svg+xml" href="../_static/favicon.svg"/>' in page


def test_paper_shows_one_title(page):
    assert page.count("<h1>") == 1


def test_without_a_script_formulas_are_explained(page):
    assert page.count("<noscript>") == 1


def test_code_is_left_as_it_was(page):
    assert "<pre>a &lt; b &amp;&amp; c   d\n  e</pre>" in page


def test_the_first_page_leads_on_and_is_described(site, finish):
    text = (site / "index.html").read_text(encoding="utf-8")
    assert "url=book/welcome.html" in text
    assert finish.DESCRIPTION in text
    assert "<title>Cones and Coupons</title>" in text
    assert 'href="_static/favicon.svg"' in text


def test_few_icons_stay_in_the_fonts(site):
    fonts = site / "_static/vendor/fontawesome/webfonts"
    assert sorted(path.name for path in fonts.iterdir()) == [
        "fa-brands-400.woff", "fa-regular-400.woff", "fa-solid-900.woff",
    ]  # fmt: skip
    assert sum(path.stat().st_size for path in fonts.iterdir()) < 10_000
    css = (site / "_static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")
    assert css.startswith("a{color:red}@font-face")
    assert 'fa-solid-900.woff) format("woff")}' in css
    assert not list((site / "_static/scripts").iterdir())


def test_finishing_twice_changes_nothing(site, finish):
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    finish.finish(site)
    assert before == {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_every_icon_of_the_theme_is_known(finish):
    for name in ("rocket", "download", "expand", "magnifying-glass", "sun", "file-pdf", "xmark"):
        width, height, path = finish.icons()["solid", name]
        assert int(width) > 0
        assert int(height) > 0
        assert path.startswith("M")
    assert ("brands", "github") in finish.icons()
    assert finish.icons()["solid", "file"] != finish.icons()["regular", "file"]


@pytest.mark.parametrize(
    "repository", ["https://github.com/Some-One/the-book", "https://github.com/Some-One/the-book/"]
)
def test_where_a_site_is_served(finish, repository):
    assert finish.site_address(repository) == "https://some-one.github.io/the-book/"


def test_figures_know_the_width_they_were_drawn_for(finish, tmp_path):
    (tmp_path / "_images").mkdir()
    drawing = tmp_path / "_images/a.svg"
    drawing.write_text('<?xml version="1.0"?><svg height="9pt" width="460.8pt" viewBox="0 0 1 1"/>')
    points = tmp_path / "_images/b.png"
    points.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (1380).to_bytes(4, "big"))
    assert finish.drawn_width(drawing) == pytest.approx(614.4)
    assert finish.drawn_width(points) == pytest.approx(600)
    assert finish.drawn_width(tmp_path / "c.gif") is None
    from bs4 import BeautifulSoup

    page = BeautifulSoup(
        '<div class="cell_output"><img src="_images/a.svg"><img src="data:,">'
        '<img src="_images/w.svg"></div>',
        "html.parser",
    )
    (tmp_path / "_images/w.svg").write_text('<svg width="720pt" height="9pt"/>')
    for _ in range(2):
        finish.measure_figures(page, tmp_path)
    assert [image.get("style") for image in page.find_all("img")] == [
        "--drawn: 614px", None, "--drawn: 960px",
    ]  # fmt: skip
    (box,) = page.select(".figure-box")
    assert box.img["src"] == "_images/w.svg"


def test_pictures_are_lightened_once(tmp_path, finish):
    """Coordinates of paths lose digits that nobody sees, other numbers none; a second time nothing
    changes."""
    import numpy as np
    from PIL import Image

    drawing = '<svg><path d="M 1.23456 7.5 L 3.999999 4"/><g transform="scale(0.015625)"/></svg>'
    (tmp_path / "a.svg").write_text(drawing)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "b.png")
    before = (tmp_path / "b.png").stat().st_size
    for _ in range(2):
        finish.lighten_pictures(tmp_path)
        assert (tmp_path / "a.svg").read_text() == (
            '<svg><path d="M 1.23 7.5 L 3.99 4"/><g transform="scale(0.015625)"/></svg>'
        )
        with Image.open(tmp_path / "b.png") as picture:
            assert (picture.mode, picture.size) == ("P", (200, 200))
    assert (tmp_path / "b.png").stat().st_size < before / 2
