"""Answers of *Two regimes of training*."""

import numpy as np

from relucones import data, lambda_max, solve_cone, solve_global

from .. import Answer


def _second_power():
    """1 - (h_2 - 2 lam) / gamma for the peaks of heights 3 and 2."""
    lam = 0.5
    gamma = 2 * (lambda_max(np.eye(2), [3.0, -2.0]) - lam)
    return 1 - (2 - 2 * lam) / gamma


def _unlearned(step=0.002, end=30):
    """How far the starts with random signs move, relative to their size, when they learn zero."""
    X, _ = data.five_points()
    rng = np.random.default_rng(1)
    W0 = rng.standard_normal((20, 16, 2))
    a0 = rng.choice([-1, 1], (20, 16)) * np.linalg.norm(W0, axis=2)
    W, a = W0, a0
    for _ in range(round(end / step)):
        heights = np.maximum(W @ X.T, 0)
        residual = np.einsum("rm,rmk->rk", a, heights) * (2 / len(X))
        g = ((heights > 0) * residual[:, None]) @ X
        W, a = W - step * a[..., None] * g, a - step * (W * g).sum(axis=2)
    moved = np.sum((W - W0) ** 2, axis=(1, 2)) + np.sum((a - a0) ** 2, axis=1)
    return np.median(np.sqrt(moved / (2 * np.sum(a0**2, axis=1))))


def _line_against_optimum():
    """The loss of the best network that is on at all three points, in units of p*."""
    X, y = np.c_[[-0.75, -0.5, 0.125], np.ones(3)], np.array([1.1, 0.1, 0.8])
    line = solve_cone(X, y, 0.01, [[True] * 3], [1]).value
    return line / solve_global(X, y, 0.01).value


ANSWERS = {
    "ex-regimes-two-peaks": Answer(_second_power, tolerance=1e-3, asks="the exponent"),
    "ex-regimes-unlearning": Answer(
        _unlearned, tolerance=0.01, asks="the median relative movement"
    ),
    "ex-regimes-doubling": Answer(
        lambda: np.log(2) / 0.1, tolerance=2e-3, asks=r"the extra time for $\lambda = 0.05$"
    ),
    "ex-regimes-departure": Answer(
        lambda: 60 + np.log(100) / 0.2, tolerance=2e-3, asks="the time of departure"
    ),
    "ex-regimes-one-peak": Answer(
        _line_against_optimum, tolerance=2e-3, asks=r"the median loss, in units of $p^\star$"
    ),
}
