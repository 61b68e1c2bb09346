r'''The rules of the notebooks, and the tests that enforce them.

Run ``pytest tests/book`` while you write; run ``make tidy`` before you commit
(it strips outputs and counts).  The rules have two levels.

EVERY NOTEBOOK (``book/**/*.ipynb``)
  R1  Valid notebook format 4.5, cell ids unique, kernel "python3", language Python.
  R2  Stored without outputs and execution counts.  Exception: a cell tagged with both
      ``keep_output`` and ``nbval-check-output``; nbval then compares its text.
  R3  The first code cell is tagged ``remove-cell`` and reads exactly as ``COLAB_CELL`` below
      (best as the second cell of the notebook, right under the title).
  R4  A code cell has 1 to 15 lines (blank lines and comments count; the Colab cell does not).
      Only the tags of ``KNOWN_TAGS``.
  R5  No ``sys.path``, no ``os.chdir``, no shell lines (``!``) and no magics outside the Colab
      cell, no network, no clock (``time``, ``datetime``, ``timeit``).
  R6  Randomness only through ``np.random.default_rng(SEED)`` with a seed: no other
      ``np.random.*``, no ``import random``.
  R7  A ``remove-cell`` cell (other than the Colab cell) asserts and defines nothing: it holds
      only ``assert`` statements and calls of ``np.testing.assert_*``; no ``:=``.
      Every assertion goes there: a visible cell has no bare ``assert``.
  R8  A cell that draws (it calls ``plt.show()`` or ``plots.something(...)`` or
      ``figures.something(...)`` outside a function)
      ends with ``plt.show()`` and carries this metadata::

          "mystnb": {"image":  {"alt": "what is seen, 30 characters or more"},
                     "figure": {"caption": "what it means", "name": "fig-lower-case-with-hyphens"}}

      The name is unique in the book.  Exempt: cells tagged ``remove-output``, and the
      sliders (R9), whose frames carry their own alt text.
  R9  Live widgets are an extra: a cell that mentions ``ipywidgets``, ``interact`` or
      ``widgets.`` is tagged ``remove-output``.  Readers of the site get a pre-drawn
      ``sliders.slider(...)`` instead; ``sliders.interact(...)`` moves the same figure live.
  R10 Pictures in markdown have alt text and are local; links to other pages are relative
      without host.  No raw ``<img>``, ``<script>``, ``<iframe>``.

EVERY CHAPTER (``book/part*/*.ipynb``), in addition
  C1  The first cell is markdown and starts with the only ``# Title`` of the notebook.
  C2  Before the first section stands an admonition titled ``Goals`` with at least two bullets
      that begin with a verb one can test (not "understand", "know", "learn", "be"), the words
      ``Before you start`` (what to know first), and ``NN minutes to read`` and
      ``NN seconds to run`` (at most 60 seconds)::

          :::{admonition} Goals
          :class: tip
          After this chapter you can

          - count ...
          - check ...

          **Before you start**: ...
          **Time**: 25 minutes to read, 20 seconds to run.
          :::

  C3  Sections (``##``), in this order: ``The question``, ``The claim``,
      ``The idea of the proof``, ``The proof`` (optional), ``Numerical corner``,
      ``Experiment``, ``What to remember``, ``Exercises``.  A heading may go on after a colon
      ("## Experiment: repeated rows").  Other sections may stand between them, but nothing
      comes after ``Exercises``.
  C4  ``The question`` holds a picture or a slider, and comes to it before any displayed formula.
  C5  ``The claim`` holds a ``{prf:theorem}``, ``{prf:proposition}``, ``{prf:lemma}`` or
      ``{prf:corollary}``.  Each such block of the chapter has a ``:label:`` and says
      where it comes from: a ``{cite}`` role or the words ``*derived here*``.
  C6  At least one ``{prf:proof}`` between ``The idea of the proof`` and ``Exercises``.
      A long one is folded by putting it inside a ``{dropdown}``; ``:class: dropdown`` on a
      ``{prf:proof}`` is an error, since it breaks the script that folds the solutions::

          ````{dropdown} Proof of Theorem ...
          ```{prf:proof}
          ...
          ```
          ````
  C7  ``Numerical corner`` and ``Experiment`` each hold at least one visible code cell.
  C8  At least three exercises, each ``{exercise}`` (or ``{exercise-start}``) with a
      ``:label:`` and each with a ``{solution} label`` (or ``{solution-start}``) that has
      ``:class: dropdown``.
  C9  A self-check: at least one code cell under ``Exercises`` prints ``your value`` and
      ``true value``.
  C10 At least two ``remove-cell`` assertion cells, one ``slider(`` call, and one live widget
      cell (R9).
  C11 At least three ``{term}`` roles, so that the glossary is used.

How a rule is written: a function of one notebook that returns a list of complaints, each
naming the cell.  ``test_rules_bite.py`` breaks a correct chapter once for every rule.
'''

