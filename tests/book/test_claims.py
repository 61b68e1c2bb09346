"""Each theorem and each measured statement of the book names a source, a test that would fail if it
were false, and the case in which its assumption is broken; and the page that lists them is new."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


claims = load("claims")

STATEMENT = """# A chapter

:::{prf:theorem} Everything is even
:label: thm-even
All is even. [derived](../sources.md#derived)
:::

(sec-measured)=
## What was measured
"""
THEOREM = {
    "label": "thm-even",
    "mark": "derived",
    "test": "tests/test_even.py::test_even",
    "broken": "Three is not (tests/test_even.py::TestOdd::test_three).",
}
MEASURED = {
    "measured": "Half is odd.",
    "where": "sec-measured",
    "mark": "measured",
    "source": "a count",
    "test": ["book/part1/01_chapter.ipynb::asserts", "tests/test_even.py::TestOdd::test_three"],
    "broken": "Not in the first two.",
}


def test_every_claim_has_its_four_parts():
    missing = list(claims.complaints(claims.chapters()))
    assert not missing, "\n".join(missing)


def test_the_page_is_new():
    written = (ROOT / "book/every_claim.md").read_text(encoding="utf-8")
    assert written == claims.page(claims.chapters()), "run `make claims`"


def test_the_book_has_chapters_and_theorems():
    book = claims.chapters()
    assert len(book) >= 14
    assert sum(len(chapter.blocks) for chapter in book) > 50


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one chapter; a function that writes its claims and hands back the complaints."""
    (tmp_path / "book/part1").mkdir(parents=True)
    (tmp_path / "book/claims").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "_toc.yml").write_text(
        "root: book/welcome\nchapters:\n- file: book/part1/01_chapter"
    )
    cells = [
        {"id": "text", "cell_type": "markdown", "metadata": {}, "source": STATEMENT},
        {"id": "asserts", "cell_type": "code", "metadata": {}, "source": "assert 2 % 2 == 0"},
        {"id": "prints", "cell_type": "code", "metadata": {}, "source": "print(2)"},
    ]
    (tmp_path / "book/part1/01_chapter.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "tests/test_even.py").write_text(
        "def test_even(): pass\ndef helper(): pass\n"
        "class TestOdd:\n    def test_three(self): pass\n"
    )
    monkeypatch.setattr(claims, "ROOT", tmp_path)

    def complain(*entries, stem="chapter"):
        (tmp_path / f"book/claims/{stem}.yml").write_text(yaml.safe_dump(list(entries)))
        return list(claims.complaints(claims.chapters()))

    return complain


def test_a_complete_file_is_accepted_and_shown(project):
    assert project(THEOREM, MEASURED) == []
    text = claims.page(claims.chapters())
    assert "{prf:ref}`thm-even`: Everything is even [derived](sources.md#derived)" in text
    assert "Half is odd. {ref}`Look <sec-measured>` [measured](sources.md#measured)" in text
    assert ": *Fails if false.* *even*, `test_even.py`" in text
    assert ": *Broken.* Three is not (*three*, `test_even.py`)." in text
    assert "cell `asserts` of the notebook; *three*, `test_even.py`" in text
    assert "| [A chapter](part1/01_chapter.ipynb) | 0 | 1 | 1 |" in text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"label": "thm-odd"}, "the chapter has no label 'thm-odd'"),
        ({"mark": "guessed"}, "its mark is none of cited, derived, measured"),
        ({"mark": "cited", "source": "a paper"}, "its block is marked derived"),
        ({"mark": "cited"}, "names no source"),
        ({"test": None}, "names no test"),
        ({"test": "tests/test_even.py"}, "is neither FILE.py::function nor"),
        ({"test": "tests/test_gone.py::test_even"}, "there is no tests/test_gone.py"),
        ({"test": "tests/test_even.py::test_gone"}, "has no function test_gone"),
        ({"test": "tests/test_even.py::helper"}, "helper is no test"),
        ({"test": "book/part1/01_chapter.ipynb::gone"}, "has no code cell gone"),
        ({"test": "book/part1/01_chapter.ipynb::prints"}, "asserts nothing"),
        ({"broken": ""}, "names no case where its assumption is broken"),
        ({"broken": "see tests/test_even.py::test_gone"}, "has no function test_gone"),
        ({"proof": "obvious"}, "has other keys than"),
        ({"measured": "Half is odd."}, "needs a label or a measured sentence"),
    ],
)
def test_what_is_missing_is_named(project, change, complaint):
    found = project({**THEOREM, **change})
    assert any(complaint in line for line in found), found


def test_links_follow_what_stands_there(project):
    project(THEOREM, {**MEASURED, "where": "thm-even"})
    assert "{prf:ref}`Look <thm-even>`" in claims.page(claims.chapters())


def test_other_findings(project):
    assert project() == ["claims/chapter.yml: no entry for thm-even"]
    assert project(THEOREM, THEOREM) == ["claims/chapter.yml: thm-even has two entries"]
    assert "no label 'sec-gone'" in project(THEOREM, {**MEASURED, "where": "sec-gone"})[0]
    assert "has other keys than" in project(THEOREM, "thm-even")[0]
    assert project(THEOREM) == []
    assert project(THEOREM, stem="other") == ["claims/other.yml: no chapter has this name"]
