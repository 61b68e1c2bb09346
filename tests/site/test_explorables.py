"""The explorables in a real browser: right numbers, and hands of all kinds that move them.

They are served from a folder of their own, so these tests need no built site.
"""

import gzip
import importlib.util
import shutil
from pathlib import Path

import axe_playwright_python
import numpy as np
import pytest

import relucones
from relucones.checks import BadInput
from relucones.coupons import find_coupons
from relucones.walls import sines
from serving import HTML, serve

ROOT = Path(__file__).resolve().parents[2]
EXPLORABLES = ROOT / "book/explorables"
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
WIDTHS = [1, 2, 5, 20, 100, 1000]
MEASURES = ("counting", "gaussian")
FULL = "<cone-explorer></cone-explorer>"
CELLS = '<cone-explorer panels="cells" probe="33"></cone-explorer>'
PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Explorables</title>
<style>body {{ margin: 0 16px; font: 16px sans-serif; }}
[data-theme=dark] body {{ background: #121212; color: #ddd; }}</style>
<script type="module" src="/index.mjs"></script></head>
<body><main><h1>Explorables</h1>{}</main></body></html>"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The address of a copy of the modules."""
    folder = tmp_path_factory.mktemp("explorables") / "site"
    shutil.copytree(EXPLORABLES, folder)
    with serve(folder) as address:
        yield address


@pytest.fixture
def visit(browser, stage):
    """Open a page that holds some markup; what goes wrong in it fails the test."""
    contexts, wrong = [], []

    def open_page(markup, wait=True, **settings):
        context = browser.new_context(**{"viewport": {"width": 900, "height": 900}} | settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.route("**/page.html", lambda route: route.fulfill(
            body=PAGE.format(markup), content_type="text/html"))  # fmt: skip
        page.route("**/favicon.ico", lambda route: route.fulfill(body=""))
        page.goto(f"{stage}/page.html")
        if wait:
            page.wait_for_selector(".explorable")
        return page

    open_page.wrong = wrong
    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


# ---- the numbers -------------------------------------------------------------------------------


def problem(rng, kind):
    """Data of one kind and its weight decay: the degenerate ones are the point."""
    n = int(rng.integers(2, 9))
    X, y = rng.standard_normal((n, 2)), rng.standard_normal(n)
    share = 10 ** rng.uniform(-3, -0.05)
    if kind == "grid":  # parallel, repeated, opposite and zero points, ties of labels
        X, y = np.round(2 * X) / 2, np.round(2 * y) / 2
    elif kind == "repeated":
        X[: n // 2] = X[n - n // 2 :]
    elif kind == "opposite":
        X[: n // 2] = -X[n - n // 2 :]
    elif kind == "parallel":
        X[: n // 2] = X[n - n // 2 :] * rng.choice([-2.0, 0.5, 3.0], size=(n // 2, 1))
    elif kind == "zero points and labels":
        X[0], y[-1] = 0.0, 0.0
    elif kind == "one line":
        X = np.outer(rng.choice([-2.0, -1.0, 1.0, 3.0], size=n), [0.6, -0.8])
    elif kind == "eight directions":  # walls that meet, symmetric optima
        turns = rng.integers(0, 8, size=n) * np.pi / 4
        X, y = np.column_stack([np.cos(turns), np.sin(turns)]), rng.choice([-1.0, 0.0, 1.0], size=n)
    elif kind == "above":
        share = rng.choice([1.0, 1.0 + 1e-9, 1.5])
    elif kind == "tiny":
        share = 10 ** rng.uniform(-6, -4)
    return X, y, float(share * (relucones.lambda_max(X, y) or 1.0))


KINDS = [
    *("generic", "grid", "repeated", "opposite", "parallel"),
    *("zero points and labels", "one line", "eight directions", "above", "tiny"),
]

# What the modules say of a list of problems.
ANSWERS = """
async ([problems, widths]) => {
  const P = await import('/planar/planar.mjs');
  return problems.map(({X, y, lam}) => {
    const A = P.arrange(X), solution = P.solve(A, y, lam), coupons = P.couponsOf(A, solution, lam);
    const chance = (measure) => widths.map(P.collector(coupons.mass[measure], coupons.supports));
    const heights = Array.from({length: 3600}, (_, i) =>
      P.heightAt(A, solution.nu, [Math.cos(i * Math.PI / 1800), Math.sin(i * Math.PI / 1800)]));
    return {
      patterns: A.cells.map((cell) => P.bits(cell.active)), highest: P.lambdaMax(A, y),
      value: solution.value, bound: solution.bound, network: P.network(solution),
      standing: Math.max(...heights.map(Math.abs)) / (2 * lam),
      coupons: coupons.columns.map(({u, sign, ray}) => [...u, sign, ray]), sure: coupons.sure,
      supports: coupons.supports, counting: chance('counting'), gaussian: chance('gaussian'),
    };
  });
}
"""


@pytest.fixture(scope="module")
def solved(browser, stage):
    """A hundred problems, ten of each kind, with the answers of the modules."""
    rng = np.random.default_rng(2026)
    problems = [(kind, *problem(rng, kind)) for kind in KINDS for _ in range(10)]
    sent = [{"X": X.tolist(), "y": y.tolist(), "lam": lam} for _, X, y, lam in problems]
    page = browser.new_page()
    page.goto(f"{stage}/fallback/cells.svg")
    answers = page.evaluate(ANSWERS, [sent, WIDTHS])
    page.close()
    return list(zip(problems, answers, strict=True))


def test_cells_and_patterns_are_those_of_the_library(solved):
    for (_, X, y, _), answer in solved:
        patterns = relucones.activation_patterns(X)
        assert sorted(answer["patterns"]) == [
            "".join("01"[int(on)] for on in row) for row in patterns
        ]
        highest = relucones.lambda_max(X, y)
        assert answer["highest"] == pytest.approx(highest, rel=1e-12, abs=1e-15)


def test_the_optimum_is_the_library_s_and_proved(solved):
    for (kind, X, y, lam), answer in solved:
        best = relucones.solve_global(X, y, lam, tol=1e-12)
        assert answer["value"] == pytest.approx(best.value, rel=1e-9, abs=1e-300), kind
        # The loss is that of the network, from its weights alone: a fit that drifted off it shows.
        W, a = (np.array(part) for part in answer["network"].values())
        own = relucones.Network(W, a).loss(X, y, lam) if len(a) else np.mean(y**2)
        assert own == pytest.approx(answer["value"], rel=1e-12, abs=1e-300), kind
        assert own >= best.lower_bound * (1 - 1e-14)
        # The bound is one on every network, and close.
        assert answer["bound"] <= best.value * (1 + 1e-13)
        assert answer["value"] - answer["bound"] <= 1e-9 * answer["value"], kind
        assert answer["standing"] <= 1 + 1e-9


def test_coupons_and_both_probabilities_are_those_of_the_library(solved):
    compared = 0
    for (kind, X, y, lam), answer in solved:
        try:
            coupons = find_coupons(X, y, lam)
        except BadInput:  # it stays open there which directions are coupons
            continue
        found = np.array(answer["coupons"]).reshape(-1, 4)
        if coupons.supports is None or answer["supports"] is None:
            continue
        if on_a_wall_but_not_told(coupons):
            continue
        assert answer["sure"]
        assert len(found) == len(coupons.signs), kind
        for u, s in zip(coupons.directions, coupons.signs, strict=True):
            apart = np.abs(found[:, :2] - u).max(axis=1) + 9 * (found[:, 2] != s)
            assert apart.min() < 1e-6, kind
        for measure in MEASURES:
            chance = relucones.good_cone_probability(
                X, y, lam, WIDTHS, measure=measure, coupons=coupons
            )
            np.testing.assert_allclose(answer[measure], chance, atol=1e-9, err_msg=kind)
        compared += 1
    assert compared >= 90, f"only {compared} of {len(solved)} were compared"


def on_a_wall_but_not_told(coupons):
    """Where an optimum lies on a wall that does not bend there, the library may find it beside."""
    if not len(coupons.signs):
        return False
    near = sines(coupons.directions, coupons.X) < 1e-7
    return bool((near & ~coupons.vanishing & coupons.X.any(axis=1)).any())


def test_a_wrong_value_would_be_found(solved):
    """The comparison bites: another weight decay, by one per cent, is another optimum."""
    (_, X, y, lam), answer = solved[0]
    other = relucones.solve_global(X, y, 1.01 * lam).value
    assert abs(other / answer["value"] - 1) > 1e-6


# ---- hands -------------------------------------------------------------------------------------


def shown(page, name, number=0):
    """A number of an explorable, to all digits, as it stands on the page."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    data = page.locator(".explorable").nth(number).locator(f"[data-name={name}] data")
    for _ in range(100):
        if data.text_content() != "…":  # many ways are listed once the hand rests
            break
        page.wait_for_timeout(50)
    return float(data.get_attribute("value"))


def middle(page, selector):
    """Where a handle stands in the window: the middle of its ring."""
    box = page.locator(f"{selector} >> .ring").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def state(page):
    """The data that an explorable holds, and its weight decay."""
    X, y, lam = page.locator(".explorable").evaluate("(e) => [e.X, e.y, e.solved().lam]")
    return np.array(X), np.array(y), lam


def assert_right(page):
    """Everything that is shown is what the library says of the data that are held."""
    width = page.locator(".explorable").evaluate("(e) => e.m")
    cells, value = shown(page, "cells"), shown(page, "value")
    X, y, lam = state(page)
    assert cells == len(relucones.activation_patterns(X))
    assert shown(page, "lam") == lam
    assert value == pytest.approx(relucones.solve_global(X, y, lam, tol=1e-12).value, rel=1e-9)
    assert 0 <= shown(page, "gap") <= 1e-9 * value
    for measure in MEASURES:
        chance = relucones.good_cone_probability(X, y, lam, width, measure=measure)
        assert shown(page, measure) == pytest.approx(chance, abs=1e-9)


def test_it_begins_with_the_running_example(visit):
    page = visit(FULL)
    X, y, lam = state(page)
    points, labels = relucones.data.five_points()
    np.testing.assert_array_equal(X, points)
    np.testing.assert_array_equal(y, labels)
    assert lam == pytest.approx(0.02, rel=1e-14)
    assert shown(page, "neurons") == shown(page, "coupons") == 5
    assert_right(page)


def test_a_mouse_drags_a_point(visit):
    page = visit(FULL)
    before = state(page)[0]
    x, y = middle(page, ".point >> nth=2")
    page.mouse.move(x + 3, y - 2)  # not in its very middle
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + 3 + 6 * step, y - 2 + 9 * step)
    page.mouse.up()
    after = state(page)[0]
    assert (after[[0, 1, 3, 4]] == before[[0, 1, 3, 4]]).all()
    assert after[2, 0] > before[2, 0] + 0.3
    assert after[2, 1] < before[2, 1] - 0.5
    assert middle(page, ".point >> nth=2") == pytest.approx((x + 60, y + 90), abs=1)
    assert_right(page)
    page.mouse.move(x, y)  # let go, it stays
    np.testing.assert_array_equal(state(page)[0], after)


def test_a_finger_drags_a_point_with_pauses_and_the_page_stays(visit):
    page = visit(FULL + "<p style='height: 3000px'>below</p>", has_touch=True, is_mobile=True,
                 viewport={"width": 390, "height": 844})  # fmt: skip
    send = page.context.new_cdp_session(page).send
    x, y = middle(page, ".point >> nth=0")

    def touch(kind, *points):
        spots = [{"x": a, "y": b} for a, b in points]
        send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    touch("touchStart", (x, y))
    for step in range(1, 9):
        page.wait_for_timeout(120)
        touch("touchMove", (x - 7 * step, y + 11 * step))
        page.wait_for_timeout(60)
        now = middle(page, ".point >> nth=0")
        assert now == pytest.approx((x - 7 * step, y + 11 * step), abs=1), f"lost at step {step}"
    touch("touchEnd")
    assert page.evaluate("scrollY") == 0
    assert_right(page)
    # Beside the handles a finger scrolls the page.
    words = page.locator(".help").bounding_box()
    x, y = words["x"] + 40, min(words["y"], 700)
    touch("touchStart", (x, y))
    for step in range(1, 9):
        page.wait_for_timeout(30)
        touch("touchMove", (x, y - 40 * step))
    touch("touchEnd")
    page.wait_for_function("scrollY > 100")


def test_keys_move_a_point_and_its_label(visit):
    page = visit(FULL)
    X, y, _ = state(page)
    page.keyboard.press("Tab")
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "Shift+ArrowLeft", "+", "+", "-"):
        page.keyboard.press(key)
    page.wait_for_timeout(50)
    after, labels, _ = state(page)
    np.testing.assert_allclose(after[0], X[0] + [0.04, 0.1], atol=1e-12)
    np.testing.assert_allclose(labels[0], y[0] + 0.1, atol=1e-12)
    assert page.evaluate("document.activeElement.getAttribute('aria-valuetext')") == (
        "at 1.04, 0.30; label 1.10"
    )
    assert_right(page)


def test_the_live_text_says_what_the_numbers_say_once_the_hand_rests(visit):
    page = visit(FULL)
    told = page.locator("[role=status]")
    first = told.text_content()
    spoken, waited = page.locator(".explorable").evaluate("""async (e) => {
      const began = performance.now();
      e.movePoint(0, [1, 0.25]);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return [e.status.textContent, performance.now() - began];
    }""")
    assert spoken == first or waited > 400  # not in the middle of a move
    other = "(first) => document.querySelector('[role=status]').textContent !== first"
    page.wait_for_function(other, arg=first)
    X, y, lam = state(page)
    value = relucones.solve_global(X, y, lam).value
    assert f"5 points, {len(relucones.activation_patterns(X))} cells." in told.text_content()
    assert f"The least loss of any network is {value:.6f}, with 5 neurons." in told.text_content()
    chance = [relucones.good_cone_probability(X, y, lam, 20, measure=m) for m in MEASURES]
    assert (f"width 20 is good with probability {100 * chance[0]:.1f} % counting cells, "
            f"{100 * chance[1]:.1f} % with Gaussian draws") in told.text_content()  # fmt: skip


def test_sliders_of_decay_label_and_width(visit):
    page = visit(FULL)
    page.get_by_label("width m").fill("57")
    page.get_by_label("label of point 1").fill("-0.5")
    page.get_by_label("decay").fill("-1")
    assert_right(page)
    assert page.locator(".explorable").evaluate("(e) => e.m") == 57
    assert state(page)[1][0] == -0.5
    page.get_by_label("decay").fill("0.1")  # above lambda_max the zero network is best
    assert shown(page, "neurons") == shown(page, "coupons") == 0
    assert shown(page, "value") == pytest.approx(np.mean(state(page)[1] ** 2), rel=1e-14)
    assert shown(page, "counting") == shown(page, "gaussian") == 1
    page.get_by_label("decay").fill("-3")
    assert_right(page)


def test_a_neuron_is_turned_and_its_pattern_told(visit):
    page = visit(CELLS)

    def right():
        X, degrees, pattern = page.locator(".explorable").evaluate(
            "(e) => [e.X, e.probe, e.querySelector('[data-name=pattern] data').value]"
        )
        w = [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]
        return pattern == "".join("01"[int(on)] for on in np.array(X) @ w > 0) and degrees

    assert right() == 33
    page.locator(".probe").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_timeout(50)
    assert right() == 37
    x, y = middle(page, ".probe")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 300, y + 5, steps=5)
    page.mouse.up()
    page.wait_for_timeout(50)
    assert 90 < right() < 270
    assert page.locator(".neuron").count() == 0  # nothing of the optimum in this simple view


def test_buttons_more_fewer_random_and_again(visit):
    page = visit(FULL)
    value = shown(page, "value")
    page.get_by_role("button", name="One point more").click()
    assert shown(page, "points") == 6
    assert_right(page)
    for _ in range(5):
        page.get_by_role("button", name="One point fewer").click()
    assert shown(page, "points") == 1
    assert page.get_by_role("button", name="One point fewer").is_disabled()
    assert_right(page)
    page.get_by_role("button", name="Start again").click()
    assert shown(page, "points") == 5
    page.get_by_role("button", name="Random data").click()
    assert shown(page, "value") != value
    assert_right(page)
    page.get_by_role("button", name="Start again").click()
    assert shown(page, "value") == value


def test_points_in_any_place_leave_it_whole(visit):
    """At the origin, on one another, opposite, all on one line."""
    for X in (
        [[0, 0]],
        [[0, 0], [0, 0]],
        [[1, 0], [1, 0], [-1, 0]],
        [[0.5, 0.5], [1, 1], [-1, -1]],
    ):
        page = visit(f'<cone-explorer points="{X}"></cone-explorer>')
        assert_right(page)
        page.locator(".point").first.focus()
        for key in ("ArrowLeft", "ArrowDown", "-", "-"):
            page.keyboard.press(key)
        assert_right(page)


def test_data_from_attributes(visit):
    page = visit('<cone-explorer panels="cells dual coupons" points="[[1, 0], [0, 1]]" '
                 'labels="[1, -1]" lam="0.1" width="6"></cone-explorer>')  # fmt: skip
    X, y, lam = state(page)
    assert (X.tolist(), y.tolist()) == ([[1, 0], [0, 1]], [1, -1])
    assert lam == pytest.approx(0.1, rel=1e-14)
    assert_right(page)


def test_signs_are_told_by_form_too(visit):
    page = visit(FULL)
    for picture in page.locator("svg").all()[:2]:
        assert picture.locator(".mark circle").count() == 4
        assert picture.locator(".mark path").count() == 1
    dashed = page.locator(".neuron[stroke-dasharray]").count()
    assert (dashed, page.locator(".neuron").count()) == (1, 5)


# ---- readers of all kinds ----------------------------------------------------------------------

AXE_RUN = """
async () => (await axe.run(document)).violations
  .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 150)} ${n.failureSummary}`))
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visit, theme):
    page = visit(f"<h2>One</h2>{CELLS}<h2>Two</h2>{FULL}")
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(AXE_RUN) == []


def test_dark_is_followed(visit):
    page = visit(FULL)
    ground = "(e) => getComputedStyle(e).backgroundColor"
    light = page.locator(".explorable").evaluate(ground)
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    assert page.locator(".explorable").evaluate(ground) != light


def test_a_phone_shows_it_whole_and_readable(visit):
    page = visit(CELLS + FULL, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    cut = page.evaluate("""() => [...document.querySelectorAll('.explorable *')]
        .filter((e) => !e.closest('.said') && e.getBoundingClientRect().right > 391).length""")
    assert cut == 0
    smallest = page.evaluate("""() => Math.min(...[...document.querySelectorAll('svg text')]
        .filter((e) => e.textContent)
        .map((e) => parseFloat(getComputedStyle(e).fontSize)
                    * e.ownerSVGElement.getScreenCTM().a))""")
    assert smallest >= 9


def test_without_a_script_the_fallback_is_read(visit):
    fallback = "<cone-explorer><p>Five points, ten cells.</p></cone-explorer>"
    page = visit(fallback, wait=False, java_script_enabled=False)
    assert page.get_by_text("Five points, ten cells.").is_visible()
    page = visit(fallback)
    assert page.get_by_text("Five points, ten cells.").count() == 0


def test_with_data_that_cannot_be_read_the_fallback_stays(visit):
    page = visit('<cone-explorer points="[[1,"><p>Five points.</p></cone-explorer>', wait=False)
    for _ in range(100):
        if visit.wrong:
            break
        page.wait_for_timeout(100)
    assert page.get_by_text("Five points.").is_visible()
    assert len(visit.wrong) == 1
    assert "JSON" in visit.wrong.pop()


def test_its_code_comes_when_it_is_near(visit):
    asked = []
    page = visit("<p style='height: 4000px'>above</p>" + FULL, wait=False)
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(300)
    assert page.locator(".explorable").count() == 0
    page.evaluate("scrollTo(0, 4000)")
    page.wait_for_selector(".explorable")
    assert any(url.endswith("cone-explorer.mjs") for url in asked)
    assert_right(page)


def test_a_page_without_one_loads_no_code_of_it(visit, stage):
    page = visit("<p>nothing</p>", wait=False)
    page.wait_for_timeout(300)
    names = page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    assert [name for name in names if name.endswith(".mjs")] == [f"{stage}/index.mjs"]


def test_it_nods_once_and_not_where_motion_is_reduced(visit):
    hinted = "<cone-explorer hint></cone-explorer>"
    first = "document.querySelector('cone-explorer').X[0]"
    page = visit(hinted)
    page.wait_for_function(f"{first}[0] !== 1")
    page.wait_for_function(f"{first}[0] === 1 && {first}[1] === 0.2")
    page.wait_for_timeout(500)
    assert page.evaluate(first) == [1, 0.2]
    page = visit(hinted, reduced_motion="reduce")
    for _ in range(6):
        page.wait_for_timeout(150)
        assert page.evaluate(first) == [1, 0.2]


def test_a_hand_ends_the_nod(visit):
    page = visit("<cone-explorer hint></cone-explorer>")
    page.wait_for_function("document.querySelector('cone-explorer').X[0][0] !== 1")
    page.locator(".point").nth(1).focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(100)
    moved = state(page)[0]
    page.wait_for_timeout(400)
    np.testing.assert_array_equal(state(page)[0], moved)
    np.testing.assert_allclose(moved[0], [1, 0.2])


# ---- weight and speed --------------------------------------------------------------------------


def test_the_code_is_light():
    modules = sorted(EXPLORABLES.rglob("*.mjs"))
    size = sum(len(gzip.compress(path.read_bytes())) for path in modules)
    assert size < 32_000, f"{size} bytes in {len(modules)} modules"
    for path in (EXPLORABLES / "fallback").iterdir():
        assert path.stat().st_size < 15_000, path.name


def test_a_drawing_fits_in_a_frame(visit):
    page = visit(FULL)
    times = page.locator(".explorable").evaluate("""
    async (e) => {
      const times = [];
      for (let step = 0; step < 120; step++) {
        e.movePoint(step % 5, [Math.cos(step / 9), 0.7 * Math.sin(step / 5)]);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        times.push(e.took);
      }
      return times;
    }""")
    assert np.median(times) < 16


def test_fallback_pictures_are_what_the_explorables_draw(visit, stage):
    spec = importlib.util.spec_from_file_location("fallbacks", ROOT / "tools/fallbacks.py")
    fallbacks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fallbacks)
    page = visit("<p>nothing</p>", wait=False)
    for name, (markup, number) in fallbacks.PICTURES.items():
        drawn = fallbacks.picture(page, stage, markup, number)
        kept = (fallbacks.FOLDER / f"{name}.svg").read_text(encoding="utf-8")
        assert drawn == kept, f"{name}.svg is not up to date: run `python tools/fallbacks.py`"


# ---- on the built pages ------------------------------------------------------------------------

EMBEDDED = sorted(
    str(path.relative_to(HTML))
    for path in HTML.glob("book/**/*.html")
    if "<cone-explorer" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_points_of_a_page_move_under_a_hand(browser, address, name):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{address}/{name}")
    for explorable in page.locator("cone-explorer").all():
        assert explorable.locator("img").count() <= 1  # the fallback
        explorable.scroll_into_view_if_needed()
        point = explorable.locator(".point").first
        point.wait_for()
        before = point.get_attribute("transform")
        point.focus()
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(100)
        assert point.get_attribute("transform") != before
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()
