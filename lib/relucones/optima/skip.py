r"""The convex program with a linear part that costs nothing.

.. math:: \min_{\ell,\,c\ge0}\; \frac1n\Bigl\|S\ell + \sum_j c_j s_j\sigma(Xu_j) - y\Bigr\|^2
          + 2\lambda\sum_j c_j

With the columns of `X` as S, the free part is any linear function of the inputs; where one of them
is constant, any affine function. Its dual has one more condition, :math:`S^\top\nu=0` (derived
here), so :math:`\nu` is an even function's price: a kink is paid for, a slope is not. Source of the
question: Kim, Mishkin and Pilanci (arXiv 2411.07729).
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..convex import Faces, dual_bound
from ..convex.cutting_planes import restricted_optimum
from ..convex.solution import Columns, without_dependent_columns
from ..network import Network, relu

_PASSES = 200
EPS = np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class SkipSolution:
    r"""An optimal network with a free linear part.

    Attributes
    ----------
    value : float
        Its loss; the linear part is not penalised.
    lower_bound : float
        A number that no network with any linear part can be below.
    linear : array (p,)
        The coefficients :math:`\ell` of the free part.
    directions, signs, weights : arrays (k, d), (k,), (k,)
        The neurons.
    dual : array (n,)
        The dual vector.
    """

    value: float
    lower_bound: float
    linear: np.ndarray
    directions: np.ndarray
    signs: np.ndarray
    weights: np.ndarray
    dual: np.ndarray

    @property
    def relative_gap(self):
        """The gap as a share of `value`; 0 where that is 0."""
        return (self.value - self.lower_bound) / self.value if self.value > 0 else 0.0

    @property
    def network(self):
        """The neurons as a balanced network, without the linear part."""
        return Network.from_directions(self.directions, self.signs, self.weights)

    def predict(self, X, free=None):
        """The outputs on the rows of `X`; `free` are the columns of the linear part there, `X`
        itself if not given."""
        X = checks.matrix(X, "X", columns=self.directions.shape[1])
        free = X if free is None else checks.matrix(free, "free", columns=len(self.linear))
        return self.network.predict(X) + free @ self.linear


def solve_skip(X, y, lam, free=None, tol=1e-8):
    r"""The least loss over networks of every width with a free linear part, certified.

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`, on the neurons alone.
    free : array (n, p), optional
        The columns S of the free part; `X` if not given.
    tol : float
        The relative gap to reach.

    Returns
    -------
    SkipSolution

    Examples
    --------
    >>> line = solve_skip([[-1.0, 1.0], [0.0, 1.0], [2.0, 1.0]], [1.0, 2.0, 4.0], lam=0.1)
    >>> len(line.weights), line.linear.round(9)
    (0, array([1., 2.]))
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    free = X if free is None else checks.matrix(free, "free")
    if len(free) != len(y):
        raise checks.BadInput(f"free must have {len(y)} rows, but it has {len(free)}")
    tol = checks.positive(tol, "tol")
    part = _FreePart(free)
    faces = Faces(X)
    pool = Columns.none(*X.shape)
    best = _network(X, y, lam, part, pool, np.zeros(0))
    nu, bound, dual = 2 / len(y) * part.without(y), -np.inf, None
    for _ in range(_PASSES):
        proved, feasible, above = dual_bound(faces, y, lam, nu)
        if proved > bound:
            bound, dual = proved, feasible
        new = Columns.of(above)
        if best[0] - bound <= tol * best[0] or not len(new.signs):
            break
        pool = pool.extended(new)
        columns, weights = _restricted(pool, part, y, lam)
        candidate = _network(X, y, lam, part, columns, weights)
        best = min(best, candidate, key=lambda one: one[0])
        nu = 2 / len(y) * part.without(y - candidate[1].fits @ candidate[2])
    value, columns, weights = best
    bound = agreeing(bound - part.owed(dual, X, y, lam, value), value)
    linear = part.coefficients(y - columns.fits @ weights)
    order = np.argsort(-weights)
    return SkipSolution(
        value,
        bound,
        linear,
        columns.directions[order],
        columns.signs[order],
        weights[order],
        dual,
    )


def agreeing(bound, value):
    """The bound, which no value can be below but for its last digits.

    Raises
    ------
    ArithmeticError
        If the value contradicts the bound.
    """
    if bound > value * (1 + 64 * EPS):
        raise ArithmeticError(f"a loss of {value!r} contradicts the lower bound {bound!r}")
    return min(bound, value)


class _FreePart:
    """The span of the free columns."""

    def __init__(self, S):
        self.S = S
        U, singular, Vt = np.linalg.svd(S, full_matrices=False)
        kept = singular > 1e-12 * max(singular.max(initial=0), 1e-300)
        self._U, self._pseudo = U[:, kept], Vt[kept].T / singular[kept]
        self._least = singular[kept].min(initial=np.inf)

    def without(self, fits):
        """What is orthogonal to the span, twice over for the sake of rounding."""
        for _ in range(2):
            fits = fits - self._U @ (self._U.T @ fits)
        return fits

    def coefficients(self, rest):
        """The linear part that fits the rest best."""
        return self._pseudo @ (self._U.T @ rest)

    def owed(self, nu, X, y, lam, value):
        r"""What rounding in :math:`S^\top\nu=0` may take from the bound, for all networks below
        `value`.

        With e the part of nu in the span, the free part earns at most
        :math:`\|e\|\|S\ell\|`, and :math:`\|S\ell\|\le\|y\|+\|r\|+\|Gc\|`.
        """
        n = len(y)
        seen = np.linalg.norm(self.S.T @ nu) + n * EPS * np.linalg.norm(self.S) * np.linalg.norm(nu)
        inside = seen / self._least if np.isfinite(self._least) else 0.0
        longest = np.linalg.norm(X, axis=1).max() * np.sqrt(n)
        return inside * (
            np.linalg.norm(y) + np.sqrt(n * value) + longest * value / (2 * lam)
        ) * (1 + 1e-9)


def _restricted(pool, part, y, lam):
    weights = restricted_optimum(part.without(pool.fits), part.without(y), lam)
    return pool.kept(weights > 0), weights[weights > 0]


def _network(X, y, lam, part, columns, weights):
    """The loss of a candidate, its columns and weights."""
    columns, weights = without_dependent_columns(columns, weights)
    fits = (columns.signs[:, None] * relu(columns.directions @ X.T)).T
    rest = part.without(y - fits @ weights)
    return np.mean(rest**2) + 2 * lam * weights.sum(), columns, weights
