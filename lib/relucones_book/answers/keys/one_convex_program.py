"""Truths of the exercises on the convex program of the whole landscape."""

import math

import numpy as np

from relucones import Network, data
from relucones.convex import Faces, dual_bound, solve_global

from .. import Answer


def _lambda_max_of_two(y):
    """For two orthonormal points: with one sign the norm counts, with two the larger label."""
    return (math.hypot(*y) if y[0] * y[1] > 0 else max(map(abs, y))) / 2


def _bound_of_the_guess():
    X, y = data.five_points()
    rng = np.random.default_rng(5)
    guess = Network(0.5 * rng.standard_normal((4, 2)), 0.5 * rng.standard_normal(4))
    return dual_bound(Faces(X), y, 0.02, 2 / len(y) * (y - guess.predict(X)))[0]


def _six_points():
    return solve_global(*data.gaussian_teacher(6, 4, seed=2), 0.05)


def _orthogonal(y, lam):
    """p* of orthonormal points: one term for the positive labels and one for the negative."""
    n = len(y)
    sizes = [math.hypot(*(v for v in y if v * s > 0)) for s in (1, -1)]
    return sum(2 * lam * q - n * lam**2 if q > n * lam else q**2 / n for q in sizes)


ANSWERS = {
    "ex-program-lambda-max:first": Answer(
        lambda: _lambda_max_of_two([3, 4]), 1e-6, asks=r"$\lambda_{\max}$ for $y = (3, 4)$"
    ),
    "ex-program-lambda-max:second": Answer(
        lambda: _lambda_max_of_two([3, -4]), 1e-6, asks=r"$\lambda_{\max}$ for $y = (3, -4)$"
    ),
    "ex-program-dual-bound": Answer(_bound_of_the_guess, tolerance=1e-3, asks="the best bound"),
    "ex-program-caratheodory:neurons": Answer(
        lambda: len(_six_points().weights), asks="the number of neurons left"
    ),
    "ex-program-caratheodory:sum": Answer(
        lambda: _six_points().weights.sum(), tolerance=1e-3, asks="the sum of their weights"
    ),
    "ex-program-orthogonal": Answer(
        lambda: _orthogonal([1, -0.5, 0.8, 0.05], 0.02), tolerance=1e-3, asks=r"$p^\star$"
    ),
}
