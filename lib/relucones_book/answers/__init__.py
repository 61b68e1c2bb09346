"""Answers of the exercises: a field on the page, one call in a notebook.

Neither shows the truth.  Both say *right*, *close*, *too large* or *too small*.

The truths live in ``keys/``, one file a chapter, each with a dictionary ``ANSWERS`` from labels of
exercises to `Answer`.  Where an exercise asks for several numbers, its label gets a suffix:
``"ex-cones-three:angle"``.
"""

import difflib
import html
import importlib
import json
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from relucones import checks
from relucones.checks import BadInput

from ..inline import inline, sealed
from . import keys

CLOSE = 0.05
"""Within this share of the truth, or within ten tolerances, an answer is *close*."""


@dataclass(frozen=True)
class Answer:
    """What an exercise asks for, and how to compute it.

    Parameters
    ----------
    value : callable
        Takes no arguments and computes the truth, exact to the digits that are compared.
    tolerance : float
        How far an answer may be from the truth, as a share of the truth (as it is where the truth
        is 0).  0, for integers, means equal.
    asks : str
        What the number is, as a reader would say it: "the number of cells".  It may hold
        ``$...$``.
    """

    value: Callable[[], float]
    tolerance: float = 0.0
    asks: str = "your answer"

    def __post_init__(self):
        if not callable(self.value):
            raise BadInput(
                f"value must be a function of no arguments, but it is {self.value!r}: "
                "write lambda: ..."
            )
        checks.nonnegative(self.tolerance, "tolerance")

    def truth(self):
        """The exact value as a float."""
        return checks.vector([self.value()], "the value of an Answer")[0].item()

    def verdict(self, given):
        """Return "right", "close" or "", and the side on which the number lies: "", "large",
        "small".

        >>> Answer(lambda: 200).verdict(195.0)
        ('close', 'small')
        """
        truth = self.truth()
        scale = abs(truth) or 1.0
        # A number written down exactly is not wrong by the rounding of a float.
        off = abs(given - truth)
        if off <= max(self.tolerance, 1e-12) * scale:
            return "right", ""
        near = off <= max(10 * self.tolerance, CLOSE) * scale
        return ("close" if near else ""), ("large" if given > truth else "small")


class Field:
    """A place for an answer: the page makes a field of it, a notebook shows what to call."""

    def __init__(self, label, answer):
        self._label, self._answer = label, answer

    def __repr__(self):
        return f"Check {self._answer.asks}: answers.check({self._label!r}, your_value)"

    def _repr_html_(self):
        answer = self._answer
        truth = json.dumps([answer.truth(), answer.tolerance, CLOSE])
        label = html.escape(self._label)
        return (
            f'<answer-field data-label="{label}" data-key="{sealed(truth, self._label)}">'
            f'<p class="answer-call">To check <span class="answer-asks">{inline(answer.asks)}'
            f"</span>, call <code>answers.check(&quot;{label}&quot;, your_value)</code> in the "
            "notebook.</p></answer-field>"
        )


def field(label):
    """Return the field for the answer of one exercise, for the last line of a cell tagged
    ``remove-input``.

    Parameters
    ----------
    label : str
        The label of the exercise, with a suffix where it asks for several numbers.
    """
    return Field(label, _answer(label))


def check(label, value):
    """Print whether a number answers an exercise: right, close, too large or too small.

    Parameters
    ----------
    label : str
        The label of the exercise, as its field shows it.
    value : float
        Your number.

    Raises
    ------
    BadInput
        If there is no such label, or `value` is no finite number.
    """
    answer = _answer(label)
    print(said(*answer.verdict(_number(value))))


def said(nearness, side):
    """The sentence for a verdict; the page says the same ones.

    >>> said("close", "large")
    'Close, but a little too large.'
    """
    if nearness == "right":
        return "Right."
    return f"Close, but a little too {side}." if nearness else f"Too {side}."


def _number(value):
    found = checks.array(value, "value", "a number", "must be a single number")
    if found.ndim or found.dtype == bool:
        raise BadInput(f"value must be a single number, but it is {value!r}")
    if found.item() is None:
        raise BadInput("value must be a number, but it is None: put your own there")
    return checks.vector([found.item()], "value")[0].item()


def _answer(label):
    known = answers()
    if not isinstance(label, str) or label not in known:
        near = difflib.get_close_matches(str(label), known, n=3, cutoff=0.4)
        hint = f"; near it are {', '.join(map(repr, near))}" if near else ""
        raise BadInput(f"label must be one of an exercise with an answer, not {label!r}{hint}")
    return known[label]


@cache
def answers():
    """All answers of the book, by label."""
    found, home = {}, {}
    for module in pkgutil.iter_modules(keys.__path__):
        entries = importlib.import_module(f"{keys.__name__}.{module.name}").ANSWERS
        for label, answer in entries.items():
            if label in found:
                raise BadInput(
                    f"the answer {label!r} stands in keys/{home[label]}.py and in "
                    f"keys/{module.name}.py"
                )
            if not isinstance(answer, Answer):
                raise BadInput(f"keys/{module.name}.py: {label!r} must be an Answer")
            found[label], home[label] = answer, module.name
    return found