import ast
import copy
import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"

COLAB_CELL = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q "git+https://github.com/cones-and-coupons/cones-and-coupons#subdirectory=lib"
"""

KNOWN_TAGS = {
    "remove-cell", "remove-input", "remove-output",
    "hide-cell", "hide-input", "hide-output",
    "keep_output", "nbval-check-output", "nbval-ignore-output",
    "raises-exception", "scroll-output", "full-width", "margin",
}
MAX_LINES = 15
MAX_SECONDS = 60
SECTIONS = [
    "The question", "The claim", "The idea of the proof", "The proof", "Numerical corner",
    "Experiment", "What to remember", "Exercises",
]
OPTIONAL_SECTIONS = {"The proof"}
CLAIMS = ("prf:theorem", "prf:proposition", "prf:lemma", "prf:corollary")
VAGUE_VERBS = ("understand", "know", "learn", "be ", "see ", "get ")
# Functions of ``plots`` and ``figures`` that hand back no picture of their own.
NOT_PICTURES = ("color", "use_", "set_", "describe_", "name_", "bits")


# ---------------------------------------------------------------------------------------------
# Reading a notebook


@dataclass
class Block:
    """A directive: its name, argument, options and body."""

    name: str
    argument: str
    options: dict
    body: str
    section: str | None


@dataclass
class Piece:
    """A code cell, or the stretch of a markdown cell that lies in one section."""

    kind: str
    text: str
    section: str | None
    index: int
    tags: set = field(default_factory=set)
    metadata: dict = field(default_factory=dict)


class Notebook:
    def __init__(self, node, name="notebook"):
        self.node, self.name = node, name
        self.cells = node.cells
        self.headings = []  # (level, text) in order
        self.pieces = list(self._pieces())
        self.code = [p for p in self.pieces if p.kind == "code"]
        self.markdown = [p for p in self.pieces if p.kind == "markdown"]
        self.colab = self.code[0] if self.code else None

    @classmethod
    def read(cls, path):
        # Not nbformat.read, which mends repeated ids on the way in.
        node = nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))
        for cell in node.cells:
            if isinstance(cell.source, list):
                cell.source = "".join(cell.source)
        return cls(node, str(path.relative_to(ROOT)))

    def _pieces(self):
        section = None
        for index, cell in enumerate(self.cells):
            if cell.cell_type == "code":
                tags = set(cell.metadata.get("tags", []))
                yield Piece("code", cell.source, section, index, tags, cell.metadata)
            if cell.cell_type != "markdown":
                continue
            lines, fence = [], None
            for line in cell.source.splitlines():
                mark = re.match(r"\s*(`{3,}|:{3,}|~{3,})", line)
                if mark and fence is None:
                    fence = mark[1]
                elif mark and mark[1].startswith(fence) and line.strip() == mark[1]:
                    fence = None
                heading = None if fence else re.match(r"(#{1,6})\s+(.*)", line)
                if heading:
                    self.headings.append((len(heading[1]), heading[2].strip()))
                    if len(heading[1]) == 2:
                        if lines:
                            yield Piece("markdown", "\n".join(lines), section, index)
                        section, lines = heading[2].strip(), []
                lines.append(line)
            if lines:
                yield Piece("markdown", "\n".join(lines), section, index)

    def blocks(self, *names):
        """The directives with one of these names, in order (nested ones included)."""
        found = []
        for piece in self.markdown:
            lines = piece.text.splitlines()
            for k, line in enumerate(lines):
                start = re.match(r"\s*(`{3,}|:{3,}|~{3,})\{([\w:-]+)\}\s*(.*)", line)
                if not start or start[2] not in names:
                    continue
                body = list(itertools.takewhile(lambda s, end=start[1]: s.strip() != end, lines[k + 1 :]))
                options = {}
                while body and (option := re.match(r"\s*:([\w-]+):\s*(.*)", body[0])):
                    options[option[1]] = option[2].strip()
                    body = body[1:]
                found.append(
                    Block(start[2], start[3].strip(), options, "\n".join(body), piece.section)
                )
        return found

    def section(self, name):
        return [p for p in self.pieces if p.section and section_name(p.section) == name]

    def user_code(self):
        """Code cells without the Colab cell."""
        return self.code[1:]


def section_name(heading):
    """'Experiment: repeated rows' -> 'Experiment'."""
    return heading.split(":")[0].strip()


def tree(piece):
    """The syntax tree of a cell, or None where IPython's own syntax is used (R5 reports it)."""
    try:
        return ast.parse(piece.text)
    except SyntaxError:
        return None


