"""Training as one would write it down: the second route for the tests of `relucones.training`."""

import numpy as np


def plain_loop(X, y, lam, W, a, eta, steps):
    """Gradient descent."""
    n = len(y)
    for _ in range(steps):
        dots = X @ W.T
        residual = 2 / n * (np.maximum(dots, 0) @ a - y)
        W_slope = a[:, None] * (((dots > 0) * residual[:, None]).T @ X) + 2 * lam * W
        a_slope = np.maximum(dots, 0).T @ residual + 2 * lam * a
        W, a = W - eta * W_slope, a - eta * a_slope
    return W, a


def loss_of(X, y, lam, W, a):
    """The regularised loss."""
    fit = np.maximum(X @ W.T, 0) @ a
    return np.mean((fit - y) ** 2) + lam * (np.sum(W**2) + np.sum(a**2))


SCALES = np.repeat([0.003, 0.03, 0.3, 1, 2.5], 4)


def small_problem(k):
    """X, y, lam and m of the k-th small random problem."""
    rng = np.random.default_rng(1000 + k)
    n, d, m = rng.integers(3, 7), rng.integers(2, 4), rng.integers(4, 13)
    lam = float(rng.choice([0.01, 0.02, 0.05, 0.1]))
    return rng.standard_normal((n, d)), rng.standard_normal(n), lam, int(m)
