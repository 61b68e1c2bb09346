"""Truths of the exercises on patterns and cells."""

import numpy as np

from relucones.arrangement import activation_patterns, count_patterns

from .. import Answer


def _average_number_of_neighbours():
    """Of the cells of eight points in space: pairs of patterns that differ in one switch."""
    X = np.random.default_rng(507).standard_normal((8, 3))
    cells = activation_patterns(X)
    differ = (cells[:, None, :] != cells[None, :, :]).sum(axis=2)
    return (differ == 1).sum(axis=1).mean()


ANSWERS = {
    "ex-cones-three": Answer(
        lambda: len(activation_patterns([[1, 0], [0, 1], [1, 1]])), asks="the number of cells"
    ),
    "ex-cones-recursion": Answer(
        lambda: count_patterns(60, 8), asks="the count for $n = 60$ and $d = 8$"
    ),
    "ex-cones-all": Answer(
        lambda: 2**5 - count_patterns(5, 4), asks="the number of patterns that do not occur"
    ),
    "ex-cones-neighbours": Answer(
        _average_number_of_neighbours, tolerance=1e-3, asks="the average number of neighbours"
    ),
}
