"""Answers of *Sweeping the scale*."""

import numpy as np

from relucones import data, solve_global

from .. import Answer


def _scaled_fits():
    """The fits of 1000 random networks, each multiplied by its best common factor,
    and the optimal fit."""
    from relucones.training import initialise  # needs torch

    X, y = data.five_points()
    lam, n = 0.01, len(y)
    W, a = initialise(5, 2, 0.5, 1000, seed=3)
    F = np.einsum("rm,rmk->rk", a, np.maximum(W @ X.T, 0))
    size = np.sum(W**2, axis=(1, 2)) + np.sum(a**2, axis=1)
    square = np.maximum(F @ y - n * lam * size / 2, 0) / np.sum(F**2, axis=1)
    return square[:, None] * F, solve_global(X, y, lam).network.predict(X)


def _share_in_ball():
    fits, best = _scaled_fits()
    apart = np.linalg.norm(fits - best / 2, axis=1)
    return np.mean(apart <= np.linalg.norm(best) / 2 * (1 + 1e-12))


def _equal_size():
    """The scale at which 2 d m alpha^2 is the squared norm of the optimal network."""
    X, y = data.small_init_trap(4, seed=0)
    least = solve_global(X, y, 1e-4).network.squared_norm()
    return np.sqrt(least / (2 * 4 * 100))


ANSWERS = {
    "ex-scale-one-point": Answer(
        lambda: 2 * 0.5 * 2 - 0.5**2, tolerance=1e-3, asks=r"the least loss for $y = 2$"
    ),
    "ex-scale-equal-size": Answer(_equal_size, tolerance=0.01, asks=r"the scale $\alpha$"),
    "ex-scale-shorter": Answer(
        _share_in_ball, tolerance=1e-3, asks="the share of the fits in the ball"
    ),
}
