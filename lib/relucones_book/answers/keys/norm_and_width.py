"""How much norm does gradient descent waste?"""

import math

from relucones_book.answers import Answer


def _first_good_width():
    """The least width at which a Gaussian start holds both coupons with probability one half."""

    def both(m):
        return 1 - 2 * (31 / 32) ** m + (30 / 32) ** m

    return next(m for m in range(1, 1000) if both(m) >= 0.5)


ANSWERS = {
    "ex-open-waste:omega": Answer(
        lambda: math.sqrt(10), tolerance=2e-3, asks="the number $\\omega$"
    ),
    "ex-open-waste:ratio": Answer(
        lambda: 8 / 4.5, tolerance=3e-3, asks="the ratio $L_\\lambda/p^\\star$"
    ),
    "ex-open-large": Answer(lambda: 4, tolerance=1e-3, asks="the largest weight $c$"),
    "ex-open-four": Answer(_first_good_width, asks="the width $m$"),
}
