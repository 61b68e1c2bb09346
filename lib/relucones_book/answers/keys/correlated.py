"""Truths of the exercises on points with equal inner products."""

from math import ceil, factorial, log, log1p, sqrt

from .. import Answer


def _width_for_one_half():
    """One neuron is active on all twenty points at rho = 1/2, with probability 1/2 * 1/21."""
    return ceil(log(0.5) / log1p(-1 / 42))


ANSWERS = {
    "ex-correlated-half": Answer(
        _width_for_one_half, tolerance=0.04, asks="the width for drawn cones"
    ),
    "ex-correlated-all": Answer(
        lambda: factorial(1) * factorial(2) / factorial(4),
        tolerance=1e-3,
        asks="the measure for $n = 3$ and $c = 1$",
    ),
    "ex-correlated-two": Answer(
        lambda: 0.5 * sqrt(1 - 0.8**2),
        tolerance=1e-3,
        asks="the smallest such $\\lambda$ for $\\rho = 0.8$",
    ),
}
