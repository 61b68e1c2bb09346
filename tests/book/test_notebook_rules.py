r"""The rules of the notebooks, and the tests that enforce them.

Run ``pytest tests/book`` while you write; run ``make tidy`` before you commit
(it strips outputs and counts).  The rules have two levels.

EVERY NOTEBOOK (``book/**/*.ipynb``)
  R1  Valid notebook format 4.5, cell ids unique, kernel "python3", language Python.
  R2  Stored without outputs and execution counts.  Exception: a cell tagged with both
      ``keep_output`` and ``nbval-check-output``; nbval then compares its text.
  R3  The first code cell is tagged ``remove-cell`` and reads exactly as ``COLAB_CELL`` below
      (best as the second cell of the notebook, right under the title).
  R4  A code cell that shows its code has 1 to 15 lines (blank lines and comments count; the
      Colab cell does not), a folded or hidden one at most 60.  Only the tags of ``KNOWN_TAGS``.
  R5  No ``sys.path``, no ``os.chdir``, no shell lines (``!``) and no magics outside the Colab
      cell, no network, no clock (``time``, ``datetime``, ``timeit``).
  R6  Randomness only through ``np.random.default_rng(SEED)`` with a seed: no other
      ``np.random.*``, no ``import random``.
  R7  A ``remove-cell`` cell (other than the Colab cell) asserts and defines nothing: it holds
      only ``assert`` statements and calls of ``np.testing.assert_*``; no ``:=``.  Or it is a
      live widget (R9).  Every assertion goes there: a cell of the page has no bare ``assert``.
  R8  A cell that draws (it calls ``plt.show()`` or ``plots.something(...)`` or
      ``figures.something(...)`` outside a function)
      ends with ``plt.show()`` and carries this metadata::

          "mystnb": {"image":  {"alt": "what is seen, 30 characters or more"},
                     "figure": {"caption": "what it means", "name": "fig-lower-case-with-hyphens"}}

      The name is unique in the book.  Exempt: cells tagged ``remove-output``, and the
      sliders (R9), whose frames carry their own alt text.
  R9  Live widgets are for readers with a kernel: a cell that mentions ``ipywidgets``,
      ``interact`` or ``widgets.`` is tagged ``remove-cell`` and holds nothing but
      ``sliders.interact(...)``.  The page has the pre-drawn ``sliders.slider(...)``.
  R10 Pictures in markdown have alt text and are local; links to other pages are relative
      without host.  No raw ``<img>``, ``<script>``, ``<iframe>``, and no ``<script`` in code:
      what moves is a custom element of ``ELEMENTS``, and its module comes with the page.
  R11 Code that draws, or only imports, or only holds words is folded.  A cell tagged
      ``hide-input`` is one that

      - holds only imports (and calls that set a style),
      - holds only texts: captions, alternative texts, functions that return them,
      - draws, or defines a function that draws, or makes a slider or a quiz.

      All else that stays visible is there to be read.
  R12 Nothing dead on the page: no cell whose code is hidden for good (``remove-input``) without
      something to show in its last line, and none that shows neither code nor output.
  R13 No typed chapter numbers, which change when a chapter is split: link a chapter by its
      title, ``[Orthogonal data](../part2/08_orthogonal.ipynb)``.
  R14 No printed truth: no cell of the page writes ``your value`` or ``true value``, and the truth
      of an exercise stands in no folded cell.  A field takes the answer (C9).

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

      There, too, stands a box with the loss, lambda and the symbols, in three lines::

          :::{admonition} In three lines
          :class: symbols
          ...
          :::

  C3  Sections (``##``), in this order: ``The question``, ``The claim``,
      ``The idea of the proof``, ``The proof`` (optional), ``Numerical corner``,
      ``Experiment``, ``What to remember``, ``Quiz``, ``Exercises``.  A heading may go on after a
      colon ("## Experiment: repeated rows").  Other sections may stand between them, but nothing
      comes after ``Exercises``.
  C4  ``The question`` holds a picture, a slider or an explorable, and comes to it before any
      displayed formula.
  C5  ``The claim`` holds a ``{prf:theorem}``, ``{prf:proposition}``, ``{prf:lemma}`` or
      ``{prf:corollary}``.  Each such block of the chapter has a ``:label:`` and a mark that
      says where it comes from: ``[cited](../sources.md#cited)`` with a ``{cite}`` role,
      ``[derived](../sources.md#derived)`` or ``[measured](../sources.md#measured)``.
  C6  At least one ``{prf:proof}`` between ``The idea of the proof`` and ``Exercises``.
      A long one is folded by putting it inside a ``{dropdown}``; ``:class: dropdown`` on a
      ``{prf:proof}`` is an error, since it breaks the script that folds the solutions::

          ````{dropdown} Proof of Theorem ...
          ```{prf:proof}
          ...
          ```
          ````
  C7  ``Numerical corner`` and ``Experiment`` each hold at least one code cell of the page that
      does more than import.
  C8  At least three exercises, each ``{exercise}`` (or ``{exercise-start}``) with a
      ``:label:`` and each with a ``{solution} label`` (or ``{solution-start}``) that has
      ``:class: dropdown``.
  C9  A self-check: under ``Exercises`` at least one cell tagged ``remove-input`` whose only line
      is ``answers.field("ex-label")``, with the label of an exercise of the chapter (and a suffix,
      ``"ex-label:angle"``, where it asks for several numbers).
      The truth lives in ``lib/relucones_book/answers/keys``.
  C10 At least two ``remove-cell`` assertion cells, and one slider or explorable.
  C11 At least three ``{term}`` roles, so that the glossary is used.
  C12 The first picture stands before the first visible code.
  C13 At most 3,500 words on the main line: markdown outside ``{dropdown}``, ``{solution}`` and
      ``{prf:proof}``.
  C14 ``Quiz`` holds three to five questions: one cell tagged ``hide-input`` that ends with
      ``quiz(...)``; longer questions may be made in folded cells before it.  The key of at least
      one is computed: its ``right`` is no literal.

How a rule is written: a function of one notebook that returns a list of complaints, each
naming the cell.  ``test_rules_bite.py`` breaks a correct chapter once for every rule.
"""

