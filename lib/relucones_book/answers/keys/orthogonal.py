"""Truths of the exercises on orthogonal data."""

from math import log1p

import numpy as np

from relucones.convex import lambda_max

from .. import Answer

MIXED = np.array([1, 0.8, 1.2, -1, -0.7, -1.1])


def _width_for_nine_tenths():
    """The least width at which 90 % of the cones of seven positive and three negative labels are
    good."""
    p = np.array([2.0**-8, 2.0**-4])
    m = int(np.log(0.1) / log1p(-p[0])) - 1  # the large class alone
    while 1 - ((1 - p) ** m).sum() + (1 - p.sum()) ** m < 0.9:
        m += 1
    return m


def _share_of_bits_left():
    """Of the bits of 200 small starts of width 16, those that are on after descent."""
    rng = np.random.default_rng(5)
    W = 0.01 * rng.standard_normal((200, 16, 6))
    a = rng.choice([-1.0, 1.0], (200, 16)) * np.linalg.norm(W, axis=2)
    on, lam, eta = W > 0, 0.1, 0.5
    for _ in range(600):
        h = np.maximum(W, 0)
        g = 2 * eta / 6 * (MIXED - (a[:, None] @ h)[:, 0])
        pull, push = a[..., None] * (h > 0) * g[:, None], (h @ g[..., None])[..., 0]
        W, a = (1 - 2 * eta * lam) * W + pull, (1 - 2 * eta * lam) * a + push
    return (W > 0).sum() / on.sum()


ANSWERS = {
    "ex-orthogonal-seven": Answer(_width_for_nine_tenths, tolerance=0.01, asks="the width"),
    "ex-orthogonal-lengths": Answer(
        lambda: lambda_max(np.diag([1.0, 2.0, 3.0]), [3.0, -1.0, 0.5]),
        tolerance=1e-3,
        asks="the smallest such $\\lambda$",
    ),
    "ex-orthogonal-survivors": Answer(
        _share_of_bits_left, tolerance=0.01, asks="the share that is still active"
    ),
}