def dotted(node):
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else None
    return node.id if isinstance(node, ast.Name) else None


def calls(node, inside_functions=True):
    """Dotted names of the functions a tree calls."""
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, ast.Call) and (name := dotted(top.func)):
            yield name
        for child in ast.iter_child_nodes(top):
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if inside_functions or not is_function:
                stack.append(child)


def is_slider(piece):
    return (t := tree(piece)) is not None and any(c.split(".")[-1] == "slider" for c in calls(t))


def is_widget(piece):
    return bool(re.search(r"\bipywidgets\b|\binteract(ive|_manual)?\b|\bwidgets\.", piece.text))


def draws(piece):
    if piece.tags & {"remove-output", "remove-cell"} or (t := tree(piece)) is None:
        return False
    names = list(calls(t, inside_functions=False))
    return "plt.show" in names or any(
        n.startswith(("plots.", "figures.")) and not n.split(".")[1].startswith(NOT_PICTURES)
        for n in names
    )


def is_assertion(statement):
    if isinstance(statement, ast.Assert):
        return True
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        name = dotted(statement.value.func) or ""
        return name.startswith("np.testing.assert_")
    return False


def at(piece):
    first = piece.text.strip().splitlines()[0] if piece.text.strip() else "(empty)"
    return f"cell {piece.index} ({first[:60]!r})"


# ---------------------------------------------------------------------------------------------
# Rules for every notebook


def r1_format(nb):
    ids = [cell.get("id") for cell in nb.cells]
    if None in ids or len(set(ids)) != len(ids):
        yield "cell ids are missing or repeated"
    else:
        try:
            nbformat.validate(copy.deepcopy(nb.node))  # a copy: it mends some of what it finds
        except nbformat.ValidationError as error:
            yield f"not a valid notebook: {str(error).splitlines()[0]}"
    if (nb.node.nbformat, nb.node.nbformat_minor) < (4, 5):
        yield f"format {nb.node.nbformat}.{nb.node.nbformat_minor}, expected 4.5"
    kernel = nb.node.metadata.get("kernelspec", {})
    if kernel.get("name") != "python3" or kernel.get("language", "python") != "python":
        yield f"kernelspec is {dict(kernel)}, expected the name 'python3'"


def r2_stored_without_outputs(nb):
    for piece in nb.code:
        cell = nb.cells[piece.index]
        kept = {"keep_output", "nbval-check-output"} & piece.tags
        if len(kept) == 1:
            yield f"{at(piece)}: tags keep_output and nbval-check-output go together"
        if cell.outputs and len(kept) < 2:
            yield f"{at(piece)}: stored output (run `make tidy`)"
        if len(kept) == 2 and not cell.outputs:
            yield f"{at(piece)}: keep_output, but no output is stored"
        if cell.execution_count is not None:
            yield f"{at(piece)}: execution count {cell.execution_count} (run `make tidy`)"


