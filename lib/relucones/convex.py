r"""The convex programs behind the landscape, each solved with a certified lower bound.

With :math:`v_j = |a_j| w_j` the regularised loss on one activation cone is a group lasso under cone constraints,

.. math:: \min_{v_j \in K_{D_j}} \frac1n \Bigl\|\sum_j s_j D_j X v_j - y\Bigr\|^2 + 2\lambda \sum_j \|v_j\|,

and with all signed patterns at once it is the whole landscape, for every large enough width. Its dual is

.. math:: \max_\nu\; y^\top\nu - \frac n4\|\nu\|^2 \quad\text{s.t.}\quad
          |\nu^\top\sigma(Xu)| \le 2\lambda \;\;\forall\, \|u\| \le 1.

Source: Pilanci and Ergen 2020 for the program; the normalisation of Boursier et al. (arXiv 2505.22578).
"""

import warnings
from dataclasses import dataclass, replace
from itertools import product

import clarabel
import cvxpy as cp
import daqp
import numpy as np
from scipy import linalg, sparse

from . import checks
from .arrangement import TOLERANCE
from .ascent import faces_of
from .faces import Faces, Maximisers
from .network import Network, relu


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
        For `solve_cone`, the multipliers of the constraints :math:`(2D_j - I) X v_j \ge 0`, one row per pattern given.
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
    def network(self):
        """The balanced network with these neurons, one zero neuron when there are none."""
        return Network.from_directions(self.directions, self.signs, self.weights)

    def __repr__(self):
        return f"Solution(value={self.value:.10g}, gap={self.gap:.1e}, neurons={len(self.weights)})"


def lambda_max(X, y):
    r"""The smallest :math:`\lambda` for which the zero network is optimal: :math:`\max_{\|u\|\le1} |y^\top\sigma(Xu)| / n`.

    Derived here: at the zero network :math:`\nu = 2y/n`, and optimality is :math:`|\nu^\top\sigma(Xu)| \le 2\lambda`.

    Examples
    --------
    >>> lambda_max([[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0])
    2.5
    """
    X, y = checks.data(X, y)
    values = Faces(X).maximisers(y).values
    return float(values[0] / len(y)) if len(values) else 0.0


