"""The elements that notebooks emit, in a page of their own: no site has to be built for this."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from relucones_book import answers, sliders, tables
from relucones_book.answers import Answer, Field, said
from relucones_book.quiz import question, quiz
from serving import serve

ROOT = Path(__file__).resolve().parents[2]
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Elements</title>
<link rel="stylesheet" href="_static/book.css"><link rel="icon" href="data:,">
<script type="module" src="_static/page.mjs"></script></head>
<body><main><article class="bd-article"><h1>Elements</h1>{}</article></main></body></html>"""
FIELDS = {
    "ex-integer": Answer(lambda: 200, asks="the number of *cells*"),
    "ex-angle": Answer(lambda: 29.017142, tolerance=1e-3),
    "ex-zero": Answer(lambda: 0.0, tolerance=1e-3),
    "ex-negative:small": Answer(lambda: -3.65e-4, tolerance=5e-3),
}
TRIED = [
    200,
    199,
    190,
    189.9,
    210,
    211,
    29.03,
    29.1,
    0,
    1e-3,
    -0.002,
    5,
    -3.65e-4,
    -3.6e-4,
    -1,
    1e9,
]
QUIZ = quiz(
    question("One of them?", ["no", "yes", "perhaps"], right="yes", why="It *is*."),
    question("Two of them?", ["a", "b", "c"], right=["c", "a"], why="Both ends."),
    question("A third?", ["$x$", "y"], right="y", why="So $x < y$."),
)


def draw(slope):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([0, 1], [0, slope])
    return fig, ax


@pytest.fixture
def opened(browser, tmp_path):
    """Serve a page with these elements and open it; returns it and what went wrong on it."""
    static = tmp_path / "_static"
    shutil.copytree(ROOT / "book/_static", static)
    shutil.copytree(ROOT / "lib/relucones_book/elements", static / "elements")
    pages, failures = [], []
    with serve(tmp_path) as address:

        def open_page(*elements, text="", page=PAGE, **options):
            markup = text + "".join(element._repr_html_() for element in elements)
            if page is PAGE:  # what tools/finish.py takes out
                markup = markup.split("<script data-notebook>")[0]
            (tmp_path / "page.html").write_text(page.format(markup), encoding="utf-8")
            opened = browser.new_context(**options).new_page()
            pages.append(opened)
            opened.on("pageerror", lambda error: failures.append(str(error)))
            opened.goto(f"{address}/page.html", wait_until="load")
            return opened

        yield open_page
        for page in pages:
            page.context.close()
    assert not failures


def test_the_page_and_the_notebook_say_the_same(opened):
    page = opened(*(Field(label, answer) for label, answer in FIELDS.items()))
    for place, answer in enumerate(FIELDS.values()):
        field = page.locator("answer-field").nth(place)
        for value in TRIED:
            field.get_by_role("textbox").fill(repr(value))
            field.get_by_role("button", name="Check").click()
            expected = said(*answer.verdict(value))
            assert field.get_by_role("status").inner_text() == expected, (answer, value)


def test_a_field_with_the_keys(opened):
    page = opened(Field("ex-integer", FIELDS["ex-integer"]))
    page.keyboard.press("Tab")
    page.keyboard.type("400/2")
    page.keyboard.press("Enter")
    status = page.get_by_role("status")
    assert status.inner_text() == "Right."
    page.keyboard.type("0")
    assert status.inner_text() == ""
    assert page.get_by_label("the number of cells").input_value() == "400/20"
    assert not page.locator(".answer-call").is_visible()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (" 2e2 ", "Right."),
        ("+200.", "Right."),
        ("\N{MINUS SIGN}200", "Too small."),
        ("", "Type a number"),
        ("2,000", "Type a number"),
        ("200 cells", "Type a number"),
        ("1/0", "Type a number"),
        ("1/2/3", "Type a number"),
    ],
)
def test_what_can_be_typed(opened, typed, said):
    page = opened(Field("ex-integer", FIELDS["ex-integer"]))
    page.get_by_role("textbox").fill(typed)
    page.get_by_role("button").click()
    assert page.get_by_role("status").inner_text().startswith(said)


def test_without_javascript_a_field_tells_the_call(opened):
    page = opened(Field("ex-integer", FIELDS["ex-integer"]), java_script_enabled=False)
    assert 'answers.check("ex-integer", your_value)' in page.inner_text("answer-field")
    assert page.locator("input").count() == 0


def test_the_truth_is_in_no_attribute_in_plain_sight(opened):
    markup = Field("ex-angle", FIELDS["ex-angle"])._repr_html_()
    assert "29" not in markup.replace(answers.sealed("x", "y"), "")
    page = opened(Field("ex-angle", FIELDS["ex-angle"]))
    assert "29.0" not in page.content()


