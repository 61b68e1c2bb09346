"""Answers of the chapter *How wide is wide enough?*"""

from math import ceil

import numpy as np

from relucones import count_patterns, good_cone_width, solve_global

from .. import Answer

TWO = np.array([[-np.sqrt(3), 1.0], [np.sqrt(3), 1.0]]), np.ones(2), 0.1


ANSWERS = {
    "ex-wide-least": Answer(lambda: ceil(0.5 * 2 * count_patterns(20, 2)), asks="the least width"),
    "ex-wide-albums:both": Answer(
        lambda: good_cone_width(*TWO, 0.99), asks="the width for 99 % of good cones"
    ),
    "ex-wide-albums:first": Answer(
        lambda: ceil(np.log(0.01) / np.log(7 / 8)), asks="the width for the first album alone"
    ),
    "ex-wide-tight": Answer(
        lambda: solve_global([[1.0], [-1.0]], [1.2, 0.2], 0.1).weights.item(),
        1e-3,
        "the weight $c$",
    ),
}
