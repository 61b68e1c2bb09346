"""A quiz at the end of a chapter: questions with choices and explanations.

On the page a module makes forms of it.  Without that module, as in a notebook, it is a list of the
questions and a fold with the answers.
"""

import html
from dataclasses import dataclass

from relucones.checks import BadInput

from .inline import inline, sealed


@dataclass(frozen=True)
class Question:
    """A question, its choices, the positions of the right ones, and why they are right."""

    text: str
    choices: tuple[str, ...]
    right: tuple[int, ...]
    several: bool
    why: str


def question(text, choices, right, why):
    """Return a question for `quiz`.

    Parameters
    ----------
    text : str
        The question.  All texts may hold ``$formulas$``, `` `code` `` and ``*stress*``.
    choices : sequence of str
        At least two different ones.
    right : str or list of str
        The right choice as it stands in `choices`, best computed by the cell; a list of them where
        readers are to mark several.
    why : str
        Shown after the answer, right or wrong.

    Raises
    ------
    BadInput
        If `right` is not among the choices, or a text is empty.

    Examples
    --------
    >>> question("What is $2^3$?", ["6", "8"], right=str(2**3), why="Twice four.").right
    (1,)
    """
    choices = tuple(choices)
    for name, part in (("text", text), ("why", why), *(("choices", c) for c in choices)):
        if not isinstance(part, str) or not part.strip():
            raise BadInput(f"{name} must be text that is not empty, but it is {part!r}")
    if len(choices) < 2 or len(set(choices)) < len(choices):
        raise BadInput(f"choices must be two or more different texts, but they are {choices!r}")
    if not isinstance(right, (str, list, tuple)):
        raise BadInput(f"right must be a text or a list of texts, but it is {right!r}")
    several = not isinstance(right, str)
    wanted = list(right) if several else [right]
    missing = [choice for choice in wanted if choice not in choices]
    if missing or not wanted:
        raise BadInput(f"right must be among the choices {list(choices)!r}, but it is {right!r}")
    marked = tuple(k for k, choice in enumerate(choices) if choice in wanted)
    return Question(text, choices, marked, several, why)


class Quiz:
    """Questions as HTML: a list and a fold, of which the page makes forms."""

    def __init__(self, questions):
        self._questions = questions

    def __repr__(self):
        return f"a quiz of {len(self._questions)} questions"

    def _repr_html_(self):
        items, solutions = [], []
        for q in self._questions:
            key = sealed(",".join(map(str, q.right)), "quiz")
            choices = "".join(f"<li>{inline(choice)}</li>" for choice in q.choices)
            items.append(
                f'<li class="quiz-question" data-key="{html.escape(key)}"'
                f"{' data-several' if q.several else ''}>"
                f'<p>{inline(q.text)}</p><ul class="quiz-choices">{choices}</ul></li>'
            )
            right = "; ".join(inline(q.choices[k]) for k in q.right)
            solutions.append(
                f'<li><strong>{right}</strong> <span class="quiz-why">{inline(q.why)}</span></li>'
            )
        return (
            f'<quiz-box><ol class="quiz-questions">{"".join(items)}</ol>'
            '<details class="quiz-answers"><summary>Answers</summary>'
            f"<ol>{''.join(solutions)}</ol></details></quiz-box>"
        )


def quiz(*questions):
    """Return a quiz of three to five questions, for the last line of a cell tagged ``hide-input``.

    Raises
    ------
    BadInput
        If there are fewer or more, or one is not made by `question`.
    """
    if not 3 <= len(questions) <= 5:
        raise BadInput(f"a quiz has 3 to 5 questions, but here are {len(questions)}")
    for q in questions:
        if not isinstance(q, Question):
            raise BadInput(f"questions must be made by question(...), but one is {q!r}")
    return Quiz(questions)