def r3_colab_cell(nb):
    if nb.colab is None:
        yield "no code cell; use a .md page for prose"
        return
    if nb.colab.text.strip() != COLAB_CELL.strip():
        yield f"{at(nb.colab)}: the first code cell is not COLAB_CELL"
    if "remove-cell" not in nb.colab.tags:
        yield f"{at(nb.colab)}: the Colab cell lacks the tag remove-cell"


def r4_short_cells_known_tags(nb):
    for piece in nb.user_code():
        lines = len(piece.text.splitlines())
        if not 1 <= lines <= MAX_LINES:
            yield f"{at(piece)}: {lines} lines, expected 1 to {MAX_LINES}"
    for index, cell in enumerate(nb.cells):
        if unknown := set(cell.metadata.get("tags", [])) - KNOWN_TAGS:
            yield f"cell {index}: unknown tags {sorted(unknown)}"


FORBIDDEN = {
    r"\bsys\.path\b": "sys.path",
    r"\bos\.chdir\b": "os.chdir",
    r"^\s*[!%]": "a shell line or a magic",
    r"\b(import|from)\s+(time|datetime|timeit)\b|\bperf_counter\b": "a clock",
    r"\b(requests|urllib|httpx|urlretrieve|wget)\b|https?://": "the network",
}


def r5_no_machine_dependence(nb):
    for piece in nb.user_code():
        for pattern, what in FORBIDDEN.items():
            if re.search(pattern, piece.text, re.MULTILINE):
                yield f"{at(piece)}: uses {what}"
        if tree(piece) is None and "raises-exception" not in piece.tags:
            yield f"{at(piece)}: not plain Python"


def r6_seeds(nb):
    for piece in nb.user_code():
        for used in re.findall(r"\bnp\.random\.(\w+)|\bnumpy\.random\.(\w+)", piece.text):
            if (name := "".join(used)) not in {"default_rng", "Generator", "SeedSequence"}:
                yield f"{at(piece)}: np.random.{name}; use np.random.default_rng(SEED)"
        if re.search(r"\bdefault_rng\(\s*\)", piece.text):
            yield f"{at(piece)}: default_rng() without a seed"
        if re.search(r"^\s*(import|from)\s+random\b", piece.text, re.MULTILINE):
            yield f"{at(piece)}: module random; use np.random.default_rng(SEED)"


def r7_hidden_assertions(nb):
    for piece in nb.user_code():
        if (t := tree(piece)) is None:
            continue
        if "remove-cell" in piece.tags:
            if not t.body or not all(is_assertion(s) for s in t.body):
                yield f"{at(piece)}: a remove-cell cell holds assertions only"
            if any(isinstance(node, ast.NamedExpr) for node in ast.walk(t)):
                yield f"{at(piece)}: a remove-cell cell defines nothing, := does"
        elif any(isinstance(node, ast.Assert) for node in ast.walk(t)):
            yield f"{at(piece)}: an assertion in a visible cell; tag its own cell remove-cell"


def r8_figures_described(nb):
    for piece in nb.code:
        if not draws(piece):
            continue
        last = tree(piece).body[-1]
        if not (isinstance(last, ast.Expr) and "plt.show" in calls(last)):
            yield f"{at(piece)}: a cell that draws ends with plt.show()"
        mystnb = piece.metadata.get("mystnb", {})
        alt = mystnb.get("image", {}).get("alt", "")
        figure = mystnb.get("figure", {})
        if len(alt.strip()) < 30:
            yield f"{at(piece)}: mystnb.image.alt is missing or shorter than 30 characters"
        if len(figure.get("caption", "").strip()) < 20:
            yield f"{at(piece)}: mystnb.figure.caption is missing or shorter than 20 characters"
        if alt and alt.strip() == figure.get("caption", "").strip():
            yield f"{at(piece)}: alt text repeats the caption; say what is seen"
        if not re.fullmatch(r"fig-[a-z0-9]+(-[a-z0-9]+)*", figure.get("name", "")):
            yield f"{at(piece)}: mystnb.figure.name {figure.get('name')!r}, expected 'fig-some-words'"


