"""Truths of the exercises on a network and its penalty."""

import math
from itertools import combinations_with_replacement

from relucones import Network, data
from relucones.arrangement import activation_patterns

from .. import Answer


def _price(W, a):
    """What the function costs once it is balanced: twice the sum of its lengths."""
    return 2 * sum(abs(outer) * math.hypot(*inner) for inner, outer in zip(W, a, strict=True))


def _one_point(x, y, lam):
    """The lowest loss for one point: (c|x| - y)^2 + 2 lam c at its best c >= 0."""
    size = math.hypot(*x)
    c = max(0.0, (y * size - lam) / size**2)
    return (c * size - y) ** 2 + 2 * lam * c


def _choices(neurons):
    """Unordered choices of signed patterns of the five points, with repetition."""
    signed = 2 * len(activation_patterns(data.five_points().X))
    return sum(1 for _ in combinations_with_replacement(range(signed), neurons))


ANSWERS = {
    "ex-penalty-balance-by-hand": Answer(
        lambda: _price([[3, 4]], [1]), asks="the lowest price of this neuron"
    ),
    "ex-penalty-balance-in-code": Answer(
        lambda: Network([[3, 4], [0, 0], [0.5, 0]], [-1, 2, 8]).balanced().squared_norm(),
        tolerance=1e-6,
        asks="the squared norm of all weights, balanced",
    ),
    "ex-penalty-corner": Answer(
        lambda: _price([[1, -1], [-1, 1]], [1, 1]), tolerance=1e-3, asks="the lowest penalty"
    ),
    "ex-penalty-one-point:lambda": Answer(
        lambda: 2 * math.hypot(3, 4), asks=r"the $\lambda$ from which on the best $v$ is zero"
    ),
    "ex-penalty-one-point:loss": Answer(
        lambda: _one_point([3, 4], 2, 1), tolerance=1e-3, asks=r"the lowest loss at $\lambda = 1$"
    ),
    "ex-penalty-step": Answer(lambda: 0.1 / 0.05, tolerance=0.02, asks="the ratio suggested"),
    "ex-penalty-depth-three": Answer(
        lambda: 2 ** (-4 / 3), tolerance=2e-3, asks=r"the $\lambda$ of the jump"
    ),
    "ex-penalty-best-three": Answer(lambda: _choices(3), asks="the number of choices"),
}