def test_a_quiz_shows_its_explanation_after_an_answer(opened):
    page = opened(QUIZ)
    first = page.locator(".quiz-question").first
    assert first.get_by_role("group", name="One of them?").count() == 1
    check = first.get_by_role("button", name="Check")
    assert check.is_disabled()
    assert not first.get_by_text("It is.").is_visible()
    first.get_by_label("no").check()
    check.click()
    assert first.get_by_role("status").inner_text() == "Not so."
    assert first.get_by_text("It is.").is_visible()
    assert "✗" in first.locator(".quiz-choice").nth(0).inner_text()
    assert "✓" in first.locator(".quiz-choice").nth(1).inner_text()
    first.get_by_label("yes").check()
    assert first.get_by_role("status").inner_text() == ""
    assert not first.get_by_text("It is.").is_visible()
    check.click()
    assert first.get_by_role("status").inner_text() == "Right."


def test_several_right_ones_must_all_be_marked(opened):
    second = opened(QUIZ).locator(".quiz-question").nth(1)
    for marked, expected in ((0, "Not so."), (2, "Right."), (1, "Not so.")):
        second.get_by_role("checkbox").nth(marked).check()
        second.get_by_role("button").click()
        assert second.get_by_role("status").inner_text() == expected


def test_a_quiz_by_keyboard(opened):
    page = opened(QUIZ)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.get_by_role("status").first.inner_text() == "Right."


def test_a_quiz_without_javascript_is_a_list_and_a_fold(opened):
    page = opened(QUIZ, java_script_enabled=False)
    assert page.locator("input").count() == 0
    assert not page.get_by_text("Both ends.").is_visible()
    page.get_by_text("Answers").click()
    assert page.get_by_text("Both ends.").is_visible()


def made_slider():
    return sliders.slider(
        draw, [1, 2, 5], "slope", lambda s: f"A line of slope {s}.", "A line.", start=1
    )


def test_a_slider_moves_through_its_frames(opened):
    page = opened(made_slider())
    picture, control = page.get_by_role("img"), page.get_by_role("slider", name="slope")
    page.evaluate("document.querySelector('frame-slider').load().then(() => 0)")
    first = picture.get_attribute("src")
    assert picture.get_attribute("alt") == "A line of slope 2."
    control.press("ArrowRight")
    assert picture.get_attribute("alt") == "A line of slope 5."
    assert page.locator("output").inner_text() == "5"
    assert control.get_attribute("aria-valuetext") == "5"
    assert picture.get_attribute("src") != first
    page.wait_for_function("document.querySelector('img').naturalWidth > 50")
    control.press("Home")
    assert picture.get_attribute("alt") == "A line of slope 1."


def test_a_slider_plays_and_stops(opened):
    page = opened(made_slider())
    page.get_by_role("button", name="Play slope").click()
    page.wait_for_function("document.querySelector('output').textContent === '1'")
    page.get_by_role("button", name="Pause slope").click()
    assert page.get_by_role("button", name="Play slope").count() == 1


def test_frames_that_nobody_sees_stay_closed(opened):
    page = opened(made_slider(), text='<div style="height: 9000px"></div>')
    packed = "document.querySelector('frame-slider').hasAttribute('data-frames')"
    page.wait_for_timeout(300)
    assert page.evaluate(packed)
    page.locator("frame-slider").scroll_into_view_if_needed()
    page.wait_for_function(f"!{packed}")


def test_without_javascript_a_slider_is_its_first_picture(opened):
    page = opened(made_slider(), java_script_enabled=False)
    assert page.get_by_role("img", name="A line of slope 2.").is_visible()
    assert page.locator("input, button").count() == 0


def test_in_a_notebook_the_slider_brings_its_module(opened):
    bare = "<!doctype html><title>Notebook</title><body>{}</body>"
    page = opened(made_slider(), made_slider(), page=bare)
    page.wait_for_function("document.querySelectorAll('input[type=range]').length === 2")
    page.evaluate("document.querySelector('frame-slider').load().then(() => 0)")
    page.get_by_role("slider", name="slope").first.press("End")
    assert page.get_by_role("img").first.get_attribute("alt") == "A line of slope 5."
    assert page.get_by_role("img").nth(1).get_attribute("alt") == "A line of slope 2."


def test_a_wide_table_scrolls_and_says_so(opened):
    wide = tables.show([f"column {k}" for k in range(12)], [[10**k for k in range(12)]], "Powers.")
    page = opened(wide, text="", viewport={"width": 390, "height": 800})
    box = page.locator(".wide-table")
    page.wait_for_function("document.querySelector('.wide-table').dataset.scrolls === 'start'")
    assert box.get_attribute("tabindex") == "0"
    hint = "getComputedStyle(document.querySelector('article'), '::after').content"
    assert "scrolls" in page.evaluate(hint)
    box.evaluate("(box) => box.scrollTo(10000, 0)")
    page.wait_for_function("document.querySelector('.wide-table').dataset.scrolls === 'end'")
    page.set_viewport_size({"width": 1900, "height": 800})
    page.wait_for_function("!('scrolls' in document.querySelector('.wide-table').dataset)")