import ast
import copy
import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from relucones_book import answers

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"

COLAB_CELL = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q "git+https://github.com/cones-and-coupons/cones-and-coupons#subdirectory=lib"
"""

KNOWN_TAGS = {
    "remove-cell",
    "remove-input",
    "remove-output",
    "hide-cell",
    "hide-input",
    "hide-output",
    "keep_output",
    "nbval-check-output",
    "nbval-ignore-output",
    "raises-exception",
    "scroll-output",
    "full-width",
    "margin",
}
MAX_LINES = 15
MAX_FOLDED_LINES = 60
MAX_WORDS = 3500
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
# Custom elements that notebooks may hold; their modules come with the page.
EXPLORABLES = {"cone-explorer"}
ELEMENTS = {"answer-field", "quiz-box", "frame-slider"} | EXPLORABLES
MAX_SECONDS = 60
SECTIONS = [
    "The question",
    "The claim",
    "The idea of the proof",
    "The proof",
    "Numerical corner",
    "Experiment",
    "What to remember",
    "Quiz",
    "Exercises",
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
                body = list(
                    itertools.takewhile(lambda s, end=start[1]: s.strip() != end, lines[k + 1 :])
                )
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


def custom_elements(text):
    return re.findall(r"</?([a-z][a-z0-9]*(?:-[a-z]+)+)(?=[\s>])", text)


def is_explorable(piece):
    return piece.kind == "markdown" and bool(EXPLORABLES & set(custom_elements(piece.text)))


def is_picture(piece):
    """Whether a reader of the page sees something there that is no text."""
    if piece.kind == "code":
        return "remove-cell" not in piece.tags and (draws(piece) or is_slider(piece))
    return is_explorable(piece) or bool(re.search(r"!\[|\{(image|figure)\}", piece.text))


DRAWING = re.compile(r"(plt|ax|axes|fig|figure|plots|figures)\b.*")


def draws_anywhere(piece):
    """Whether a cell draws, or defines what draws."""
    return (t := tree(piece)) is not None and any(
        DRAWING.fullmatch(name) and not name.split(".")[-1].startswith(NOT_PICTURES)
        for name in calls(t)
        if "." in name
    )


def is_import(statement):
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        name = (dotted(statement.value.func) or "").split(".")[-1]
        return name.startswith(("use_", "set_"))
    return isinstance(statement, ast.Import | ast.ImportFrom)


def is_words(statement):
    """A caption or alternative text, or a function that returns one."""
    if isinstance(statement, ast.FunctionDef):
        *before, last = statement.body
        return not before and isinstance(last, ast.Return) and is_text(last.value)
    return isinstance(statement, ast.Assign) and is_text(statement.value)


def is_text(node):
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp):
        return is_text(node.left) and is_text(node.right)
    if isinstance(node, ast.Lambda):
        return is_text(node.body)
    if isinstance(node, ast.List | ast.Tuple):
        return bool(node.elts) and all(map(is_text, node.elts))
    if isinstance(node, ast.Dict):
        return bool(node.values) and all(map(is_text, node.values))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value


def shows_something(piece):
    """Whether the last line of a cell, or a print, leaves an output."""
    if (t := tree(piece)) is None or not t.body:
        return "raises-exception" in piece.tags
    return isinstance(t.body[-1], ast.Expr) or "print" in set(calls(t, inside_functions=False))


def question_calls(pieces):
    for piece in pieces:
        if piece.kind == "code" and (t := tree(piece)) is not None:
            for node in ast.walk(t):
                if isinstance(node, ast.Call) and (dotted(node.func) or "").endswith("question"):
                    yield node


def main_line(nb):
    """The words of the text without what is folded: proofs, solutions, dropdowns."""
    kept, fence, gated = [], None, False
    for cell in nb.cells:
        if cell.cell_type != "markdown":
            continue
        for line in cell.source.splitlines():
            mark = re.match(r"\s*(`{3,}|:{3,}|~{3,})(\{[\w:-]+\})?", line)
            name = (mark[2] or "").strip("{}") if mark else ""
            if fence is not None:
                if mark and line.strip() == fence:
                    fence = None
            elif name in {"solution-start", "solution-end"}:
                gated = name == "solution-start"
                fence = mark[1]
            elif name in FOLDED_BLOCKS:
                fence = mark[1]
            elif not gated and not mark and not re.match(r"\s*:[\w-]+:\s", line):
                kept.append(line)
    text = re.sub(r"\$\$.*?\$\$", " formula ", "\n".join(kept), flags=re.DOTALL)
    text = re.sub(r"\$[^$]+\$", " formula ", text)
    text = re.sub(r"\]\([^)]*\)|\{\w[\w:-]*\}", "]", text)
    return re.findall(r"\w[\w'’.,-]*", text)


FOLDED_BLOCKS = {"dropdown", "solution", "prf:proof"}


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
        most = MAX_FOLDED_LINES if piece.tags & FOLDED else MAX_LINES
        if not 1 <= lines <= most:
            yield f"{at(piece)}: {lines} lines, expected 1 to {most}"
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
        if "remove-cell" in piece.tags and not is_widget(piece):
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
            name = figure.get("name")
            yield f"{at(piece)}: mystnb.figure.name {name!r}, expected 'fig-some-words'"


def r9_widgets_are_extra(nb):
    for piece in nb.user_code():
        if not is_widget(piece):
            continue
        if "remove-cell" not in piece.tags:
            yield f"{at(piece)}: live widgets need the tag remove-cell"
        if (t := tree(piece)) is not None and not all(
            isinstance(s, ast.Expr)
            and isinstance(s.value, ast.Call)
            and (dotted(s.value.func) or "").endswith("interact")
            for s in t.body
        ):
            yield f"{at(piece)}: a live widget is one call of sliders.interact(...) in its own cell"


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
        prose = re.sub(r"`[^`\n]*`|\$[^$]*\$", "", piece.text)
        if unknown := set(custom_elements(prose)) - ELEMENTS:
            yield f"{at(piece)}: custom elements {sorted(unknown)}, which no module defines"
    for piece in nb.user_code():
        if "<script" in piece.text:
            yield f"{at(piece)}: a script; write a module and a custom element"


def r11_folded(nb):
    for piece in nb.user_code():
        if piece.tags & FOLDED or (t := tree(piece)) is None or not t.body:
            continue
        if all(map(is_import, t.body)):
            what = "only imports"
        elif all(is_import(s) or is_words(s) for s in t.body):
            what = "only holds words"
        elif draws_anywhere(piece):
            what = "draws"
        elif is_slider(piece) or any(c.split(".")[-1] in {"quiz", "question"} for c in calls(t)):
            what = "makes a slider or a quiz"
        else:
            continue
        yield f"{at(piece)}: {what}, and is not tagged hide-input"


def r12_nothing_dead(nb):
    for piece in nb.user_code():
        if "remove-cell" in piece.tags:
            continue
        if "remove-input" in piece.tags and (
            "remove-output" in piece.tags or not shows_something(piece)
        ):
            yield f"{at(piece)}: its code is hidden for good, and it shows nothing"
        elif "remove-output" in piece.tags and piece.tags & FOLDED:
            yield f"{at(piece)}: folded, and without output"
        if "hide-cell" in piece.tags:
            yield f"{at(piece)}: folded whole; tag it hide-input"


TYPED_NUMBER = re.compile(r"\b[Cc]hapters?\s+(\d+|one|two|three|four|five|six|seven|eight)\b")


def r13_no_typed_chapter_numbers(nb):
    for piece in nb.pieces:
        for found in TYPED_NUMBER.finditer(piece.text):
            yield f"{at(piece)}: {found[0]!r}; link the chapter by its title"


def r14_no_printed_truth(nb):
    for piece in nb.user_code():
        if "remove-cell" in piece.tags:
            continue
        if found := re.search(r"(your|true|right) (value|answer)s?\b", piece.text, re.IGNORECASE):
            yield f"{at(piece)}: writes {found[0]!r}; a field takes the answer"


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


def c2_three_lines(nb):
    boxes = [b for b in nb.blocks("admonition") if b.argument == "In three lines"]
    if len(boxes) != 1 or boxes[0].section is not None:
        yield "expected one admonition titled 'In three lines' before the first section"
        return
    if "symbols" not in boxes[0].options.get("class", "").split():
        yield "'In three lines' lacks ':class: symbols'"
    if not 1 <= len([line for line in boxes[0].body.splitlines() if line.strip()]) <= 12:
        yield "'In three lines' is empty, or no longer short"


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
        if piece.kind == "markdown":
            picture = re.search(
                r"!\[|\{(image|figure)\}|<(" + "|".join(EXPLORABLES) + r")\b", piece.text
            )
            formula = re.search(r"\$\$|\{math\}|\\begin\{(align|equation|gather)", piece.text)
            if formula and (not picture or formula.start() < picture.start()):
                yield f"{at(piece)}: a displayed formula before the first picture of 'The question'"
                return
        if is_picture(piece):
            return
    yield "'The question' holds no picture"


MARK = re.compile(r"\[(cited|derived|measured)\]\((?:\.\./)*sources\.md#(\w+)\)")


def c5_claims_have_sources(nb):
    blocks = nb.blocks(*CLAIMS)
    if not any(b.section and section_name(b.section) == "The claim" for b in blocks):
        kinds = "{prf:theorem}, {prf:proposition}, {prf:lemma} or {prf:corollary}"
        yield f"'The claim' holds no {kinds}"
    for block in blocks:
        where = f"{{{block.name}}} {block.argument}"
        if "label" not in block.options:
            yield f"{where}: no :label:"
        text = block.argument + block.body
        marks = MARK.findall(text)
        if not marks:
            yield f"{where}: no mark, such as [derived](../sources.md#derived)"
        if any(word != anchor for word, anchor in marks):
            yield f"{where}: a mark leads to the anchor of another one"
        if ("cited", "cited") in marks and not re.search(r"\{cite(:\w+)?\}`", text):
            yield f"{where}: marked as cited, without a {{cite}} role"


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
        if not any(
            p.kind == "code"
            and "remove-cell" not in p.tags
            and not ((t := tree(p)) is not None and all(map(is_import, t.body)))
            for p in pieces
        ):
            yield f"'{name}' holds no code cell but imports"


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


def answer_fields(nb):
    """The labels of the answer fields of a notebook, and their cells."""
    for piece in nb.user_code():
        if (t := tree(piece)) is None:
            continue
        for node in ast.walk(t):
            if isinstance(node, ast.Call) and dotted(node.func) == "answers.field":
                literal = node.args and isinstance(node.args[0], ast.Constant)
                yield (node.args[0].value if literal else None), piece


def c9_self_check(nb):
    exercises = {b.options.get("label") for b in nb.blocks("exercise", "exercise-start")}
    fields = list(answer_fields(nb))
    if not any(p.section and section_name(p.section) == "Exercises" for _, p in fields):
        yield "no answers.field(...) under 'Exercises'"
    for label, piece in fields:
        if len(piece.text.strip().splitlines()) != 1 or "remove-input" not in piece.tags:
            yield f"{at(piece)}: a field is the only line of a cell tagged remove-input"
        if not isinstance(label, str) or label.partition(":")[0] not in exercises:
            yield f"{at(piece)}: {label!r} is no exercise of this chapter"


def c10_hidden_numbers_and_interaction(nb):
    hidden = [p for p in nb.user_code() if "remove-cell" in p.tags and not is_widget(p)]
    if len(hidden) < 2:
        yield f"{len(hidden)} hidden assertion cells, expected at least two"
    if not any(is_slider(p) and "remove-cell" not in p.tags for p in nb.code) and not any(
        map(is_explorable, nb.markdown)
    ):
        yield "no slider(...) and no explorable"


def c11_glossary_used(nb):
    used = sum(len(re.findall(r"\{term\}`", p.text)) for p in nb.markdown)
    if used < 3:
        yield f"{used} {{term}} roles, expected at least three"


def c12_picture_before_code(nb):
    user = {id(piece) for piece in nb.user_code()}
    for piece in nb.pieces:
        if is_picture(piece):
            return
        if id(piece) in user and not piece.tags & FOLDED:
            yield f"{at(piece)}: visible code before the first picture"
            return
    yield "no picture"


def c13_length(nb):
    words = len(main_line(nb))
    if words > MAX_WORDS:
        yield f"{words} words on the main line, expected at most {MAX_WORDS}"


def c14_quiz(nb):
    pieces = nb.section("Quiz")
    cells = [p for p in pieces if p.kind == "code" and "remove-cell" not in p.tags]
    ends = [t.body[-1] for p in cells if (t := tree(p)) is not None and t.body]
    if not any(
        isinstance(e, ast.Expr)
        and isinstance(e.value, ast.Call)
        and (dotted(e.value.func) or "").split(".")[-1] == "quiz"
        for e in ends
    ):
        yield "no cell under 'Quiz' ends with quiz(...)"
    asked = list(question_calls(pieces))
    if not 3 <= len(asked) <= 5:
        yield f"{len(asked)} questions in the quiz, expected three to five"
    rights = [k.value for q in asked for k in q.keywords if k.arg == "right"]
    if rights and all(all_literal(value) for value in rights):
        yield "every key of the quiz is typed; compute one"


def all_literal(node):
    if isinstance(node, ast.List | ast.Tuple):
        return all(map(all_literal, node.elts))
    return isinstance(node, ast.Constant)


NOTEBOOK_RULES = [
    r1_format,
    r2_stored_without_outputs,
    r3_colab_cell,
    r4_short_cells_known_tags,
    r5_no_machine_dependence,
    r6_seeds,
    r7_hidden_assertions,
    r8_figures_described,
    r9_widgets_are_extra,
    r10_markdown_pictures_and_links,
    r11_folded,
    r12_nothing_dead,
    r13_no_typed_chapter_numbers,
    r14_no_printed_truth,
]
CHAPTER_RULES = [
    c1_title,
    c2_goals,
    c2_three_lines,
    c3_sections_in_order,
    c4_picture_before_formula,
    c5_claims_have_sources,
    c6_proof,
    c7_numbers,
    c8_exercises,
    c9_self_check,
    c10_hidden_numbers_and_interaction,
    c11_glossary_used,
    c12_picture_before_code,
    c13_length,
    c14_quiz,
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


@pytest.mark.parametrize("path", pages("**/*.md"), ids=label)
def test_pages_of_text_type_no_chapter_numbers(path):
    assert not TYPED_NUMBER.findall(path.read_text(encoding="utf-8"))


def test_the_library_types_no_chapter_numbers():
    typed = {
        str(path.relative_to(ROOT)): found
        for path in sorted(ROOT.glob("lib/relucones*/**/*.py"))
        if (found := TYPED_NUMBER.findall(path.read_text(encoding="utf-8")))
    }
    assert not typed


def test_every_answer_has_its_field_and_every_field_its_answer():
    shown = [
        label for path in pages("**/*.ipynb") for label, _ in answer_fields(Notebook.read(path))
    ]
    assert len(shown) == len(set(shown)), "a field stands twice"
    assert set(shown) == set(answers.answers())
