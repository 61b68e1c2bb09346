r"""The whole landscape by cutting planes on its dual: solve over a pool of directions, price all faces, add what violates.

The restricted problem over the pool is :math:`\min_{c\ge0}\frac1n\|Gc-y\|^2+2\lambda\sum c`, with the fits of the pool as
columns of G. Its dual vector is priced on all faces at once; the directions at which it breaks the constraint join the
pool. For :math:`\lambda` far below :math:`\lambda_{\max}` the first dual vectors are far off, so a short path of decreasing
:math:`\lambda` comes first, and every stage starts from the best network of the stage before.
"""

from dataclasses import dataclass, field

import numpy as np
import scipy

from ..walls import column_sizes
from .dual import dual_bound
from .solution import (
    Columns,
    FaceBases,
    as_solution,
    exact_weights,
    newton_on_faces,
    without_dependent_columns,
)

_FIRST_STAGE = 3  # the path starts at about 10^-3 lambda_max
_PASSES = 200
_PATIENCE = 12  # passes without progress in the gap before rounding is taken to be the limit
_NEAR = 1.3  # the violation, in units of 2 lam, below which the faces of the optimum are taken to be found
_BESIDE = 1e-3  # the distance of two directions that may be one
_ALMOST_EMPTY = 1e-14  # the relative violation at the zero network that rounding explains


@dataclass
class _Search:
    """What is known: the pool, the best network so far as columns and weights, and the dual vector of the best bound."""

    faces: object
    y: np.ndarray
    pool: Columns
    best: tuple
    nu: np.ndarray  # the dual vector to price next
    bound: float = -np.inf
    dual: np.ndarray = None
    basis_of: FaceBases = field(default=None, repr=False)

    def value(self, lam):
        """The regularised loss of the best network."""
        return _objective(*self.best, self.y, lam)

    def unknown(self, columns):
        """Those of some columns that are not in the pool, to rounding in balanced units."""

        def keys(some):
            balanced = some.directions * column_sizes(self.faces.X)
            balanced = balanced / np.linalg.norm(balanced, axis=1, keepdims=True)
            return [row.tobytes() for row in np.column_stack([some.signs, balanced]).round(13) + 0.0]

        known = set(keys(self.pool))
        return columns.kept([key not in known for key in keys(columns)])


def cutting_planes(faces, y, lam, tol):
    """The `Solution` to a relative gap of `tol`, or as near as rounding allows."""
    n = len(y)
    none = Columns.none(*faces.X.shape)
    search = _Search(faces, y, none, (none, np.zeros(0)), 2 / n * y, basis_of=FaceBases(faces.X))
    first = faces.candidates(search.nu, 2 * lam)
    highest = faces.described(search.nu, first, 2 * lam, most=1).values
    if len(highest):
        stages = int(np.floor(np.log10(highest[0] / (2 * lam)))) - _FIRST_STAGE
        for stage in range(stages, 0, -1):
            _solve_stage(search, lam * 10.0**stage, 1e-2)
    if not len(search.pool.signs):
        search.nu = 2 / n * y
    _solve_stage(search, lam, tol)
    bound, dual, _ = dual_bound(faces, y, lam, search.dual)
    return as_solution(faces.X, y, lam, *without_dependent_columns(*search.best), bound, dual)


def _solve_stage(search, lam, tol):
    """Passes until the gap is closed to `tol`, or until twelve passes have not narrowed it."""
    faces, y = search.faces, search.y
    search.bound, search.dual = -np.inf, search.nu
    narrowest, waited, other = np.inf, 0, None
    for _ in range(_PASSES):
        found = faces.candidates(search.nu, 2 * lam)
        largest = faces.about(found)
        bound = _scaled_bound(y, lam, search.nu, largest)
        if bound > search.bound:
            search.bound, search.dual = bound, search.nu
        value = search.value(lam)
        gap = value - search.bound
        waited = 0 if gap < 0.99 * narrowest else waited + 1
        narrowest = min(narrowest, gap)
        settled = gap <= tol * value and not _leaves_something_out(search, largest, lam)
        if settled or largest <= 2 * lam or waited > _PATIENCE:
            break
        violated = faces.described(search.nu, found, 2 * lam, most=_at_a_time(len(y)))
        new = search.unknown(Columns.of(violated))
        if not len(new.signs) and other is not None:
            search.nu, other = other, None  # nothing new here: price the vector before Newton's method
            continue
        if not len(violated.values):
            break
        search.pool = search.pool.extended(new)
        other = _improve(search, lam, near=violated.values[0] < 2 * lam * _NEAR)


def _leaves_something_out(search, largest, lam):
    """Whether the best network is empty although some neuron would pay: just below lambda_max hardly any value is at stake."""
    return not len(search.best[1]) and largest > 2 * lam * (1 + _ALMOST_EMPTY)