def r9_widgets_are_extra(nb):
    for piece in nb.user_code():
        if is_widget(piece) and "remove-output" not in piece.tags:
            yield f"{at(piece)}: live widgets need the tag remove-output"


def r10_markdown_pictures_and_links(nb):
    for piece in nb.markdown:
        for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", piece.text):
            if len(alt.strip()) < 10:
                yield f"{at(piece)}: picture {target} has no alt text"
            if "//" in target:
                yield f"{at(piece)}: picture {target} is not local"
        for block in re.findall(r"\{(?:image|figure)\}\s*(\S+)([\s\S]*?)(?:```|:::)", piece.text):
            if ":alt:" not in block[1]:
                yield f"{at(piece)}: picture {block[0]} has no :alt:"
        if tag := re.search(r"<(img|script|iframe|video|link)\b", piece.text):
            yield f"{at(piece)}: raw <{tag[1]}>"


# ---------------------------------------------------------------------------------------------
# Rules for chapters


def c1_title(nb):
    first = nb.cells[0] if nb.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell is not markdown that starts with '# Title'"
    titles = [text for level, text in nb.headings if level == 1]
    if len(titles) != 1:
        yield f"{len(titles)} titles (#), expected one: {titles}"


def c2_goals(nb):
    goals = [b for b in nb.blocks("admonition") if b.argument == "Goals"]
    if len(goals) != 1 or goals[0].section is not None:
        yield "expected one admonition titled Goals before the first section"
        return
    body = goals[0].body
    bullets = re.findall(r"^\s*[-*] (.*)", body, re.MULTILINE)
    if len(bullets) < 2:
        yield f"Goals has {len(bullets)} bullets, expected at least two"
    for bullet in bullets:
        if bullet.lower().startswith(VAGUE_VERBS):
            yield f"Goals: {bullet!r} starts with a verb nobody can test"
    if "Before you start" not in body:
        yield "Goals lacks 'Before you start'"
    if not re.search(r"\d+ minutes to read", body):
        yield "Goals lacks 'NN minutes to read'"
    seconds = re.search(r"(\d+) seconds to run", body)
    if not seconds or int(seconds[1]) > MAX_SECONDS:
        yield f"Goals lacks 'NN seconds to run' with at most {MAX_SECONDS}"


def c3_sections_in_order(nb):
    names = [section_name(text) for level, text in nb.headings if level == 2]
    ours = [n for n in names if n in SECTIONS]
    wanted = [s for s in SECTIONS if s in ours or s not in OPTIONAL_SECTIONS]
    if ours != wanted:
        yield f"sections are {ours}, expected {wanted}"
    if names and names[-1] != "Exercises":
        yield f"the last section is {names[-1]!r}, expected 'Exercises'"


def c4_picture_before_formula(nb):
    for piece in nb.section("The question"):
        if piece.kind == "code" and (draws(piece) or is_slider(piece)):
            return
        if piece.kind == "markdown":
            picture = re.search(r"!\[|\{(image|figure)\}", piece.text)
            formula = re.search(r"\$\$|\{math\}|\\begin\{(align|equation|gather)", piece.text)
            if formula and (not picture or formula.start() < picture.start()):
                yield f"{at(piece)}: a displayed formula before the first picture of 'The question'"
                return
            if picture:
                return
    yield "'The question' holds no picture"


def c5_claims_have_sources(nb):
    blocks = nb.blocks(*CLAIMS)
    if not any(b.section and section_name(b.section) == "The claim" for b in blocks):
        yield "'The claim' holds no {prf:theorem}, {prf:proposition}, {prf:lemma} or {prf:corollary}"
    for block in blocks:
        where = f"{{{block.name}}} {block.argument}"
        if "label" not in block.options:
            yield f"{where}: no :label:"
        if not re.search(r"\{cite(:\w+)?\}`|\*derived here\*", block.argument + block.body):
            yield f"{where}: neither {{cite}} nor *derived here*"


