"""Slow, plain routes to the numbers of the library, written from the mathematics and not from its
code."""

from itertools import product

import cvxpy as cp
import numpy as np
from scipy.optimize import brentq, linprog, nnls


def relu(z):
    return np.maximum(z, 0)


def loss(W, a, X, y, lam):
    """The regularised loss, written out."""
    residual = relu(X @ W.T) @ a - y
    return residual @ residual / len(y) + lam * (np.sum(W * W) + np.sum(a * a))


# ---- cells ---------------------------------------------------------------------------------------


def patterns_by_linear_programs(X):
    """All patterns of open cells, sorted: a tree over the points, cut where a linear program is
    infeasible.

    The pattern of the first k points is realised when some w has ``side * (x @ w) >= 1`` on its
    non-zero rows, so every one of the 2^n patterns is accepted or refused by a linear program on it
    or on a part of it.
    """
    X = np.array(X, dtype=float)
    largest = np.abs(X).max(axis=1, keepdims=True)
    X = np.divide(X, largest, out=np.zeros_like(X), where=largest > 0)
    found = [()]
    for k, row in enumerate(X):
        sides = (0, 1) if row.any() else (0,)
        found = [p + (s,) for p in found for s in sides]
        if row.any():
            found = [p for p in found if _separable(X[: k + 1], p)]
    return np.array(sorted(found), dtype=bool).reshape(len(found), len(X))


def _separable(X, pattern):
    rows = X.any(axis=1)
    side = 2 * np.array(pattern)[rows] - 1
    d = X.shape[1]
    answer = linprog(
        np.zeros(d),
        A_ub=-side[:, None] * X[rows],
        b_ub=-np.ones(rows.sum()),
        bounds=[(None, None)] * d,
    )
    assert answer.status in (0, 2), answer.message
    return answer.status == 0


def general_position(X):
    """Whether any min(n, d) rows are independent, by a clear margin."""
    from itertools import combinations

    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    size = min(X.shape)
    return all(
        np.linalg.svd(X[list(c)], compute_uv=False)[-1] > 1e-4
        for c in combinations(range(len(X)), size)
    )


# ---- the dual constraint -------------------------------------------------------------------------


def dual_maximum(X, nu, patterns=None):
    r"""The maximum over the unit ball of :math:`|\nu^\top\sigma(Xu)|`, cell by cell.

    On a closed cell the function is :math:`g^\top u`, whose maximum over the cone and the ball is
    the length of the projection of g on the cone, and by Moreau the distance of g from the polar
    cone: a non-negative least-squares problem.
    """
    patterns = patterns_by_linear_programs(X) if patterns is None else patterns
    best = 0.0
    for D, s in product(patterns, (1, -1)):
        walls = (2 * D[:, None] - 1) * X
        best = max(best, nnls(walls.T, -s * (X.T @ (D * nu)))[1])
    return best


def sampled_maximum(X, nu, rng, samples=4000, rounds=25):
    """A lower bound on the same maximum: random directions, the best of them improved by ever
    smaller random moves."""
    d = X.shape[1]

    def values(U):
        return np.abs(relu(U @ X.T) @ nu)

    def units(U):
        return U / np.maximum(np.linalg.norm(U, axis=1, keepdims=True), 1e-300)

    U = units(rng.standard_normal((samples, d)))
    best = U[np.argsort(-values(U))[:5]]
    step = 0.5
    for _ in range(rounds):
        U = units(
            np.concatenate(
                [best, (best[:, None] + step * rng.standard_normal((5, 40, d))).reshape(-1, d)]
            )
        )
        best = U[np.argsort(-values(U))[:5]]
        step *= 0.7
    return values(best).max()


# ---- the convex programs -------------------------------------------------------------------------


def cone_value(X, y, lam, patterns, signs):
    """The program of one cone as it stands in the book, through CVXPY."""
    n, d = X.shape
    v = [cp.Variable(d) for _ in signs]
    fit = sum(s * cp.multiply(D, X @ vj) for D, s, vj in zip(patterns, signs, v, strict=True))
    inside = [cp.multiply(2 * D - 1, X @ vj) >= 0 for D, vj in zip(patterns, v, strict=True)]
    problem = cp.Problem(
        cp.Minimize(cp.sum_squares(fit - y) / n + 2 * lam * sum(cp.norm(vj) for vj in v)), inside
    )
    return problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)


def global_value(X, y, lam):
    """The whole program: the cone that holds every signed pattern, the patterns found by linear
    programs."""
    patterns = patterns_by_linear_programs(X)
    both = np.concatenate([patterns, patterns])
    return cone_value(X, y, lam, both, np.repeat([1, -1], len(patterns)))


def linear_neuron(X, y, lam):
    r"""The minimiser of :math:`\frac1n\|Xv-y\|^2 + 2\lambda\|v\|`, by its length.

    A minimiser v != 0 solves :math:`(X^\top X/n + \lambda/\rho)v = X^\top y/n` with
    :math:`\rho=\|v\|`, one equation in one unknown.
    """
    n, d = X.shape
    gram, target = X.T @ X / n, X.T @ y / n
    if np.linalg.norm(target) <= lam:
        return np.zeros(d)

    def vector(log_rho):
        rho = np.exp(log_rho)
        return np.linalg.solve(rho * gram + lam * np.eye(d), rho * target)

    log_rho = brentq(
        lambda t: np.linalg.norm(vector(t)) / np.exp(t) - 1, -40, 40, xtol=1e-15, rtol=1e-15
    )
    return vector(log_rho)


def linear_neuron_value(X, y, lam):
    v = linear_neuron(X, y, lam)
    return np.mean((X @ v - y) ** 2) + 2 * lam * np.linalg.norm(v)


def orthonormal_value(y, lam):
    """The global minimum on orthonormal points: one neuron for the positive labels, one for the
    negative."""
    n, total = len(y), 0.0
    for part in (y[y > 0], y[y < 0]):
        length = np.linalg.norm(part)
        total += 2 * lam * length - n * lam**2 if length > n * lam else length**2 / n
    return total


@np.errstate(all="ignore")
def descend(X, y, lam, m, rng, steps=400, rate=0.05):
    """A few hundred steps of plain gradient descent from a random start: any network is an upper
    bound."""
    d = X.shape[1]
    W = rng.standard_normal((m, d)) / np.sqrt(d)
    a = rng.choice([-1.0, 1.0], m) * np.linalg.norm(W, axis=1)
    best = np.inf, W, a
    for _ in range(steps):
        value = loss(W, a, X, y, lam)
        if not np.isfinite(value):
            break
        if value < best[0]:
            best = value, W, a
        hidden = relu(X @ W.T)
        pull = 2 / len(y) * (hidden @ a - y)
        inner = ((hidden > 0) * pull[:, None] * a).T @ X
        W, a = W - rate * (inner + 2 * lam * W), a - rate * (hidden.T @ pull + 2 * lam * a)
    return best[1], best[2]