def _improve(search, lam, near):
    """Solve over the pool, when `near` sharpen on the faces, keep the best; the restricted problem's own dual vector is returned."""
    y, n = search.y, len(search.y)
    weights = restricted_optimum(search.pool.fits, y, lam)
    columns, weights = search.pool.kept(weights > 0), weights[weights > 0]
    candidates = [(columns, weights)]
    unrefined = 2 / n * (y - columns.fits @ weights)
    if near and len(weights):
        columns, weights = _on_their_faces(search, columns, weights, lam)
        search.pool = search.pool.extended(search.unknown(columns))
        candidates.append((columns, weights))
    weights, residual = exact_weights(columns.fits, weights, y, lam)
    candidates.append((columns, weights))
    search.nu = 2 / n * residual
    # An empty network is not kept for a gain that is rounding: just below lambda_max no more is at stake.
    allowed = 1 + 4 * np.finfo(float).eps if not len(search.best[1]) else 1.0
    best = min(candidates, key=lambda some: _objective(*some, y, lam))
    if _objective(*best, y, lam) < search.value(lam) * allowed:
        search.best = best
    most = max(40, 20_000_000 // n // 40) * 40  # columns whose fits fit in memory
    if search.pool.fits.shape[1] > min(40 * n, most):
        order = np.argsort(-(search.nu @ search.pool.fits))
        search.pool = search.pool.kept(order[: min(40 * n, most) // 2]).extended(search.best[0])
    return unrefined


def _on_their_faces(search, columns, weights, lam):
    """Newton's method on the faces; a neuron beside another one, on a neighbouring face, is left out where that is better."""
    y, X = search.y, search.faces.X

    def newton(columns, weights):
        return newton_on_faces(X, columns, weights, y, lam, search.basis_of)

    columns, weights = best = newton(columns, weights)
    apart = np.linalg.norm(columns.directions[:, None] - columns.directions[None], axis=2)
    apart = apart + 9.0 * (columns.signs[:, None] != columns.signs) + 9.0 * np.eye(len(weights))
    for i in np.flatnonzero(apart.min(axis=1) < _BESIDE):
        moved = weights + np.where(np.arange(len(weights)) == apart[i].argmin(), weights[i], 0.0)
        kept = np.arange(len(weights)) != i
        best = min(best, newton(columns.kept(kept), moved[kept]), key=lambda some: _objective(*some, y, lam))
    return best


def _at_a_time(n):
    """How many violated directions join the pool in one pass."""
    return min(5 * n, 50 + 2_000_000 // n)


def _objective(columns, weights, y, lam):
    return np.mean((columns.fits @ weights - y) ** 2) + 2 * lam * weights.sum()


def _scaled_bound(y, lam, nu, largest):
    """The bound of `dual_bound` in floats, which is enough to steer by."""
    square, linear = nu @ nu, y @ nu
    best = max(2 * linear / (len(y) * square), 0.0) if square > 0 else 0.0
    t = min(2 * lam / max(largest, 2 * lam), best)
    return t * linear - len(y) / 4 * t**2 * square


def restricted_optimum(fits, y, lam):
    r"""Coefficients :math:`c\ge0` minimising :math:`\frac1n\|Gc-y\|^2 + 2\lambda\sum c`, G = `fits` (n, k).

    Solved through its dual, a projection in the space of the fits, whose active constraints are linearly independent: so
    are the columns with a positive coefficient, and there are at most n of them.
    """
    n, k = fits.shape
    if k == 0 or not y.any():
        return np.zeros(k)
    sizes, scale = np.linalg.norm(fits, axis=0), np.linalg.norm(y)
    unit, target = fits / sizes, y / scale
    if n > k:  # only the span of the fits matters
        basis, unit = np.linalg.qr(unit)
        target = basis.T @ target
    price = n * lam / (sizes * scale)
    weights = _by_daqp(unit, target, price)
    return (_by_nnls(unit, target, price) if weights is None else weights) * scale / sizes


def _by_daqp(unit, target, price):
    """The projection of `target` onto the polyhedron {z : unit' z <= price}, by a dual active-set method; None if it gives up."""
    try:
        import daqp
    except ImportError:
        return None
    p, k = unit.shape
    # A Hessian of one keeps the solver sound for tiny lam. A looser tolerance is the cure when it reports cycling.
    for tolerance in (1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9):
        _, _, flag, info = daqp.solve(
            np.eye(p), -target, np.ascontiguousarray(unit.T), price, np.full(k, -1e30),
            primal_tol=tolerance, dual_tol=1e-12, eps_prox=0, iter_limit=100_000,
        )  # fmt: skip
        if flag > 0:
            return np.maximum(np.asarray(info["lam"]), 0.0)
    return None


def _by_nnls(unit, target, price):
    """The same by Lawson and Hanson: the least distance to a polyhedron is a non-negative least-squares problem."""
    p, k = unit.shape
    gain = unit.T @ target - price  # what a direction earns at the target beyond its price
    if gain.max() <= 0:
        return np.zeros(k)
    size = np.abs(gain).max()
    share, _ = scipy.optimize.nnls(np.vstack([unit, gain / size]), np.append(np.zeros(p), 1.0), maxiter=50 * (p + k))
    left = 1 - gain / size @ share
    return share * (size / max(left, 1e-300)) if left > 0 else np.zeros(k)