def c6_proof(nb):
    names = [section_name(text) for level, text in nb.headings if level == 2]
    if "The idea of the proof" not in names or "Exercises" not in names:
        return  # C3 reports it
    between = names[names.index("The idea of the proof") : names.index("Exercises")]
    proofs = nb.blocks("prf:proof")
    if not any(b.section and section_name(b.section) in between for b in proofs):
        yield "no {prf:proof} between 'The idea of the proof' and 'Exercises'"
    if any("dropdown" in b.options.get("class", "") for b in proofs):
        yield "a {prf:proof} with ':class: dropdown'; put it inside a {dropdown} instead"


def c7_numbers(nb):
    for name in ("Numerical corner", "Experiment"):
        pieces = nb.section(name)
        if not any(p.kind == "code" and "remove-cell" not in p.tags for p in pieces):
            yield f"'{name}' holds no visible code cell"


def c8_exercises(nb):
    exercises = nb.blocks("exercise", "exercise-start")
    if len(exercises) < 3:
        yield f"{len(exercises)} exercises, expected at least three"
    solutions = {b.argument: b for b in nb.blocks("solution", "solution-start")}
    for exercise in exercises:
        label = exercise.options.get("label")
        if not label:
            yield f"exercise {exercise.argument!r} has no :label:"
        elif label not in solutions:
            yield f"exercise {label} has no {{solution}} {label}"
        elif "dropdown" not in solutions[label].options.get("class", ""):
            yield f"the solution of {label} lacks ':class: dropdown'"


def c9_self_check(nb):
    cells = [p for p in nb.section("Exercises") if p.kind == "code"]
    if not any("your value" in p.text and "true value" in p.text for p in cells):
        yield "no code cell under 'Exercises' prints 'your value' and 'true value'"


def c10_hidden_numbers_and_interaction(nb):
    hidden = [p for p in nb.user_code() if "remove-cell" in p.tags]
    if len(hidden) < 2:
        yield f"{len(hidden)} hidden assertion cells, expected at least two"
    if not any(is_slider(p) for p in nb.code):
        yield "no slider(...) for readers without a kernel"
    if not any(is_widget(p) for p in nb.code):
        yield "no live widget for readers with a kernel"


def c11_glossary_used(nb):
    used = sum(len(re.findall(r"\{term\}`", p.text)) for p in nb.markdown)
    if used < 3:
        yield f"{used} {{term}} roles, expected at least three"


NOTEBOOK_RULES = [
    r1_format, r2_stored_without_outputs, r3_colab_cell, r4_short_cells_known_tags,
    r5_no_machine_dependence, r6_seeds, r7_hidden_assertions, r8_figures_described,
    r9_widgets_are_extra, r10_markdown_pictures_and_links,
]
CHAPTER_RULES = [
    c1_title, c2_goals, c3_sections_in_order, c4_picture_before_formula, c5_claims_have_sources,
    c6_proof, c7_numbers, c8_exercises, c9_self_check, c10_hidden_numbers_and_interaction,
    c11_glossary_used,
]


# ---------------------------------------------------------------------------------------------
# The tests


def pages(pattern):
    return sorted(p for p in BOOK.glob(pattern) if ".ipynb_checkpoints" not in p.parts)


def label(value):
    return value.__name__ if callable(value) else str(value.relative_to(BOOK))


@pytest.mark.parametrize("path", pages("**/*.ipynb"), ids=label)
@pytest.mark.parametrize("rule", NOTEBOOK_RULES, ids=label)
def test_notebook(path, rule):
    complaints = list(rule(Notebook.read(path)))
    assert not complaints, "\n".join([f"{path.name} breaks {rule.__name__}:", *complaints])


@pytest.mark.parametrize("path", pages("part*/*.ipynb"), ids=label)
@pytest.mark.parametrize("rule", CHAPTER_RULES, ids=label)
def test_chapter(path, rule):
    complaints = list(rule(Notebook.read(path)))
    assert not complaints, "\n".join([f"{path.name} breaks {rule.__name__}:", *complaints])


def test_figure_names_are_unique_in_the_book():
    owner = {}
    for path in pages("**/*.ipynb"):
        for piece in Notebook.read(path).code:
            name = piece.metadata.get("mystnb", {}).get("figure", {}).get("name")
            if name:
                assert name not in owner, f"{name} stands in {owner[name]} and {path.name}"
                owner[name] = path.name
