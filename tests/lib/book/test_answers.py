"""Answers that are checked without being shown."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from relucones.checks import BadInput
from relucones_book import answers
from relucones_book.answers import Answer, keys

ANSWERS = {
    "ex-a": Answer(lambda: 200, asks="the number of cells"),
    "ex-a:angle": Answer(lambda: 29.017142, tolerance=1e-3, asks="the angle in degrees, $\\theta$"),
    "ex-zero": Answer(lambda: 0.0, tolerance=1e-3),
}


@pytest.fixture
def book(monkeypatch):
    """A book with one chapter of answers."""
    modules = {"one": SimpleNamespace(ANSWERS=ANSWERS)}
    monkeypatch.setattr(
        answers.pkgutil, "iter_modules", lambda path: [SimpleNamespace(name=n) for n in modules]
    )
    monkeypatch.setattr(
        answers.importlib, "import_module", lambda name: modules[name.rpartition(".")[2]]
    )
    answers.answers.cache_clear()
    yield modules
    answers.answers.cache_clear()


@pytest.mark.parametrize(
    ("label", "value", "said"),
    [
        ("ex-a", 200, "Right."),
        ("ex-a", np.float32(200), "Right."),
        ("ex-a", np.array(199), "Close, but a little too small."),
        ("ex-a", 211, "Too large."),
        ("ex-a", -200, "Too small."),
        ("ex-a:angle", 29.03, "Right."),
        ("ex-a:angle", 29.1, "Close, but a little too large."),
        ("ex-a:angle", 27.0, "Too small."),
        ("ex-zero", 0.0009, "Right."),
        ("ex-zero", -0.002, "Close, but a little too small."),
        ("ex-zero", 0.2, "Too large."),
    ],
)
def test_check_says_which_way_and_never_the_truth(book, capsys, label, value, said):
    answers.check(label, value)
    assert capsys.readouterr().out == said + "\n"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("200", "must hold a number"),
        (None, "put your own there"),
        (float("nan"), "must be finite"),
        (float("inf"), "must be finite"),
        ([1, 2], "single number"),
        ([1, [2]], "single number"),
        (True, "single number"),
        (1j, "must hold a number"),
    ],
)
def test_what_is_no_number_is_refused(book, value, words):
    with pytest.raises(BadInput, match=words):
        answers.check("ex-a", value)


@pytest.mark.parametrize("call", [answers.field, lambda label: answers.check(label, 1)])
def test_an_unknown_label_names_near_ones(book, call):
    with pytest.raises(BadInput, match=r"'ex-a:angel'; near it are 'ex-a:angle'"):
        call("ex-a:angel")
    with pytest.raises(BadInput, match="not 3"):
        call(3)


def test_a_field_tells_the_call_and_not_the_answer(book):
    made = answers.field("ex-a:angle")
    text = made._repr_html_()
    assert "answers.check(&quot;ex-a:angle&quot;, your_value)" in text
    assert r"\(\theta\)" in text
    assert repr(made) == (
        "Check the angle in degrees, $\\theta$: answers.check('ex-a:angle', your_value)"
    )
    for shown in (text, repr(made)):
        assert "29." not in shown
    assert not re.search(r"<script|\bsrc=|//", text)


def test_repeated_labels_and_other_objects_are_errors(book):
    book["two"] = SimpleNamespace(ANSWERS={"ex-a": ANSWERS["ex-a"]})
    with pytest.raises(BadInput, match=r"'ex-a' stands in keys/one.py and in keys/two.py"):
        answers.check("ex-a", 1)
    book["two"] = SimpleNamespace(ANSWERS={"ex-b": 4})
    with pytest.raises(BadInput, match=r"keys/two\.py: 'ex-b' must be an Answer"):
        answers.check("ex-a", 1)


@pytest.mark.parametrize("value", [3, None])
def test_the_value_is_a_function(value):
    with pytest.raises(BadInput, match="lambda"):
        Answer(value)


def test_a_tolerance_is_not_negative():
    with pytest.raises(BadInput, match="tolerance"):
        Answer(lambda: 1, tolerance=-1)


@pytest.mark.parametrize("label", sorted(answers.answers()))
def test_the_answers_of_the_book(label):
    """Each is a finite number; integers, and only they, are compared exactly."""
    answer = answers.answers()[label]
    truth = answer.truth()
    assert np.isfinite(truth)
    assert re.fullmatch(r"ex-[a-z0-9]+(-[a-z0-9]+)*(:[a-z0-9-]+)?", label)
    if answer.tolerance == 0:
        assert truth == round(truth)
    else:
        assert answer.tolerance <= 0.1
    assert answer.asks


def test_keys_lie_beside_the_chapters_they_belong_to():
    from pathlib import Path

    book = Path(__file__).resolve().parents[3] / "book"
    stems = {path.stem.partition("_")[2] for path in book.glob("part*/*.ipynb")}
    stems |= {path.stem for path in book.glob("measure/*.ipynb")}
    for path in Path(keys.__path__[0]).glob("[!_]*.py"):
        assert path.stem in stems, f"keys/{path.name} belongs to no chapter"