def solve_global(X, y, lam, tol=1e-8, method="exact", faces=None):
    r"""The global minimum of the regularised loss over networks of every width, certified.

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    tol : float
        The relative duality gap to reach.
    method : {"exact", "clarabel"}
        "exact": cutting planes on the dual, with the constraint maximised over all faces of the arrangement.
        "clarabel": the whole program, one block per signed pattern, through CVXPY; readable, and slow beyond n = 20.
    faces : Faces, optional
        The faces of the arrangement of `X`, where they have been listed already.

    Returns
    -------
    Solution
        With at most n neurons, whose fits are linearly independent.

    Raises
    ------
    ValueError
        For bad input; for "clarabel" also when `X` has too many activation patterns to list.

    Notes
    -----
    "exact" on data with too many patterns: directions are then found by climbing from many starts, and the bound rests
    on an inequality (see `relucones.ascent`). Value and bound are still true, but the gap stays open, and is reported.

    Examples
    --------
    >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0]
    >>> solve_global(X, y, lam=0.5)
    Solution(value=4.5, gap=0.0e+00, neurons=1)
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    tol = checks.positive(tol, "tol")
    checks.choice(method, "method", ("exact", "clarabel"))
    if lam < np.linalg.norm(y) * np.linalg.norm(X) * 1e-200:
        raise ValueError(f"lam must not be that close to the smallest float for these data, but it is {lam}")
    faces = faces or (Faces(X) if method == "clarabel" else faces_of(X))
    if method == "clarabel":
        return _whole_program(faces, y, lam)
    return _cutting_planes(faces, y, lam, tol)


def solve_cone(X, y, lam, patterns, signs, polish=True):
    r"""The minimum of the regularised loss over one closed activation cone, with its multipliers.

    .. math:: \min_{(2D_j - I) X v_j \ge 0} \frac1n \Bigl\|\sum_j s_j D_j X v_j - y\Bigr\|^2 + 2\lambda\sum_j \|v_j\|

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    patterns : bool array (k, n)
        The activation patterns of the neurons. A signed pattern given twice counts once: merging two neurons of
        one signed pattern never increases the loss.
    signs : array (k,)
        The signs of the outer weights.
    polish : bool
        Add up neurons on one face and improve the solution to rounding; without, it is the interior-point solver's own,
        which spreads over all neurons that some minimiser uses.

    Returns
    -------
    Solution
        Its `lower_bound` bounds the minimum over this cone only.

    Examples
    --------
    >>> solve_cone([[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0], 0.5, [[True, True]], [1]).value.__round__(6)
    4.5
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    patterns = checks.patterns(patterns, "patterns", len(y))
    if len(patterns) == 0:
        raise ValueError("patterns must hold at least one pattern")
    signs = checks.signs(signs, "signs", len(patterns))
    if lam * len(y) >= np.linalg.norm(X) * np.linalg.norm(y):  # nu = 2y/n is feasible: the zero network is optimal
        none = _Columns.none(*X.shape), np.zeros(0)
        return _as_solution(X, y, lam, *none, np.mean(y**2), 2 / len(y) * y, np.zeros(patterns.shape))
    blocks, member = np.unique(np.column_stack([signs > 0, patterns]), axis=0, return_inverse=True)
    solution = ConeProgram(X, y, lam, len(blocks)).solve(blocks[:, 1:], np.where(blocks[:, 0], 1, -1), polish)
    return replace(solution, multipliers=solution.multipliers[member.ravel()])


def dual_bound(faces, y, lam, nu, maximisers=None):
    r"""The lower bound that the vector `nu` proves, after scaling it into the feasible set of the dual.

    Every multiple :math:`t\nu` with :math:`t \max_u|\nu^\top\sigma(Xu)| \le 2\lambda` is feasible, so
    :math:`t\,y^\top\nu - \frac n4 t^2\|\nu\|^2` bounds the loss of every network from below; the best t is taken.
    `maximisers` are those of `nu` above :math:`2\lambda`, where they are known already.

    Returns
    -------
    bound : float
    feasible : array (n,)
        The scaled vector.
    maximisers : Maximisers
        The directions at which `nu` violates the constraint.
    """
    if maximisers is None:
        maximisers = faces.maximisers(nu, above=2 * lam)
    largest = max(faces.ceiling(nu, maximisers), 2 * lam)
    square, linear = nu @ nu, y @ nu
    best = max(2 * linear / (len(y) * square), 0.0) if square > 0 else 0.0
    t = min(2 * lam / largest, best)
    return t * linear - len(y) / 4 * t**2 * square, t * nu, maximisers


# ---- the exact method -------------------------------------------------------------------------------------------


def _cutting_planes(faces, y, lam, tol):
    """Cutting planes on the dual: solve over a pool of directions, price all faces, add what violates, repeat.

    For lam far below lambda_max the first dual vectors are far off; a short path of decreasing lam fills the pool first.
    """
    X, n = faces.X, len(y)
    state = _State(pool=_Columns.none(*X.shape), nu=2 / n * y)
    first = faces.maximisers(2 / n * y, above=2 * lam)
    if len(first.values):
        stages = int(np.floor(np.log10(first.values[0] / (2 * lam)))) - _FIRST_STAGE
        for stage in range(stages, 0, -1):
            state = _solve_stage(faces, y, lam * 10.0**stage, 1e-2, state)
    if not len(state.pool.signs):
        state.violated = first
    state = _solve_stage(faces, y, lam, tol, state)
    return _as_solution(X, y, lam, *_reduced(*state.best), state.bound, state.dual)


_FIRST_STAGE = 3  # the path starts at about 10^-3 lambda_max
_PASSES = 200
_PATIENCE = 12  # passes without progress in the gap before rounding is taken to be the limit
_POOL = 40  # columns per data point


@dataclass
class _State:
    """What one stage hands to the next: the pool, the dual vector, and at its end the best network and bound."""

    pool: "_Columns"
    nu: np.ndarray
    violated: Maximisers | None = None  # those of nu, where they are known
    best: tuple | None = None
    bound: float = -np.inf
    dual: np.ndarray | None = None


def _solve_stage(faces, y, lam, tol, state):
    X, n = faces.X, len(y)
    pool, nu, known = state.pool, state.nu, state.violated
    value, best = np.mean(y**2), (_Columns.none(*X.shape), np.zeros(0))
    bound, dual, smallest_gap, waited = -np.inf, np.zeros(n), np.inf, 0
    for _ in range(_PASSES):
        new_bound, feasible, violated = dual_bound(faces, y, lam, nu, known)
        known = None
        if new_bound > bound:
            bound, dual = new_bound, feasible
        waited = 0 if value - bound < 0.99 * smallest_gap else waited + 1
        smallest_gap = min(smallest_gap, value - bound)
        if smallest_gap <= tol * value or len(violated.values) == 0 or waited > _PATIENCE:
            break
        pool = pool.extended(_Columns.of(violated, limit=5 * n))
        weights = _restricted_optimum(pool.fits, y, lam)
        if weights is None:  # the gap says how far it got
            break
        columns, weights = pool.kept(weights > 0), weights[weights > 0]
        if violated.values[0] < 2.6 * lam:  # near enough for the faces of the optimum to be the right ones
            columns, weights = _refined(X, columns, weights, y, lam)
            pool = pool.extended(columns)
        weights, residual = _settled(columns.fits, weights, y, lam)
        nu = 2 / n * residual
        new_value = np.mean((columns.fits @ weights - y) ** 2) + 2 * lam * weights.sum()
        if new_value < value:
            value, best = new_value, (columns, weights)
        if pool.fits.shape[1] > _POOL * n:
            pool = pool.kept(np.argsort(-(nu @ pool.fits))[: _POOL * n // 2])
    return _State(pool, nu, None, best, bound, dual)


@dataclass(frozen=True, eq=False)
class _Columns:
    """Signed unit directions with their fits ``s * relu(X @ u)``, the candidates of the restricted problem."""

    directions: np.ndarray  # (k, d)
    signs: np.ndarray  # (k,)
    fits: np.ndarray  # (n, k)
    vanishing: np.ndarray  # (k, n)

    @classmethod
    def none(cls, n, d):
        return cls(np.zeros((0, d)), np.zeros(0, int), np.zeros((n, 0)), np.zeros((0, n), bool))

    def kept(self, index):
        return _Columns(self.directions[index], self.signs[index], self.fits[:, index], self.vanishing[index])

    @classmethod
    def of(cls, maximisers, limit):
        top = slice(0, limit)
        return cls(
            maximisers.directions[top], maximisers.signs[top], maximisers.fits[top].T, maximisers.vanishing[top]
        )

    def extended(self, other):
        return _Columns(
            np.concatenate([self.directions, other.directions]),
            np.concatenate([self.signs, other.signs]),
            np.concatenate([self.fits, other.fits], axis=1),
            np.concatenate([self.vanishing, other.vanishing]),
        )


def _restricted_optimum(fits, y, lam):
    r"""Coefficients :math:`c\ge0` minimising :math:`\frac1n\|Gc-y\|^2 + 2\lambda\sum c`, G = `fits` (n, k).

    Solved through its dual, a projection in R^n, whose active constraints are linearly independent: so are the
    columns with a positive coefficient, and there are at most n of them. None when the solver fails.
    """
    n, k = fits.shape
    sizes, scale = np.linalg.norm(fits, axis=0), np.linalg.norm(y)
    # In units z = n nu / 2 the dual is the projection of y onto the polyhedron {G^T z <= n lam}: a Hessian of one
    # keeps the solver sound for tiny lam. A looser tolerance is the cure when it reports cycling.
    for tolerance in (1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9):
        _, _, flag, info = daqp.solve(
            np.eye(n), -y / scale, np.ascontiguousarray((fits / sizes).T), n * lam / (sizes * scale), np.full(k, -1e30),
            primal_tol=tolerance, dual_tol=1e-12, eps_prox=0, iter_limit=100_000,
        )  # fmt: skip
        if flag > 0:
            return np.maximum(np.asarray(info["lam"]), 0.0) * scale / sizes
    return None


def _refined(X, columns, weights, y, lam):
    r"""Move the directions inside their faces to the optimum there, by Newton's method.

    Columns of one face and one sign are first added up, which never increases the penalty. On the faces the problem is
    a smooth group lasso in the coordinates :math:`z_j` of :math:`v_j = B_j z_j`; steps that would leave a face are cut
    back.
    """
    n, given = len(y), (columns, weights)
    V, columns = _added_up_by_face(columns, weights)
    units, rows = _row_space(X)
    bases = [_face_basis(units, rows, zero) for zero in columns.vanishing]
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
        if -(gradient @ step) <= 1e-14 * current:  # too little for the objective to show: the last step
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
    return _Columns(directions, columns.signs, fits, columns.vanishing), weights


def _solve_positive(H, g):
    """H^-1 g for a positive semidefinite H, the shortest solution where H is singular to rounding."""
    scale = 1 / np.sqrt(np.maximum(np.diag(H), 1e-300))
    factor, x, failed = linalg.lapack.dposv(scale[:, None] * H * scale, scale * g)
    if failed or np.diag(factor).min() < 1e-6:
        return np.linalg.lstsq(H, g, rcond=1e-14)[0]
    return scale * x


def _added_up_by_face(columns, weights):
    keys = np.column_stack([columns.signs > 0, columns.vanishing, columns.fits.T != 0])
    _, first, member = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    V = np.zeros((len(first), columns.directions.shape[1]))
    np.add.at(V, member.ravel(), weights[:, None] * columns.directions)
    return V, columns.kept(first)


def _row_space(X):
    """The points at length one, so that small ones count as much as large ones, and an orthonormal basis of their span."""
    lengths = np.linalg.norm(X, axis=1)
    units = X / np.where(lengths > 0, lengths, 1.0)[:, None]
    _, singular, Vt = np.linalg.svd(units, full_matrices=False)
    return units, Vt[singular > TOLERANCE * singular[0]]


def _face_basis(units, rows, zero):
    """Orthonormal basis, as columns, of the weights in the span of `rows` that vanish on the points `zero`."""
    if not zero.any():
        return rows.T
    _, singular, Wt = np.linalg.svd(units[zero] @ rows.T, full_matrices=True)
    return rows.T @ Wt[int(np.sum(singular > TOLERANCE)) :].T


def _reduced(columns, weights):
    """Caratheodory's reduction: move along dependences of the fits, never raising the penalty, until there are none."""
    while len(weights):
        sizes = np.linalg.norm(columns.fits, axis=0)
        _, singular, Vt = np.linalg.svd(columns.fits / sizes)
        if len(weights) <= len(columns.fits) and singular[-1] > 1e-10 * singular[0]:
            break
        along = Vt[-1] / sizes
        along = along if along.sum() >= 0 else -along
        with np.errstate(divide="ignore"):
            steps = np.where(along > 0, weights / np.maximum(along, 1e-300), np.inf)
        weights = weights - steps.min() * along
        kept = np.arange(len(weights)) != steps.argmin()
        columns, weights = columns.kept(kept), np.maximum(weights[kept], 0.0)
    return columns, weights


def _settled(fits, weights, y, lam):
    """The exact coefficients on given columns, and the residual y - G c without cancellation, where both are sound."""
    n, k = fits.shape
    sizes = np.linalg.norm(fits, axis=0)
    Q, R = np.linalg.qr(fits / sizes)
    if k <= n and np.abs(np.diag(R)).min() > 1e-10:
        costs = np.linalg.solve(R.T, 1 / sizes)
        exact = np.linalg.solve(R, Q.T @ y - n * lam * costs) / sizes
        if exact.min() > 0:
            return exact, (y - Q @ (Q.T @ y)) + n * lam * (Q @ costs)
    return weights, y - fits @ weights


# ---- the readable method ----------------------------------------------------------------------------------------


def _whole_program(faces, y, lam):
    """The program over all signed patterns as one would write it on the blackboard."""
    X, n = faces.X, len(y)
    D = faces.arrangement.patterns().T  # (n, N): one column per pattern
    D = D[:, D.any(axis=0)]
    if D.shape[1] == 0:  # all points are zero
        return _as_solution(X, y, lam, _Columns.none(*X.shape), np.zeros(0), np.mean(y**2), 2 / n * y)
    U, V = cp.Variable((X.shape[1], D.shape[1])), cp.Variable((X.shape[1], D.shape[1]))
    fit = cp.sum(cp.multiply(D, X @ (U - V)), axis=1)
    penalty = cp.sum(cp.norm(U, 2, axis=0)) + cp.sum(cp.norm(V, 2, axis=0))
    inside = [cp.multiply(2 * D - 1, X @ W) >= 0 for W in (U, V)]
    problem = cp.Problem(cp.Minimize(cp.sum_squares(fit - y) / n + 2 * lam * penalty), inside)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Solution may be inaccurate")  # the gap says how accurate
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-10, tol_feas=1e-10)
    bound, dual, _ = dual_bound(faces, y, lam, 2 / n * (y - fit.value))
    signs = np.repeat([1, -1], D.shape[1])
    columns, weights = _columns_from_vectors(X, y, np.hstack([U.value, V.value]).T, signs)
    return _as_solution(X, y, lam, *_reduced(columns, weights), bound, dual)


# ---- one cone ---------------------------------------------------------------------------------------------------


class ConeProgram:
    """The program of one cone, given to Clarabel directly and set up once for all cones of `blocks` signed patterns.

    Its matrix has the same places for every such cone, so from cone to cone only numbers change, and the symbolic
    factorisation is kept. Units are those in which points and labels have size 1.
    """

    def __init__(self, X, y, lam, blocks, tol=1e-11):
        self.X, self.y, self.lam, self.blocks, self.tol = X, y, lam, blocks, tol
        n, d = X.shape
        self._size = np.linalg.norm(X, axis=1).max() or 1.0
        self._scale = np.linalg.norm(y) or 1.0
        k = blocks
        # Variables: v_1..v_k (k d), their lengths t (k), the residual rho (n). Rows: rho = y - fit; walls; |v_j| <= t_j.
        fit = sparse.csc_array(np.ones((n, k * d)))
        walls = sparse.block_diag([np.ones((n, d))] * k)
        lengths = sparse.kron(sparse.eye_array(k), sparse.eye_array(d + 1, 1))
        vectors = sparse.kron(sparse.eye_array(k), sparse.eye_array(d + 1, d, k=-1))
        A = sparse.block_array(
            [[fit, None, sparse.eye_array(n)], [walls, None, None], [-vectors, -lengths, None]], format="csc"
        )
        A.sort_indices()
        self._A = A
        column = np.repeat(np.arange(A.shape[1]), np.diff(A.indptr))
        of_neuron = column < k * d
        # Where the entries of the fit and of the walls stand, and which number of the points each of them takes.
        self._in_fit = np.flatnonzero(of_neuron & (A.indices < n))
        self._in_walls = np.flatnonzero(of_neuron & (A.indices >= n) & (A.indices < n + n * k))
        self._fit_entry = column[self._in_fit] // d, A.indices[self._in_fit], column[self._in_fit] % d
        rows = A.indices[self._in_walls] - n
        self._wall_entry = column[self._in_walls] // d, rows % n, column[self._in_walls] % d
        self._P = sparse.diags_array(np.repeat([0.0, 2 / n], [k * d + k, n]), format="csc")
        self._q = np.repeat([0.0, 2 * lam / (self._size * self._scale), 0.0], [k * d, k, n])
        self._b = np.concatenate([y / self._scale, np.zeros(n * k + (d + 1) * k)])
        self._cones = [
            clarabel.ZeroConeT(n), clarabel.NonnegativeConeT(n * k), *[clarabel.SecondOrderConeT(d + 1)] * k
        ]  # fmt: skip
        self._solver = None

    def solve(self, patterns, signs, polish=True):
        """The `Solution` on the cone of these patterns (blocks, n) and signs (blocks,), all different."""
        X, y, lam, k = self.X, self.y, self.lam, self.blocks
        n, d = X.shape
        points = X / self._size
        neuron, point, coordinate = self._fit_entry
        self._A.data[self._in_fit] = (signs[neuron] * patterns[neuron, point]) * points[point, coordinate]
        neuron, point, coordinate = self._wall_entry
        self._A.data[self._in_walls] = (1.0 - 2 * patterns[neuron, point]) * points[point, coordinate]
        solution = self._solved()
        V = np.array(solution.x[: k * d]).reshape(k, d) * self._scale / self._size
        dual = np.array(solution.z)
        nu, mu = -self._scale * dual[:n], self._scale * dual[n : n + n * k].reshape(k, n)
        pulls = (signs[:, None] * patterns * nu + (2 * patterns - 1) * mu) @ X
        # For tiny lam the solver's rounding breaks |pull| <= 2 lam: the shortest change of nu that mends it comes first.
        excess = pulls * np.maximum(1 - 2 * lam / np.maximum(np.linalg.norm(pulls, axis=1, keepdims=True), 1e-300), 0)
        weigh = np.concatenate([signs[j] * (patterns[j, :, None] * X).T for j in range(k)])
        nu = nu - np.linalg.lstsq(weigh, excess.ravel(), rcond=1e-12)[0]
        pulls = (signs[:, None] * patterns * nu + (2 * patterns - 1) * mu) @ X
        t = min(1.0, 2 * lam / max(np.linalg.norm(pulls, axis=1).max(), 1e-300))
        bound = t * (y @ nu) - n / 4 * t**2 * (nu @ nu)
        found = _as_solution(X, y, lam, *_columns_from_vectors(X, y, V, signs), bound, t * nu, t * mu)
        return _polished(found, X, y, lam) if polish else found

    def _solved(self):
        """Clarabel's solution; where it gives up early, shorter steps along the central path are the cure, then less accuracy."""
        if self._solver is None:
            self._solver = self._new_solver(0.99, self.tol)
        else:
            self._solver.update(A=self._A)
        solution = self._solver.solve()
        for step, tol in ((0.9, self.tol), (0.7, self.tol), (0.9, 100 * self.tol), (0.5, 1e4 * self.tol)):
            if str(solution.status) == "Solved":
                break
            solution = self._new_solver(step, tol).solve()
        if "Solved" not in str(solution.status):
            raise ArithmeticError(f"Clarabel stopped on this cone with status {solution.status}")
        return solution

    def _new_solver(self, step, tol):
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.presolve_enable = False  # it would forbid a change of the numbers
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tol
        settings.max_step_fraction = step
        return clarabel.DefaultSolver(self._P, self._q, self._A, self._b, self._cones, settings)


def _polished(solution, X, y, lam):
    """The same solution to rounding: Newton's method on the faces of its directions, without neurons that are rounding.

    Which neurons and which walls are only near zero, and which are zero, the solver's digits do not always tell. So
    several answers are tried. Leaving out a neuron of the optimum, or leaning one against a wrong wall, raises the loss;
    a neuron that misses a wall of its cone leaves the cone.
    """
    lengths = np.linalg.norm(X, axis=1)
    dots = solution.directions @ X.T
    sizes = solution.weights / max(solution.weights.sum(), _natural_size(X, y))
    answers = {}
    for floor, near in product((0.0, 1e-6, 1e-4), (1e-5, 1e-4, 1e-3)):
        kept, vanishing = sizes > floor, np.abs(dots) <= near * lengths
        answers[kept.tobytes(), vanishing[kept].tobytes()] = kept, vanishing
    candidates = [solution]
    for kept, vanishing in answers.values():
        fits = np.where(vanishing, 0.0, solution.signs[:, None] * relu(dots)).T
        better = _Columns(solution.directions, solution.signs, fits, vanishing).kept(kept), solution.weights[kept]
        if kept.any():
            better = _refined(X, *better, y, lam)
            sides = np.where(better[0].fits.T != 0, 1, -1) * (better[0].directions @ X.T)
            if (sides[~better[0].vanishing] < -1e-10 * np.broadcast_to(lengths, sides.shape)[~better[0].vanishing]).any():
                continue
        candidates.append(_as_solution(X, y, lam, *better, solution.lower_bound, solution.dual, solution.multipliers))
    # The first may gain a little by being a little outside of the cone.
    least = min(candidate.value for candidate in candidates[1:] or candidates)
    return min((c for c in candidates[::-1] if c.value <= least * (1 + 1e-13)), key=lambda c: len(c.weights))


def _natural_size(X, y):
    """The size |v| of a neuron that fits the labels: where all neurons are far smaller, all are rounding."""
    return (np.linalg.norm(y) or 1.0) / (np.linalg.norm(X, axis=1).max() or 1.0)


def _columns_from_vectors(X, y, V, signs):
    """Turn the block vectors of an interior-point solution into directions and weights, dropping what is only rounding."""
    lengths = np.linalg.norm(V, axis=1)
    kept = lengths > max(1e-7 * lengths.sum(), 1e-8 * _natural_size(X, y))
    directions = V[kept] / lengths[kept, None]
    dots = directions @ X.T
    vanishing = np.abs(dots) <= 1e-5 * np.linalg.norm(X, axis=1)
    return _Columns(directions, signs[kept], (signs[kept, None] * relu(dots)).T, vanishing), lengths[kept]


def _as_solution(X, y, lam, columns, weights, bound, dual, multipliers=None):
    network = Network.from_directions(columns.directions, columns.signs, weights)
    value = network.loss(X, y, lam)
    order = np.argsort(-weights, kind="stable")
    best = columns.kept(order)
    # Rounding can put the bound a few units in the last place above the value it bounds.
    bound = min(bound, value)
    return Solution(value, bound, best.directions, best.signs, weights[order], best.vanishing, dual, multipliers)
