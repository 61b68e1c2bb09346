"""Does the trap need a small weight decay?"""

import math

from relucones_book.answers import Answer


def _half_of_lambda_max():
    """The points are on the exact ones of the trap, d = 3: half of |X'y| / 3."""
    return math.hypot(4 / 5 + 112 / 81, 14 / 81) / 6


ANSWERS = {
    "ex-open-wait": Answer(_half_of_lambda_max, tolerance=1e-3, asks="the weight decay $\\lambda$"),
    "ex-open-angle": Answer(
        lambda: math.degrees(math.acos(1 - 2e-4)), tolerance=2e-3, asks="the angle in degrees"
    ),
    "ex-open-logistic": Answer(
        lambda: math.log((0.5 - 1e-6) / 1e-6) / 2, tolerance=2e-3, asks="the time $t$"
    ),
}
