"""The page *Every claim*: each theorem and each measured statement with its mark, its source, the
test that would fail if it were false, and the case in which its assumption is broken.

``python tools/claims.py`` reads ``book/claims/*.yml`` (``README.md`` there says how they are
written) and the chapters, writes ``book/every_claim.md`` and lists what is missing; with
``--check`` it writes nothing, and ends with 1 if anything is missing or the page is an old one.
"""

import argparse
import ast
import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from relucones_book.contents import pages

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("theorem", "proposition", "lemma", "corollary")
MARKS = ("cited", "derived", "measured")
KEYS = {"label", "measured", "where", "mark", "source", "test", "broken"}

BLOCK = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{prf:(?P<kind>\w+)\}(?P<title>[^\n]*)\n(?P<body>.*?)^(?P=fence)\s*$",
    re.MULTILINE | re.DOTALL,
)
LABELS = re.compile(
    r"^\((?P<target>[\w:-]+)\)=\s*$"  # before a heading or a paragraph
    r"|^:(?:label|name):\s*(?P<option>[\w:-]+)"  # of a directive
    r"|^(?:`{3,}|:{3,})\{solution(?:-start)?\}\s*(?P<solution>[\w:-]+)"
    r"|\$\$\s*\((?P<equation>[\w:-]+)\)",
    re.MULTILINE,
)
TEST = re.compile(r"[\w./-]+\.(?:py|ipynb)::[\w:-]+")

HEAD = """# Every claim

How far can you trust a sentence of this book?
Here stands each theorem and each measured statement, chapter by chapter, with four things:

- its mark, [cited](sources.md#cited), [derived](sources.md#derived) or
  [measured](sources.md#measured);
- its source;
- a test that would **fail if the claim were false**;
- a case where its **assumption is broken**, and the claim with it.

A test is a function of the project's tests, given here by its name in words and its file, or a
hidden cell of a notebook, which stops the build.
The page is written by a program, which reports a claim without a test as a finding.
"""


@dataclass(frozen=True)
class Block:
    """A theorem-like block of a chapter."""

    label: str
    kind: str
    title: str
    text: str

    @property
    def marks(self):
        return re.findall(rf"sources\.md#({'|'.join(MARKS)})\)", self.title + self.text)

    @property
    def plain_title(self):
        return re.sub(r";? *(?:\[\w+\]\(\S*\)|\*derived here\*)$", "", self.title)


class Chapter:
    """A notebook: its title, its theorem-like blocks, all labels that one can refer to."""

    def __init__(self, path):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        self.path = path
        self.stem = re.sub(r"^\d+_", "", path.stem)
        self.codes = {c["id"]: "".join(c["source"]) for c in cells if c["cell_type"] == "code"}
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        self.title = re.search(r"^# (.*)$", text, re.MULTILINE)[1].strip()
        self.blocks = [
            Block(
                label[1] if (label := re.search(r":label: *([\w-]+)", m["body"])) else "",
                m["kind"],
                m["title"].strip(),
                m["body"],
            )
            for m in BLOCK.finditer(text)
            if m["kind"] in KINDS
        ]
        self.framed = {
            label[1]
            for m in BLOCK.finditer(text)
            if (label := re.search(r":label: *([\w-]+)", m["body"]))
        }
        self.equations = {m["equation"] for m in LABELS.finditer(text)} - {None}
        self.labels = {name for m in LABELS.finditer(text) for name in m.groups() if name}
        self.labels |= {
            c["metadata"].get("mystnb", {}).get("figure", {}).get("name", "") for c in cells
        } - {""}

    def link(self, label):
        """A link to a place of the chapter; the roles differ by what stands there."""
        if label in self.equations:
            return f"{{eq}}`{label}`"
        return f"{{{'prf:ref' if label in self.framed else 'ref'}}}`Look <{label}>`"

    @property
    def page(self):
        """Its place as seen from book/."""
        return self.path.relative_to(ROOT / "book").as_posix()


def chapters():
    """The notebooks in the order in which they are read."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    paths = [ROOT / f"{name.removesuffix('.ipynb')}.ipynb" for name in pages(toc)]
    return [Chapter(path) for path in paths if path.exists()]


def entries(stem):
    """The entries of one chapter; a list, empty where there is no file."""
    path = ROOT / f"book/claims/{stem}.yml"
    found = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    return found or []


def tests_of(entry):
    """The field ``test`` as a list."""
    test = entry.get("test") or []
    return [test] if isinstance(test, str) else list(test)


@cache
def functions(path):
    """Names of the test functions of a file, those of classes with the class before them."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {
                f"{node.name}::{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef)
            }
    return names


@cache
def cells(path):
    """The code cells of a notebook by their ids."""
    return Chapter(path).codes


def wrong_with_test(test):
    """What is wrong with ``FILE.py::function`` or ``NOTEBOOK.ipynb::cell-id``; None if nothing."""
    name, _, inside = test.partition("::")
    path = ROOT / name
    if not inside or path.suffix not in {".py", ".ipynb"}:
        return f"{test!r} is neither FILE.py::function nor NOTEBOOK.ipynb::cell-id"
    if not path.exists():
        return f"there is no {name}"
    if path.suffix == ".ipynb":
        code = cells(path).get(inside)
        if code is None:
            return f"{name} has no code cell {inside}"
        return None if "assert" in code else f"{name}::{inside} asserts nothing"
    inside = inside.partition("[")[0]  # a case of a parametrised test
    if inside not in functions(path):
        return f"{name} has no function {inside}"
    return None if inside.rpartition("::")[2].startswith("test") else f"{inside} is no test"


