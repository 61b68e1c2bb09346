"""Truths of the exercises on the program of one cone."""

from functools import cache

import numpy as np
from scipy.optimize import minimize

from relucones import data
from relucones.arrangement import activation_patterns
from relucones.convex import solve_cone

from .. import Answer

_X, _Y = data.five_points()
_LAM = 0.02


def _soft_threshold(x, y, lam):
    """argmin over v >= 0 of mean((x v - y)^2) + 2 lam v."""
    x, y = np.array(x, float), np.array(y, float)
    return max(0.0, x @ y - len(x) * lam) / (x @ x)


@cache
def _pairs():
    """The values of all cones of two different signed patterns, and the best of one."""
    patterns = activation_patterns(_X)
    signed = [(p, s) for s in (1, -1) for p in patterns]
    ones = [solve_cone(_X, _Y, _LAM, [p], [s]).value for p, s in signed]
    twos = [
        solve_cone(_X, _Y, _LAM, [p, q], [s, t]).value
        for i, (p, s) in enumerate(signed)
        for q, t in signed[:i]
    ]
    return np.array(twos), min(ones)


def _gated_fall():
    """How much lower the program of cone A is without the cones: smooth where no v_j is zero."""
    patterns = np.array([[0, 0, 0, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0]])
    signs = np.array([1, 1, -1])
    cone = solve_cone(_X, _Y, _LAM, patterns, signs)
    columns = (signs[:, None, None] * patterns[:, :, None] * _X).transpose(1, 0, 2).reshape(5, 6)

    def objective(v):
        r, sizes = columns @ v - _Y, np.linalg.norm(v.reshape(3, 2), axis=1)
        slope = 2 / 5 * columns.T @ r + 2 * _LAM * (v.reshape(3, 2) / sizes[:, None]).ravel()
        return np.mean(r**2) + 2 * _LAM * sizes.sum(), slope

    start = (cone.network.W * np.abs(cone.network.a)[:, None]).ravel()
    found = minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-10})
    return cone.value - found.fun


def _better_pairs():
    twos, one = _pairs()
    return int(np.sum(twos < one - 1e-6))


ANSWERS = {
    "ex-03-soft-threshold": Answer(
        lambda: _soft_threshold([1, 2, 3], [1, 1, 2], 0.5), 1e-3, "the minimiser $v$ of part 3"
    ),
    "ex-03-pairs:value": Answer(lambda: _pairs()[0].min(), 1e-4, "the smallest value of a pair"),
    "ex-03-pairs:count": Answer(_better_pairs, asks="the number of better pairs"),
    "ex-03-gated": Answer(_gated_fall, 5e-3, "by how much the value of cone A falls"),
}
