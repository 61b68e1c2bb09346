"""Each rule of test_notebook_rules.py lets a correct chapter pass and stops a broken one."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import test_notebook_rules as rules


def figure(name):
    return {
        "image": {"alt": "A straight line that rises from the left to the right."},
        "figure": {"caption": "The line means nothing, it is an example.", "name": name},
    }


SLIDER = """\
def draw(slope):
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, slope])
    return fig, ax


sliders.slider(draw, [1, 2, 3], "slope", alt=lambda slope: f"A straight line of slope {slope}.")
"""


def code(source, *tags, **metadata):
    return new_code_cell(source.strip(), metadata={"tags": list(tags), **metadata})


def exercise(label, coded=False):
    fence = "```{exercise} Count\n:label: " + label + "\n\nCount to three.\n```\n"
    return new_markdown_cell(
        fence + "\n```{solution} " + label + "\n:class: dropdown\n\nOne, two, three.\n```"
    )


QUIZ = """\
quiz(
    question("Is $1 + 1$ the count?", ["yes", "no"], right=["no", "yes"][count == 2], why="It is."),
    question("Which are even?", ["2", "3", "4"], right=["2", "4"], why="Halve them."),
    question("Is three a count?", ["yes", "no"], right="yes", why="Of three things."),
)
"""


def example_chapter():
    """The smallest chapter that keeps every rule."""
    text = new_markdown_cell
    cells = [
        text(
            "# An example\n\nTwo is all there is.\n\n"
            ":::{admonition} In three lines\n:class: symbols\nThe count is $N$.\n:::\n\n"
            ":::{admonition} Goals\n:class: tip\nAfter this chapter you can\n\n"
            "- count cones\n"
            "- check a count\n\n**Before you start**: nothing.\n\n"
            "**Time**: 5 minutes to read, 2 seconds to run.\n:::"
        ),
        code(rules.COLAB_CELL, "remove-cell"),
        text(
            "## The question\n\nHow many {term}`activation patterns <activation pattern>` "
            "are there?"
        ),
        code(
            "import matplotlib.pyplot as plt\nimport numpy as np\n\nfig, ax = plt.subplots()\n"
            "_ = ax.plot([0, 1], [0, 1])\nplt.show()",
            "hide-input",
            mystnb=figure("fig-example-line"),
        ),
        text(
            "## The claim\n\n```{prf:theorem} Count\n:label: thm-example\n\n"
            "There are $N$ of them [derived](../sources.md#derived).\n```"
        ),
        text(
            "## The idea of the proof\n\nCount each {term}`cell` once.\n\n"
            "````{dropdown} Proof\n```{prf:proof}\nSee above.\n```\n````"
        ),
        text("## Numerical corner\n\nThe {term}`coupon` of $n = 3$."),
        code(
            "from relucones_book import sliders\nfrom relucones_book.quiz import quiz", "hide-input"
        ),
        code("rng = np.random.default_rng(0)\ncount = 2 + int(rng.integers(1))"),
        code("assert count == 2", "remove-cell"),
        text("## Experiment: once more"),
        code(SLIDER, "hide-input"),
        code('sliders.interact(draw, [1, 2, 3], "slope")', "remove-cell"),
        code("np.testing.assert_allclose(count, 2)", "remove-cell"),
        text("## What to remember\n\n- Two."),
        text("## Quiz"),
        code(QUIZ, "hide-input"),
        text("## Exercises"),
        exercise("ex-one"),
        exercise("ex-two"),
        exercise("ex-three"),
        code('answers.field("ex-three")', "remove-input"),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=cells, metadata=metadata)
    notebook.nbformat_minor = 5
    return notebook


def complaints(rule, notebook):
    return list(rule(rules.Notebook(notebook)))


@pytest.mark.parametrize("rule", rules.NOTEBOOK_RULES + rules.CHAPTER_RULES, ids=rules.label)
def test_correct_chapter_passes(rule):
    assert complaints(rule, example_chapter()) == []


def replace(old, new):
    """Change the first cell that holds ``old``."""

    def change(notebook):
        cell = next(c for c in notebook.cells if old in c.source)
        cell.source = cell.source.replace(old, new)

    return change


def edit(marker, action):
    def change(notebook):
        action(next(c for c in notebook.cells if marker in c.source))

    return change


def drop(marker):
    def change(notebook):
        notebook.cells.remove(next(c for c in notebook.cells if marker in c.source))

    return change


def add(cell, where=-1):
    return lambda notebook: notebook.cells.insert(where, cell)


def output(cell):
    cell.outputs = [new_output("stream", text="2")]


def tag(*tags):
    return lambda cell: cell.metadata.update(tags=list(tags))


DEFECTS = [
    (rules.r1_format, lambda nb: nb.metadata.kernelspec.update(name="conda-env")),
    (rules.r1_format, lambda nb: nb.cells[3].update(id=nb.cells[4].id)),
    (rules.r2_stored_without_outputs, edit("rng =", output)),
    (rules.r2_stored_without_outputs, edit("rng =", lambda c: c.update(execution_count=3))),
    (rules.r2_stored_without_outputs, edit("rng =", tag("keep_output"))),
    (rules.r2_stored_without_outputs, edit("rng =", tag("keep_output", "nbval-check-output"))),
    (rules.r3_colab_cell, drop("google.colab")),
    (rules.r3_colab_cell, replace("%pip install", "%pip install --upgrade")),
    (rules.r3_colab_cell, edit("google.colab", tag())),
    (rules.r4_short_cells_known_tags, replace("rng =", "# more\n" * 15 + "rng =")),
    (rules.r4_short_cells_known_tags, edit("rng =", tag("hide_input"))),
    (rules.r4_short_cells_known_tags, replace("def draw", "# more\n" * 60 + "def draw")),
    (rules.r5_no_machine_dependence, replace("rng =", "import sys\nsys.path.append('..')\nrng =")),
    (rules.r5_no_machine_dependence, replace("rng =", "%matplotlib inline\nrng =")),
    (rules.r5_no_machine_dependence, replace("rng =", "!ls\nrng =")),
    (rules.r5_no_machine_dependence, replace("rng =", "import time\nrng =")),
    (rules.r5_no_machine_dependence, replace("rng =", "from urllib.request import urlopen\nrng =")),
    (rules.r6_seeds, replace("rng =", "np.random.seed(0)\nrng =")),
    (rules.r6_seeds, replace("default_rng(0)", "default_rng()")),
    (rules.r6_seeds, replace("rng =", "from random import choice\nrng =")),
    (rules.r7_hidden_assertions, replace("assert count == 2", "two = 2\nassert count == two")),
    (rules.r7_hidden_assertions, replace("assert count == 2", "assert (two := count) == 2")),
    (rules.r7_hidden_assertions, replace("assert count == 2", "print(count)")),
    (rules.r7_hidden_assertions, edit("assert count", tag())),
    (rules.r8_figures_described, edit("plt.show", lambda c: c.metadata.pop("mystnb"))),
    (
        rules.r8_figures_described,
        edit("plt.show", lambda c: c.metadata.mystnb.image.update(alt="plot")),
    ),
    (
        rules.r8_figures_described,
        edit("plt.show", lambda c: c.metadata.mystnb.figure.update(caption="")),
    ),
    (
        rules.r8_figures_described,
        edit("plt.show", lambda c: c.metadata.mystnb.figure.update(name="Fig 1")),
    ),
    (rules.r8_figures_described, replace("plt.show()", "plt.show()\nx = 1")),
    (rules.r8_figures_described, add(code("fig, ax = plots.cones(3)"))),
    (rules.r7_hidden_assertions, add(code("count = 3  # no widget", "remove-cell"))),
    (rules.r9_widgets_are_extra, edit("sliders.interact", tag())),
    (rules.r9_widgets_are_extra, edit("sliders.interact", tag("remove-output"))),
    (rules.r9_widgets_are_extra, replace("sliders.interact", "count = 3\nsliders.interact")),
    (rules.r10_markdown_pictures_and_links, add(new_markdown_cell("![](picture.png)"))),
    (
        rules.r10_markdown_pictures_and_links,
        add(new_markdown_cell("![A fine picture](https://e.org/p.png)")),
    ),
    (rules.r10_markdown_pictures_and_links, add(new_markdown_cell("<img src='p.png'>"))),
    (
        rules.r10_markdown_pictures_and_links,
        add(new_markdown_cell("```{image} p.png\n:width: 10em\n```")),
    ),
    (rules.r10_markdown_pictures_and_links, add(new_markdown_cell("<script>f()</script>"))),
    (rules.r10_markdown_pictures_and_links, add(new_markdown_cell("<my-widget></my-widget>"))),
    (rules.r10_markdown_pictures_and_links, add(code("HTML('<script src=\"a.js\"></script>')"))),
    (rules.r11_folded, edit("import matplotlib", tag())),
    (rules.r11_folded, edit("from relucones_book import", tag())),
    (rules.r11_folded, edit("def draw", tag())),
    (rules.r11_folded, edit("quiz(", tag())),
    (rules.r11_folded, add(code("def more(x):\n    plots.cones(x)\n    return x"))),
    (rules.r11_folded, add(code('captions = {1: "A line that rises."}'))),
    (rules.r11_folded, add(code('def alt(m):\n    return f"A line of slope {m}."'))),
    (rules.r12_nothing_dead, add(code("count + 1", "remove-input", "remove-output"))),
    (rules.r12_nothing_dead, add(code("more = 3", "remove-input"))),
    (rules.r12_nothing_dead, add(code("count + 1", "hide-input", "remove-output"))),
    (rules.r12_nothing_dead, add(code("count + 1", "hide-cell"))),
    (rules.r13_no_typed_chapter_numbers, replace("See above", "See chapter 7")),
    (rules.r13_no_typed_chapter_numbers, replace("rng =", "# as in Chapter three\nrng =")),
    (rules.r14_no_printed_truth, add(code('print("your value", 3, "true value", 3)'))),
    (rules.r14_no_printed_truth, add(code("# The true value\ntruth = 3", "hide-input"))),
    (rules.c1_title, replace("# An example", "Hello")),
    (rules.c1_title, add(new_markdown_cell("# Another title"))),
    (rules.c2_goals, replace("- check a count\n", "")),
    (rules.c2_goals, replace("- check a count", "- understand cones")),
    (rules.c2_goals, replace("Before you start", "Hm")),
    (rules.c2_goals, replace("minutes to read", "pages")),
    (rules.c2_goals, replace("2 seconds to run", "200 seconds to run")),
    (rules.c2_goals, replace("{admonition} Goals", "{admonition} Aims")),
    (rules.c2_three_lines, replace("In three lines", "Symbols")),
    (rules.c2_three_lines, replace(":class: symbols", ":class: tip")),
    (rules.c2_three_lines, replace("The count is $N$.", "")),
    (rules.c2_three_lines, replace("The count is $N$.", "The count.\n" * 13)),
    (rules.c3_sections_in_order, replace("## The claim", "## Our claim")),
    (rules.c3_sections_in_order, replace("## Quiz", "## Questions")),
    (rules.c3_sections_in_order, replace("## What to remember", "## Experiment")),
    (rules.c3_sections_in_order, add(new_markdown_cell("## Afterword"), 99)),
    (rules.c4_picture_before_formula, drop("plt.show")),
    (rules.c4_picture_before_formula, replace("How many", "$$x = 1$$ How many")),
    (rules.c5_claims_have_sources, replace("[derived](../sources.md#derived)", "*derived here*")),
    (rules.c5_claims_have_sources, replace("sources.md#derived", "sources.md#cited")),
    (
        rules.c5_claims_have_sources,
        replace("[derived](../sources.md#derived)", "[cited](../sources.md#cited)"),
    ),
    (rules.c5_claims_have_sources, replace(":label: thm-example", "")),
    (rules.c5_claims_have_sources, replace("{prf:theorem}", "{prf:remark}")),
    (rules.c6_proof, replace("{prf:proof}", "{note}")),
    (rules.c6_proof, replace("{prf:proof}", "{prf:proof}\n:class: dropdown")),
    (rules.c7_numbers, drop("rng =")),
    (rules.c8_exercises, drop("ex-two")),
    (rules.c8_exercises, replace(":label: ex-two", "")),
    (rules.c8_exercises, replace("{solution} ex-two", "{solution} ex-too")),
    (rules.c8_exercises, replace(":class: dropdown\n\nOne", ":class: tip\n\nOne")),
    (rules.c9_self_check, drop("answers.field")),
    (rules.c9_self_check, edit("answers.field", tag("hide-input"))),
    (rules.c9_self_check, replace("answers.field", "count = 2\nanswers.field")),
    (rules.c9_self_check, replace('field("ex-three")', 'field("ex-four:angle")')),
    (rules.c9_self_check, replace('field("ex-three")', "field(label)")),
    (rules.c10_hidden_numbers_and_interaction, drop("assert count")),
    (rules.c10_hidden_numbers_and_interaction, drop("sliders.slider")),
    (rules.c10_hidden_numbers_and_interaction, edit("def draw", tag("remove-cell"))),
    (rules.c11_glossary_used, replace("{term}`coupon`", "coupon")),
    (rules.c12_picture_before_code, edit("import matplotlib", tag("remove-cell"))),
    (rules.c12_picture_before_code, add(code("count = 2"), 2)),
    (rules.c13_length, replace("Count each", "Count again. " * 1750 + "Count each")),
    (rules.c14_quiz, drop("quiz(")),
    (rules.c14_quiz, replace('    question("Is three', '    # question("Is three')),
    (rules.c14_quiz, replace("    question(", "    question(*more),\n" * 3 + "    question(")),
    (rules.c14_quiz, replace('["no", "yes"][count == 2]', '"yes"')),
]


@pytest.mark.parametrize(
    ("rule", "defect"), DEFECTS, ids=[f"{r.__name__}-{k}" for k, (r, _) in enumerate(DEFECTS)]
)
def test_rule_bites(rule, defect):
    chapter = nbformat.from_dict(example_chapter())
    defect(chapter)
    assert complaints(rule, chapter)


MAIN_LINE = [
    ("One two.", 2),
    ("$a + b$ is $$\n\\sum x\n$$", 3),
    ("See [the *title*](../part2/08_orthogonal.ipynb) {term}`cell`.", 4),
    ("```{prf:theorem} A title\n:label: thm-a\n\nThree words here.\n```", 3),
    ("````{dropdown} Proof\n```{prf:proof}\nNot counted.\n```\n````\nCounted.", 1),
    ("```{solution} ex-a\n:class: dropdown\n\nNot counted.\n```", 0),
    ("```{solution-start} ex-a\n```\n\nNot counted.\n\n```{solution-end}\n```\nCounted.", 1),
]


@pytest.mark.parametrize(("text", "words"), MAIN_LINE)
def test_words_of_the_main_line(text, words):
    notebook = new_notebook(cells=[new_markdown_cell(text)])
    assert len(rules.main_line(rules.Notebook(notebook))) == words


def test_an_explorable_is_a_picture():
    chapter = nbformat.from_dict(example_chapter())
    drop("plt.show")(chapter)
    drop("def draw")(chapter)
    add(new_markdown_cell("```{raw} html\n<cone-explorer></cone-explorer>\n```"), 3)(chapter)
    for rule in (
        rules.c4_picture_before_formula,
        rules.c10_hidden_numbers_and_interaction,
        rules.c12_picture_before_code,
        rules.r10_markdown_pictures_and_links,
    ):
        assert complaints(rule, chapter) == []


def test_every_rule_is_tried():
    assert {rule for rule, _ in DEFECTS} == set(rules.NOTEBOOK_RULES + rules.CHAPTER_RULES)