FOLDED = """<div class="cell tag_hide-input"><details class="admonition hide above-input"><summary>
<p class="collapsed admonition-title">Show code cell source</p>
<p class="expanded admonition-title">Hide code cell source</p></summary><pre>{}</pre></details>{}
</div>"""


def test_one_switch_shows_all_code_and_is_remembered(opened):
    text = FOLDED.format("import numpy", "") + FOLDED.format(
        "draw()", '<div class="cell_output">A picture</div>'
    )
    page = opened(text=text)
    switch = page.get_by_role("button", name="Show the code")
    code = [page.get_by_text("import numpy"), page.get_by_text("draw()")]
    assert switch.get_attribute("aria-pressed") == "false"
    assert not any(c.is_visible() for c in code)
    page.get_by_text("Code", exact=True).locator("visible=true").click()
    assert [c.is_visible() for c in code] == [False, True]
    switch.click()
    assert switch.get_attribute("aria-pressed") == "true"
    assert all(c.is_visible() for c in code)
    page.reload()
    assert all(c.is_visible() for c in code)
    switch.click()
    page.reload()
    assert not any(c.is_visible() for c in code)


def test_without_javascript_code_opens_too(opened):
    page = opened(text=FOLDED.format("import numpy", ""), java_script_enabled=False)
    page.locator("summary").click()
    assert page.get_by_text("import numpy").is_visible()


TERM = (
    '<div style="height: 300px"></div><p>A <a class="reference internal" '
    'href="glossary.html#term-wall">wall</a> and <a href="#end" id="end">the end</a>.</p>'
)
GLOSSARY = """<!doctype html><title>Glossary</title><body><dl>
<dt id="term-wall">wall<a href="#">#</a></dt>
<dd><p>A <a href="x.html">hyperplane</a> through 0.</p></dd></dl></body>"""


@pytest.fixture
def term(opened, tmp_path):
    (tmp_path / "glossary.html").write_text(GLOSSARY, encoding="utf-8")

    def open_page(**options):
        page = opened(text=TERM, **options)
        return page, SimpleNamespace(
            link=page.get_by_role("link", name="wall", exact=True),
            card=page.locator(".term-card"),
        )

    return open_page


def test_a_term_shows_its_meaning_under_the_pointer(term):
    page, it = term()
    it.link.hover()
    it.card.wait_for(state="visible")
    assert it.card.inner_text().split() == ["wall", "A", "hyperplane", "through", "0."]
    assert it.link.get_attribute("aria-describedby") == it.card.get_attribute("id")
    it.card.hover()  # the card stays while the pointer is on it
    page.wait_for_timeout(500)
    assert it.card.is_visible()
    page.keyboard.press("Escape")
    assert not it.card.is_visible()


def test_a_term_shows_its_meaning_with_the_keys(term):
    page, it = term()
    page.keyboard.press("Tab")
    it.card.wait_for(state="visible")
    page.keyboard.press("Tab")
    it.card.wait_for(state="hidden")
    it.link.press("Enter")
    page.wait_for_url("**/glossary.html#term-wall")


def test_a_term_shows_its_meaning_on_a_tap_and_leads_on_at_the_next(term):
    page, it = term(has_touch=True, viewport={"width": 390, "height": 800})
    it.link.tap()
    it.card.wait_for(state="visible")
    assert page.url.endswith("/page.html")
    box = it.card.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.touchscreen.tap(200, 20)
    it.card.wait_for(state="hidden")
    it.link.tap()
    it.card.wait_for(state="visible")
    it.link.tap()
    page.wait_for_url("**/glossary.html#term-wall")


PROOF = '<details class="proof"><summary>Proof</summary><p>Because.</p></details>'


def test_on_paper_proofs_are_open_and_controls_gone(opened):
    page = opened(made_slider(), QUIZ, text=PROOF + FOLDED.format("code()", ""))
    assert not page.get_by_text("Because.").is_visible()
    page.emulate_media(media="print")
    page.get_by_text("Because.").wait_for(state="visible", timeout=5000)
    for gone in ("input[type=range]", "button", ".code-switch", "pre"):
        assert not page.locator(gone).first.is_visible(), gone
    page.emulate_media(media="screen")
    page.get_by_text("Because.").wait_for(state="hidden", timeout=5000)


def test_what_the_search_marks_starts_a_word(opened):
    text = (
        '<p id="p">c<span class="highlighted">one</span>s, '
        '<span class="highlighted">one</span>s</p>'
    )
    page = opened(text=text)
    page.wait_for_function("document.querySelectorAll('span.highlighted').length === 1")
    assert page.inner_html("#p").startswith("cones, <span")


def test_elements_of_one_page_share_no_id(opened):
    page = opened(made_slider(), made_slider(), *(Field(k, a) for k, a in FIELDS.items()), QUIZ)
    ids = json.loads(
        page.evaluate("JSON.stringify([...document.querySelectorAll('[id]')].map((e) => e.id))")
    )
    assert len(ids) == len(set(ids))
