"""Answers of the chapter *Collecting cones like coupons*."""

import numpy as np

from relucones import count_patterns, data, find_coupons, good_cone_probability
from relucones.coupons import bad_cone_probability, find_bad_minima

from .. import Answer

TWO = np.eye(2), np.array([1.0, -1.0]), 0.1


def union_width(eps):
    """The least width at which the union bound with the true coupons promises a share 1 - eps."""
    X, y = data.gaussian_teacher(6, 3, seed=6)
    p = find_coupons(X, y, 0.01).holds.sum(axis=0) / (2 * count_patterns(6, 3))
    m = 1
    while np.sum((1 - p) ** m) > eps:
        m += 1
    return m


ANSWERS = {
    "ex-coupons-classical": Answer(
        lambda: sum(8 / i for i in (1, 2, 3)), 1e-3, "the number of neurons, on average"
    ),
    "ex-coupons-orthogonal": Answer(
        lambda: good_cone_probability(*TWO, 4), 1e-3, "the proportion of good cones at $m = 4$"
    ),
    "ex-coupons-bad": Answer(
        lambda: bad_cone_probability(find_bad_minima(*TWO), 3),
        1e-3,
        "the share of cones with a bad local minimum at $m = 3$",
    ),
    "ex-coupons-union:safe": Answer(
        lambda: union_width(0.01), asks="the width for $\\varepsilon = 0.01$"
    ),
    "ex-coupons-union:half": Answer(
        lambda: union_width(0.5), asks="the width for $\\varepsilon = 0.5$"
    ),
}
