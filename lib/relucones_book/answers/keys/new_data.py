"""Is the trapped network worse on new data?"""

import math

from relucones_book.answers import Answer

_VARIANCE = 1 / 8 - 4 / (9 * math.pi**2)  # of one ReLU neuron on the sphere in R^4


def _turned():
    """The mean squared difference of two neurons with cosine 4/5, over the variance."""
    between = (0.6 + (math.pi - math.acos(0.8)) * 0.8) / (8 * math.pi)
    return 2 * (1 / 8 - between) / _VARIANCE


ANSWERS = {
    "ex-open-zero": Answer(lambda: 1 / 8 / _VARIANCE, tolerance=2e-3, asks="the test error"),
    "ex-open-turn": Answer(_turned, tolerance=4e-3, asks="the test error"),
    "ex-open-cluster": Answer(lambda: 2 * math.sqrt(47 / 44), tolerance=5e-3, asks="the factor"),
    "ex-open-five": Answer(
        lambda: -0.02 + 2.776 * math.sqrt(0.0068 / 4 / 5), tolerance=0.02, asks="the right end"
    ),
}
