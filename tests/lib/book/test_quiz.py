"""Quizzes: their texts, what is refused, and what a notebook shows."""

import re

import pytest

from relucones.checks import BadInput
from relucones_book.quiz import question, quiz

FIRST = question("How many is $2^3$?", ["6", "8 < 9"], right="8 < 9", why="*Twice* four.")
SECOND = question("Which are even?", ["1", "2", "4"], right=["4", "2"], why="See `n % 2`.")


def test_right_ones_are_found_by_their_text():
    assert (FIRST.right, FIRST.several) == ((1,), False)
    assert (SECOND.right, SECOND.several) == ((1, 2), True)


def test_a_list_without_marks_and_a_fold_with_answers():
    text = quiz(FIRST, SECOND, FIRST)._repr_html_()
    questions, fold = text.split("<details")
    assert r"How many is <span class=" in questions
    assert r"\(2^3\)" in questions
    assert "<li>6</li><li>8 &lt; 9</li>" in questions
    assert "open" not in fold.split(">")[0]
    assert "<strong>2; 4</strong>" in fold
    assert "<em>Twice</em> four." in fold
    assert "<code>n % 2</code>" in fold
    assert len(re.findall("data-several", questions)) == 1
    # what tells the module which one is right is not to be read
    assert all(not key.isdigit() for key in re.findall(r'data-key="([^"]*)"', questions))
    assert not re.search(r"<script|<input|\bsrc=|//", text)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"right": "7"}, "right must be among the choices"),
        ({"right": []}, "right must be among the choices"),
        ({"right": 8}, "right must be"),
        ({"choices": ["8"]}, "two or more different"),
        ({"choices": ["8", "8"]}, "two or more different"),
        ({"choices": [6, 8]}, "choices must be text"),
        ({"text": " "}, "text must be text"),
        ({"why": None}, "why must be text"),
    ],
)
def test_bad_questions_are_refused(changes, words):
    with pytest.raises(BadInput, match=words):
        question(**{"text": "?", "choices": ["6", "8"], "right": "8", "why": "So.", **changes})


@pytest.mark.parametrize("questions", [(), (FIRST,) * 2, (FIRST,) * 6, (FIRST, SECOND, "?")])
def test_bad_quizzes_are_refused(questions):
    with pytest.raises(BadInput, match="question"):
        quiz(*questions)
