"""Truths of the exercises on what the cones of the experiment hold."""

from math import ceil, log, log1p

import numpy as np

from relucones import data, landscape_table
from relucones.convex import solve_cone

from .. import Answer


def _push_of_the_wall():
    """On the second point, of one positive neuron that is active at two orthogonal points."""
    cone = solve_cone(np.eye(2), [1.0, -1.0], 0.1, [[True, True]], [1])
    return cone.multipliers[0, 1]


def _share_that_holds_neither():
    X, y = data.gaussian_teacher(6, 3, seed=0)
    table = landscape_table(X, y, 0.01, [40], cones=100, seed=0, measure="gaussian")
    return table.neither[0]


ANSWERS = {
    "ex-experiment-two": Answer(
        _push_of_the_wall, tolerance=1e-3, asks="the multiplier of the wall of $x_2$"
    ),
    "ex-experiment-dotted": Answer(
        lambda: ceil(log(0.1) / log1p(-1 / 64)), tolerance=0.01, asks="the width"
    ),
    "ex-experiment-gaussian": Answer(
        _share_that_holds_neither, tolerance=0.1, asks="the share that holds neither"
    ),
}
