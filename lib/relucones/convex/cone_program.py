r"""The convex program of one activation cone, solved over and over for cones of one width.

.. math:: \min_{(2D_j - I) X v_j \ge 0}
          \frac1n \Bigl\|\sum_j s_j D_j X v_j - y\Bigr\|^2 + 2\lambda\sum_j \|v_j\|
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
import scipy

from ..arrangement import exact
from ..network import relu
from ..walls import INTERIOR, on_walls, sines
from .exact_ceiling import root_up
from .solution import (
    Columns,
    FaceBases,
    as_solution,
    columns_from_vectors,
    natural_size,
    newton_on_faces,
)


class ConeProgram:
    """The program of one cone, given to Clarabel directly and set up once for all cones of `blocks`
    signed patterns.

    Its matrix has the same places for every such cone, so from cone to cone only numbers change,
    and the symbolic factorisation is kept. Units are those in which points and labels have size 1.
    """

    def __init__(self, X, y, lam, blocks, tol=1e-11):
        self.X, self.y, self.lam, self.blocks, self.tol = X, y, lam, blocks, tol
        n, d = X.shape
        self._size = np.linalg.norm(X, axis=1).max() or 1.0
        self._scale = np.linalg.norm(y) or 1.0
        k = blocks
        # Variables: v_1..v_k (k d), their lengths t (k), the residual rho (n). Rows: rho = y - fit;
        # walls; |v_j| <= t_j.
        sparse = scipy.sparse
        fit = sparse.csc_array(np.ones((n, k * d)))
        walls = sparse.block_diag([np.ones((n, d))] * k)
        lengths = sparse.kron(sparse.eye_array(k), sparse.eye_array(d + 1, 1))
        vectors = sparse.kron(sparse.eye_array(k), sparse.eye_array(d + 1, d, k=-1))
        A = sparse.block_array(
            [[fit, None, sparse.eye_array(n)], [walls, None, None], [-vectors, -lengths, None]],
            format="csc",
        )
        A.sort_indices()
        self._A = A
        column = np.repeat(np.arange(A.shape[1]), np.diff(A.indptr))
        of_neuron = column < k * d
        # Where the entries of the fit and of the walls stand, and which number of the points each
        # of them takes.
        self._in_fit = np.flatnonzero(of_neuron & (A.indices < n))
        self._in_walls = np.flatnonzero(of_neuron & (A.indices >= n) & (A.indices < n + n * k))
        self._fit_entry = (
            column[self._in_fit] // d,
            A.indices[self._in_fit],
            column[self._in_fit] % d,
        )
        rows = A.indices[self._in_walls] - n
        self._wall_entry = column[self._in_walls] // d, rows % n, column[self._in_walls] % d
        self._P = sparse.diags_array(np.repeat([0.0, 2 / n], [k * d + k, n]), format="csc")
        self._q = np.repeat([0.0, 2 * lam / (self._size * self._scale), 0.0], [k * d, k, n])
        self._b = np.concatenate([y / self._scale, np.zeros(n * k + (d + 1) * k)])
        self._solver = None

    def solve(self, patterns, signs, polish=True):
        """The `Solution` on the cone of these patterns (blocks, n) and signs (blocks,), all
        different."""
        X, y, lam, k = self.X, self.y, self.lam, self.blocks
        n, d = X.shape
        points = X / self._size
        neuron, point, coordinate = self._fit_entry
        self._A.data[self._in_fit] = (signs[neuron] * patterns[neuron, point]) * points[
            point, coordinate
        ]
        neuron, point, coordinate = self._wall_entry
        self._A.data[self._in_walls] = (1.0 - 2 * patterns[neuron, point]) * points[
            point, coordinate
        ]
        solution = self._solved()
        V = np.array(solution.x[: k * d]).reshape(k, d) * self._scale / self._size
        dual = np.array(solution.z)
        nu, mu = -self._scale * dual[:n], self._scale * relu(dual[n : n + n * k].reshape(k, n))
        pulls = (signs[:, None] * patterns * nu + (2 * patterns - 1) * mu) @ X
        # For tiny lam the solver's rounding breaks |pull| <= 2 lam: the shortest change of nu that
        # mends it comes first.
        excess = pulls * np.maximum(
            1 - 2 * lam / np.maximum(np.linalg.norm(pulls, axis=1, keepdims=True), 1e-300), 0
        )
        weigh = np.concatenate([signs[j] * (patterns[j, :, None] * X).T for j in range(k)])
        if np.isfinite(excess).all():
            nu = nu - np.linalg.lstsq(weigh, excess.ravel(), rcond=1e-12)[0]
        bound, t = self._bound(nu, mu, patterns, signs)
        columns, weights = columns_from_vectors(X, y, V, signs)
        inside = _within(columns, X, patterns, signs, INTERIOR)
        columns, weights = columns.kept(inside), weights[inside]
        cone = Cone(patterns, signs, bound, t * nu, t * mu)
        found = _in_cone(X, y, lam, columns, weights, cone)
        return _polished(found, X, y, lam, cone) if polish else found

    def _bound(self, nu, mu, patterns, signs):
        r"""What nu and multipliers :math:`\mu\ge0` prove on the cone, less all that rounding can
        have added; and their scale t.

        For v in the cone :math:`s\nu^\top DXv \le (sX^\top D\nu + X^\top(2D-I)\mu)^\top v`, so t
        times these may have length
        :math:`2\lambda`. A sum of n products of floats is off by at most n + 2 roundings of
        the sum of their sizes.
        """
        n, d = self.X.shape
        eps = (n + d + 8) * np.finfo(float).eps
        shares = signs[:, None] * patterns * nu + (2 * patterns - 1) * mu
        sizes = (np.abs(nu) + mu) @ np.abs(self.X)
        # Squares of tiny or huge floats leave their range.
        if eps * sizes.max() <= 1e-10 * self.lam and 1e-140 < self.lam < 1e140:
            longest = np.linalg.norm(np.abs(shares @ self.X) + eps * sizes, axis=1).max() * (
                1 + eps
            )
        else:
            longest = _longest_exactly(nu, mu, self.X, patterns, signs)
        t = min(1.0, 2 * self.lam / max(longest, 1e-300) * (1 - eps))
        linear, square = t * (self.y @ nu), n / 4 * t**2 * (nu @ nu)
        return linear - square - eps * (t * (np.abs(self.y) @ np.abs(nu)) + 2 * square), t

    def _solved(self):
        """Clarabel's solution; where it gives up early, shorter steps along the central path are
        the cure, then less accuracy."""
        if self._solver is None:
            self._solver = self._new_solver(0.99, self.tol)
        else:
            self._solver.update(A=self._A)
        solution = self._solver.solve()
        for step, tol in (
            (0.9, self.tol),
            (0.7, self.tol),
            (0.9, 100 * self.tol),
            (0.5, 1e4 * self.tol),
        ):
            if str(solution.status) == "Solved":
                break
            solution = self._new_solver(step, tol).solve()
        if "Solved" not in str(solution.status):
            raise ArithmeticError(f"Clarabel stopped on this cone with status {solution.status}")
        return solution

    def _new_solver(self, step, tol):
        import clarabel  # slow to import, and only needed here

        n, d = self.X.shape
        cones = [clarabel.ZeroConeT(n), clarabel.NonnegativeConeT(n * self.blocks)]
        cones += [clarabel.SecondOrderConeT(d + 1)] * self.blocks
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.presolve_enable = False  # it would forbid a change of the numbers
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tol
        settings.max_step_fraction = step
        return clarabel.DefaultSolver(self._P, self._q, self._A, self._b, cones, settings)


def _longest_exactly(nu, mu, X, patterns, signs):
    """The length of the longest vector of `ConeProgram._bound`, with integers and rounded up."""
    (both, e), (points, f) = exact.integers(np.vstack([nu, mu])), exact.integers(X)
    shares = signs[:, None] * patterns * both[0] + (2 * patterns.astype(int) - 1) * both[1:]
    square = max(exact.dot(pull, pull) for pull in shares.dot(points).tolist())
    return root_up(square * Fraction(4) ** (e + f))


# The share of the labels' mean square that neurons may gain by standing beside their cone.
_OUTSIDE = 1e-6


@dataclass(frozen=True, eq=False)
class Cone:
    """A closed activation cone, and what was proved of the loss on it."""

    patterns: np.ndarray  # (k, n)
    signs: np.ndarray  # (k,)
    bound: float
    dual: np.ndarray  # (n,), nu
    multipliers: np.ndarray  # (k, n), mu

    def gain_beside(self, X, columns, weights):
        r"""How far below the bound neurons may get that stand beside the cone by rounding.

        A neuron v that misses the walls of :math:`(D, s)` by
        :math:`\epsilon_i = \max(0, -(2D-I)_{ii}\, x_i^\top v)` earns at most
        :math:`\sum_i(\mu_i + |\nu_i|)\epsilon_i` more than :math:`2\lambda\|v\|`
        (derived here): :math:`\mu_i` since the multipliers no longer help, :math:`|\nu_i|`
        since there :math:`\sigma(x_i^\top v)` and :math:`D_{ii} x_i^\top v` differ.
        """
        V = weights[:, None] * columns.directions
        rounding = (X.shape[1] + 2) * np.finfo(float).eps * (np.abs(V) @ np.abs(X).T)
        sides = np.where(self.patterns, 1, -1)
        missed = relu(rounding[:, None] - sides * (V @ X.T)[:, None])  # (neuron, pattern, point)
        gains = np.sum(missed * (self.multipliers + np.abs(self.dual)), axis=2)
        gains[columns.signs[:, None] != self.signs] = np.inf
        return gains.min(axis=1, initial=np.inf).sum() * (1 + 1e-12)


def _in_cone(X, y, lam, columns, weights, cone):
    """The `Solution` on a cone. What its neurons may gain by standing beside the cone is taken off
    the bound; where that is too much, the network gives way to the zero network, which lies in
    every cone.

    Raises
    ------
    ArithmeticError
        If a loss contradicts the bound.
    """
    gain = cone.gain_beside(X, columns, weights)
    if gain > _OUTSIDE * np.mean(y**2):
        columns, weights, gain = Columns.none(*X.shape), np.zeros(0), 0.0
    return as_solution(
        X, y, lam, columns, weights, cone.bound - gain, cone.dual, cone.multipliers
    )


def _within(columns, X, patterns, signs, tolerance):
    """Which directions lie in the closed cone of some signed pattern, to a tolerance."""
    off = ~(columns.vanishing | on_walls(columns.directions, X, tolerance))
    active = columns.directions @ X.T > 0
    misses = (active[:, None] != patterns) & off[:, None]  # (column, pattern, point)
    return (~misses.any(axis=2) & (columns.signs[:, None] == signs)).any(axis=1)


def _polished(solution, X, y, lam, cone):
    """The same solution to rounding: Newton's method on the faces of its directions, without
    neurons that are rounding.

    Which neurons and which walls are only near zero, and which are zero, the solver's digits do not
    always tell. So several answers are tried. Leaving out a neuron of the optimum, or leaning one
    against a wrong wall, raises the loss; a neuron that misses a wall of its cone leaves the cone.
    """
    dots = solution.directions @ X.T
    beside = sines(solution.directions, X)
    sizes = solution.weights / max(solution.weights.sum(), natural_size(X, y))
    basis_of, answers = FaceBases(X), {}
    for floor, near in product((0.0, 1e-6, 1e-4), (1e-5, 1e-4, 1e-3)):
        kept, vanishing = sizes > floor, beside <= near
        answers[kept.tobytes(), vanishing[kept].tobytes()] = kept, vanishing
    candidates = [solution]
    for kept, vanishing in answers.values():
        fits = np.where(vanishing, 0.0, solution.signs[:, None] * relu(dots)).T
        better = (
            Columns(solution.directions, solution.signs, fits, vanishing).kept(kept),
            solution.weights[kept],
        )
        if kept.any():
            better = newton_on_faces(X, *better, y, lam, basis_of)
            if not _within(better[0], X, cone.patterns, cone.signs, 1e-10).all():
                continue
        candidates.append(_in_cone(X, y, lam, *better, cone))
    # The first may gain a little by being a little outside of the cone.
    least = min(candidate.value for candidate in candidates[1:] or candidates)
    return min(
        (c for c in candidates[::-1] if c.value <= least * (1 + 1e-13)),
        key=lambda c: len(c.weights),
    )
