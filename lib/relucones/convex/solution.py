r"""The form of every optimum: signed unit directions with weights, and the ways to clean one up.

A network is a sum of few columns, :math:`\hat y = \sum_i c_i s_i\sigma(Xu_i)` with :math:`c_i \ge
0`, and its penalty is
:math:`2\lambda\sum_i c_i`. The solvers find columns in their own ways; here they are merged,
moved to the optimum inside
their faces, made independent, and turned into a `Solution`.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from .. import checks
from ..network import Network, relu
from ..walls import INTERIOR, column_sizes, on_walls
from .dual import reconciled


@dataclass(frozen=True, eq=False)
class Solution:
    r"""An optimum of one of the convex programs, with a bound from below.

    Attributes
    ----------
    value : float
        The regularised loss of `network`, so an upper bound on the optimum.
    lower_bound : float
        A value that no admissible network can beat, from the dual.
    directions : array (k, d)
        Unit vectors :math:`u_i` of the optimal neurons.
    signs : array (k,)
        Their signs :math:`s_i`.
    weights : array (k,)
        Their coefficients :math:`c_i = \|v_i\| > 0`.
    vanishing : bool array (k, n)
        The points on whose hyperplane a direction lies.
    dual : array (n,)
        The dual vector :math:`\nu` behind the lower bound.
    multipliers : array (k', n) or None
        For `solve_cone`, the multipliers of the constraints :math:`(2D_j - I) X v_j \ge 0`, one row
        per pattern given.
    """

    value: float
    lower_bound: float
    directions: np.ndarray
    signs: np.ndarray
    weights: np.ndarray
    vanishing: np.ndarray
    dual: np.ndarray
    multipliers: np.ndarray | None = None

    @property
    def gap(self):
        """How far `value` can at most lie above the optimum."""
        return self.value - self.lower_bound

    @property
    def relative_gap(self):
        """The gap as a share of `value`; 0 where that is 0."""
        return self.gap / self.value if self.value > 0 else 0.0

    @property
    def network(self):
        """The balanced network with these neurons, one zero neuron when there are none."""
        return Network.from_directions(self.directions, self.signs, self.weights)

    def __repr__(self):
        return f"Solution(value={self.value:.10g}, gap={self.gap:.1e}, neurons={len(self.weights)})"


@dataclass(frozen=True, eq=False)
class Columns:
    """Signed unit directions with their fits ``s * relu(X @ u)``, the candidates of the restricted
    problem."""

    directions: np.ndarray  # (k, d)
    signs: np.ndarray  # (k,)
    fits: np.ndarray  # (n, k)
    vanishing: np.ndarray  # (k, n)

    @classmethod
    def none(cls, n, d):
        """No column at all."""
        return cls(np.zeros((0, d)), np.zeros(0, int), np.zeros((n, 0)), np.zeros((0, n), bool))

    def kept(self, index):
        """The columns at `index`, a list of places or of booleans."""
        index = np.asarray(index, dtype=None if len(index) else int)
        return Columns(
            self.directions[index], self.signs[index], self.fits[:, index], self.vanishing[index]
        )

    @classmethod
    def of(cls, maximisers):
        """The dual constraint's maximisers."""
        return cls(maximisers.directions, maximisers.signs, maximisers.fits.T, maximisers.vanishing)

    def extended(self, other):
        """These columns and those of `other`."""
        return Columns(
            np.concatenate([self.directions, other.directions]),
            np.concatenate([self.signs, other.signs]),
            np.concatenate([self.fits, other.fits], axis=1),
            np.concatenate([self.vanishing, other.vanishing]),
        )


def columns_from_vectors(X, y, V, signs):
    """Turn the block vectors of an interior-point solution into directions and weights, dropping
    what is only rounding."""
    lengths = np.linalg.norm(V, axis=1)
    kept = lengths > max(1e-7 * lengths.sum(), 1e-8 * natural_size(X, y))
    directions = V[kept] / lengths[kept, None]
    dots = directions @ X.T
    vanishing = on_walls(directions, X, INTERIOR)
    return Columns(directions, signs[kept], (signs[kept, None] * relu(dots)).T, vanishing), lengths[
        kept
    ]


def natural_size(X, y):
    """The size |v| of a neuron that fits the labels: where all neurons are far smaller, all are
    rounding."""
    return (np.linalg.norm(y) or 1.0) / (np.linalg.norm(X, axis=1).max() or 1.0)


def as_solution(X, y, lam, columns, weights, bound, dual, multipliers=None):
    """The `Solution` with these columns and weights, the largest weight first."""
    if len(weights) and not weights.max() <= checks.LARGEST:
        raise checks.BadInput(
            f"X, y and lam must be nearer in size: the best network found has a neuron of size "
            f"{weights.max():.3g}; use other units, or bring the columns to one size"
        )
    network = Network.from_directions(columns.directions, columns.signs, weights)
    value = reconciled(network, X, y, lam, bound)
    order = np.argsort(-weights, kind="stable")
    best = columns.kept(order)
    return Solution(
        value, bound, best.directions, best.signs, weights[order], best.vanishing, dual, multipliers
    )


def newton_on_faces(X, columns, weights, y, lam, basis_of=None):
    r"""Move the directions inside their faces to the optimum there, by Newton's method.

    Columns of one face and one sign are first added up, which never increases the penalty. On the
    faces the problem is a smooth group lasso in the coordinates :math:`z_j` of :math:`v_j = B_j
    z_j`; steps that would leave a face are cut back.
    """
    n, given = len(y), (columns, weights)
    V, columns = _added_up_by_face(columns, weights)
    basis_of = FaceBases(X) if basis_of is None else basis_of
    bases = [basis_of(zero) for zero in columns.vanishing]
    if not all(B.shape[1] for B in bases):  # only the zero vector lies on so many walls
        return given
    block = np.repeat(np.arange(len(V)), [B.shape[1] for B in bases])
    spread = np.concatenate(bases, axis=1)  # (d, Q): all bases side by side
    active = columns.fits.T != 0
    fit_of = (columns.signs[block, None] * active[block] * (X @ spread).T).T  # (n, Q)
    starts = np.searchsorted(block, np.arange(len(V)))
    z = np.concatenate([v @ B for v, B in zip(V, bases, strict=True)])
    same = block[:, None] == block[None, :]

    def norms(z):
        return np.sqrt(np.add.reduceat(z**2, starts))

    def objective(z):
        misfit = fit_of @ z - y
        return misfit @ misfit / n + 2 * lam * norms(z).sum()

    def vectors(z):
        return np.add.reduceat(spread * z, starts, axis=1).T

    side = np.where(columns.vanishing, 0, np.where(active, 1, -1))

    def room(z, step):
        """The whole step, or half the way to where a direction leaves its face."""
        here, slope = side * (vectors(z) @ X.T), side * (vectors(step) @ X.T)
        crossing = here + slope < 0
        return max((here[crossing] / -slope[crossing]).min() / 2, 0.0) if crossing.any() else 1.0

    gram = 2 / n * fit_of.T @ fit_of
    current = objective(z)
    for _ in range(30):
        length = norms(z)[block]
        gradient = 2 / n * fit_of.T @ (fit_of @ z - y) + 2 * lam * z / length
        curvature = np.diag(1 / length) - same * np.outer(z, z) / length[:, None] ** 3
        step = -_solve_positive(gram + 2 * lam * curvature, gradient)
        share = room(z, step)
        if share < 1e-3:  # the optimum is not on these faces
            break
        step *= share
        # too little for the objective to show: the last step
        if -(gradient @ step) <= 1e-14 * current:
            z = z + step if (norms(z + step) > 0).all() else z
            break
        for halvings in range(10):
            trial = z + 0.5**halvings * step
            if (norms(trial) > 0).all() and (value := objective(trial)) < current:
                break
        else:
            break
        z, current = trial, value
    V = vectors(z)
    weights = np.linalg.norm(V, axis=1)
    directions = V / weights[:, None]
    fits = np.where(active, columns.signs[:, None] * (directions @ X.T), 0.0).T
    return Columns(directions, columns.signs, fits, columns.vanishing), weights


def _solve_positive(H, g):
    """H^-1 g for a positive semidefinite H, the shortest solution where H is singular to
    rounding."""
    scale = 1 / np.sqrt(np.maximum(np.diag(H), 1e-300))
    factor, x, failed = scipy.linalg.lapack.dposv(scale[:, None] * H * scale, scale * g)
    if not (np.isfinite(H).all() and np.isfinite(g).all()):  # units beyond floats: no step
        return np.zeros_like(g)
    if failed or np.diag(factor).min() < 1e-6:
        return np.linalg.lstsq(H, g, rcond=1e-14)[0]
    return scale * x


def _added_up_by_face(columns, weights):
    keys = np.column_stack([columns.signs > 0, columns.vanishing, columns.fits.T != 0])
    _, first, member = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    V = np.zeros((len(first), columns.directions.shape[1]))
    np.add.at(V, member.ravel(), weights[:, None] * columns.directions)
    return V, columns.kept(first)


class FaceBases:
    """Orthonormal bases of the spans of faces: of the weights in the row space of `X` that vanish
    on given points.

    Found in balanced columns, so that it does not depend on their units what counts as dependent.
    """

    def __init__(self, X):
        self._sizes = column_sizes(X)
        balanced = X / self._sizes
        lengths = np.linalg.norm(balanced, axis=1)
        self._units = balanced / np.where(lengths > 0, lengths, 1.0)[:, None]
        _, singular, Vt = np.linalg.svd(self._units, full_matrices=False)
        rows = Vt[singular > _DEPENDENT * singular[0]]
        # Balanced coordinates of the row space: its weights w are such that w * sizes is one of
        # these.
        self._space = np.eye(X.shape[1])
        if len(rows) < X.shape[1]:
            self._space = np.linalg.qr(self._sizes[:, None] ** 2 / self._sizes.max() ** 2 * rows.T)[
                0
            ]
        self._known = {}

    def __call__(self, zero):
        """The basis (d, q), as columns, for the points marked in `zero` (n,)."""
        key = np.packbits(zero).tobytes()
        if key not in self._known:
            self._known[key] = self._basis(zero)
        return self._known[key]

    def _basis(self, zero):
        inside = self._space
        rows = self._units[zero & self._units.any(axis=1)]
        if len(rows):
            _, singular, Vt = np.linalg.svd(
                rows @ inside, full_matrices=len(rows) < inside.shape[1]
            )
            inside = inside @ Vt[int(np.sum(singular > _DEPENDENT)) :].T
        # large rows first: then small ones keep their digits
        down = np.argsort(self._sizes, kind="stable")
        basis = np.empty_like(inside)
        basis[down] = np.linalg.qr((inside / self._sizes[:, None])[down])[0]
        return basis


_DEPENDENT = 1e-9  # the sine below which points that vanish together count once


def without_dependent_columns(columns, weights):
    """Caratheodory's reduction: move along dependences of the fits, never raising the penalty,
    until there are none."""
    while len(weights) and (along := dependence(columns.fits)) is not None:
        weights, ended = moved_along(weights, along)
        kept = np.arange(len(weights)) != ended
        columns, weights = columns.kept(kept), weights[kept]
    return columns, weights


def dependence(fits):
    """Coefficients of columns (n, k) with ``fits @ along == 0``, not all zero and with a sum that
    is not negative; None where the columns are independent."""
    sizes = np.linalg.norm(fits, axis=0)
    if (nothing := sizes <= 1e-14 * sizes.max()).any():  # on no point: only a cost
        return nothing / nothing.sum()
    n, k = fits.shape
    tall = np.linalg.qr(fits / sizes, mode="r") if n > k else fits / sizes
    _, singular, Vt = np.linalg.svd(tall)
    if k <= n and singular[-1] > 1e-10 * singular[0]:
        return None
    along = Vt[-1] / sizes
    return along if along.sum() >= 0 else -along


def moved_along(weights, along):
    """The weights, moved against a dependence until the first of them is 0, and which that is."""
    with np.errstate(divide="ignore", over="ignore"):
        steps = np.where(along > 0, weights / np.maximum(along, 1e-300), np.inf)
    ended = int(steps.argmin())
    weights = np.maximum(weights - steps[ended] * along, 0.0)
    weights[ended] = 0.0
    return weights, ended


def exact_weights(fits, weights, y, lam):
    """The exact coefficients on given columns, and the residual y - G c without cancellation, where
    both are sound."""
    n, k = fits.shape
    sizes = np.linalg.norm(fits, axis=0)
    Q, R = np.linalg.qr(fits / sizes)
    if k <= n and np.abs(np.diag(R)).min() > 1e-10:
        costs = np.linalg.solve(R.T, 1 / sizes)
        exact = np.linalg.solve(R, Q.T @ y - n * lam * costs) / sizes
        if exact.min() > 0:
            return exact, (y - Q @ (Q.T @ y)) + n * lam * (Q @ costs)
    return weights, y - fits @ weights
