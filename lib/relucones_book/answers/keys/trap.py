"""Answers of *The small-initialisation trap*."""

import numpy as np
from scipy.optimize import brentq

from relucones import data, solve_global

from .. import Answer


def _best_linear(X, y, lam):
    """The minimiser of |Xv - y|^2 / n + 2 lam |v|."""
    H, g, eye = X.T @ X / len(y), X.T @ y / len(y), np.eye(X.shape[1])

    def ridge(log_s):
        return np.linalg.solve(H + np.exp(log_s) * eye, g)

    return ridge(brentq(lambda t: t + np.log(np.linalg.norm(ridge(t)) / lam), -40, 40, xtol=1e-13))


def _largest_gap():
    """Where the gap of the rank-one network is largest: both networks have the same sum of weights
    there, since this is the derivative of either value, halved."""
    X, y = data.small_init_trap(3, noise=0)

    def difference(lam):
        optimum = solve_global(X, y, lam)
        return np.linalg.norm(_best_linear(X, y, lam)) - optimum.weights.sum()

    return brentq(difference, 1e-5, 1.1e-3, xtol=1e-10)


def _share_to_corners():
    """Of 4000 directions, those from which a small neuron climbs to a corner."""
    X, y = data.small_init_trap(3, noise=0)
    v = _best_linear(X, y, 1e-4)
    prices = np.linalg.solve(X.T, v / np.linalg.norm(v))
    U = np.random.default_rng(0).standard_normal((4000, 3))
    for step in np.geomspace(0.1, 1e-4, 600):
        U /= np.linalg.norm(U, axis=1, keepdims=True)
        pull = ((U @ X.T > 0) * prices) @ X
        U += step * pull / np.maximum(np.linalg.norm(pull, axis=1), 1e-9)[:, None]
    return np.mean(np.maximum(U @ X.T, 0) @ prices > 1.1)


ANSWERS = {
    "ex-trap-teachers": Answer(
        lambda: np.degrees(np.arcsin(2 / np.sqrt(17))),
        tolerance=1e-3,
        asks="the critical angle, in degrees",
    ),
    "ex-trap-worst": Answer(
        _largest_gap, tolerance=0.01, asks=r"the $\lambda$ with the largest gap"
    ),
    "ex-trap-sow:share": Answer(
        _share_to_corners, tolerance=0.05, asks="the share of all directions"
    ),
}