def wrong_with_entry(entry, chapter):
    """Complaints about one entry."""
    if not isinstance(entry, dict) or set(entry) - KEYS:
        yield f"has other keys than {', '.join(sorted(KEYS))}"
        return
    if ("label" in entry) == ("measured" in entry):
        yield "needs a label or a measured sentence, and not both"
        return
    if entry.get("mark") not in MARKS:
        yield f"its mark is none of {', '.join(MARKS)}"
    if not entry.get("source") and entry.get("mark") == "cited":
        yield "names no source"
    if not entry.get("broken"):
        yield "names no case where its assumption is broken"
    if not tests_of(entry):
        yield "names no test"
    named = [*tests_of(entry), *TEST.findall(str(entry.get("broken", "")))]
    yield from filter(None, map(wrong_with_test, named))
    if "measured" in entry:
        if entry.get("where") not in chapter.labels:
            yield f"the chapter has no label {entry.get('where')!r}, which `where` names"
        return
    block = next((b for b in chapter.blocks if b.label == entry["label"]), None)
    if block is None and entry["label"] not in chapter.labels:
        yield f"the chapter has no label {entry['label']!r}"
    if block and block.marks and entry.get("mark") not in block.marks:
        yield f"its block is marked {' and '.join(block.marks)}"


def name_of(entry):
    if not isinstance(entry, dict):
        return repr(entry)[:60]
    return entry.get("label") or f"{str(entry.get('measured'))[:60]!r}"


def complaints(book):
    """All that is missing, one line each."""
    for chapter in book:
        found = entries(chapter.stem)
        place = f"claims/{chapter.stem}.yml"
        if not isinstance(found, list):
            yield f"{place}: is no list"
            continue
        labels = [e.get("label") for e in found if isinstance(e, dict) and "label" in e]
        for label in sorted({x for x in labels if labels.count(x) > 1}):
            yield f"{place}: {label} has two entries"
        for block in chapter.blocks:
            if not block.label:
                yield f"{chapter.page}: the {block.kind} {block.title!r} has no label"
            elif block.label not in labels:
                yield f"{place}: no entry for {block.label}"
        for entry in found:
            for complaint in wrong_with_entry(entry, chapter):
                yield f"{place}: {name_of(entry)}: {complaint}"
    known = {chapter.stem for chapter in book}
    for path in sorted((ROOT / "book/claims").glob("*.yml")):
        if path.stem not in known:
            yield f"claims/{path.name}: no chapter has this name"


def one_line(text):
    return " ".join(str(text).split())


def shown(test, chapter):
    """A test in words, with its file; a cell of a notebook by its name."""
    name, _, inside = test.partition("::")
    if name.endswith(".ipynb"):
        path = ROOT / name
        other = Chapter(path) if path != chapter.path else None
        return f"cell `{inside}` of " + (
            f"[{other.title}]({other.page})" if other else "the notebook"
        )
    words = inside.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    return f"*{words}*, `{name.removeprefix('tests/')}`"


def with_tests_shown(text, chapter):
    """A text in which tests are named in words."""
    pattern = rf"`?({TEST.pattern})`?"
    return re.sub(pattern, lambda m: shown(m[1].rstrip(".,;:"), chapter), one_line(text))


def written(entry, chapter):
    """One claim as an item of a definition list."""
    mark = entry["mark"]
    if "measured" in entry:
        term = f"{one_line(entry['measured'])} {chapter.link(entry['where'])}"
    else:
        block = next((b for b in chapter.blocks if b.label == entry["label"]), None)
        title = block.plain_title if block else ""
        role = "prf:ref" if block else "ref"
        term = f"{{{role}}}`{entry['label']}`" + (f": {title}" if title else "")
    lines = [f"{term} [{mark}](sources.md#{mark})"]
    if entry.get("source"):
        lines.append(f": *Source.* {one_line(entry['source'])}")
    tests = "; ".join(shown(test, chapter) for test in tests_of(entry))
    lines.append(f": *Fails if false.* {tests}")
    lines.append(f": *Broken.* {with_tests_shown(entry['broken'], chapter)}")
    return "\n".join(lines)


def page(book):
    """The text of book/every_claim.md."""
    parts, rows = [], []
    for chapter in book:
        found = [e for e in entries(chapter.stem) if not list(wrong_with_entry(e, chapter))]
        if not found:
            continue
        link = f"[{chapter.title}]({chapter.page})"
        counts = [sum(e["mark"] == mark for e in found) for mark in MARKS]
        rows.append(f"| {link} | " + " | ".join(map(str, counts)) + " |")
        parts.append(f"## {link}\n\n" + "\n\n".join(written(e, chapter) for e in found))
    table = ["| chapter | cited | derived | measured |", "|---|---:|---:|---:|", *rows]
    return "\n\n".join([HEAD.strip(), "\n".join(table), *parts]) + "\n"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(argv).check
    book = chapters()
    found = list(complaints(book))
    target = ROOT / "book/every_claim.md"
    text = page(book)
    if check and (not target.exists() or target.read_text(encoding="utf-8") != text):
        found.append("book/every_claim.md is not what the claims say: run `make claims`")
    if not check:
        target.write_text(text, encoding="utf-8")
    for complaint in found:
        print(complaint)
    print(f"{sum(len(entries(c.stem)) for c in book)} claims, {len(found)} findings")
    return int(bool(found) and check)


if __name__ == "__main__":
    sys.exit(main())
