r"""Who holds which coupon: how likely a random activation cone contains a global minimum.

The optimal directions :math:`u_1, \dots, u_k` are coupons. A cone of m signed patterns contains a global minimum when,
for every i, it holds a signed pattern from :math:`T_i`: the patterns whose closed cone contains :math:`u_i`, with the
right sign. No signed pattern holds two coupons: on one closed cone the dual constraint is linear, so at most one
unit vector there meets it. For m independent draws inclusion and exclusion therefore gives (derived in chapter 5)

.. math:: \Pr = \sum_{I\subseteq[k]} (-1)^{|I|} \bigl(1 - \textstyle\sum_{i\in I}\mu(T_i)\bigr)^m .

Where several optima exist, a cone is good when it holds all coupons of one of them.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, log

import numpy as np
from scipy.optimize import nnls
from scipy.special import betainc

from . import checks
from .arrangement import Arrangement, activation_patterns, cell_measures, count_patterns
from .collecting import MOST_TOGETHER, Exact, Simulated, completion_times, width_for
from .convex import solve_global
from .faces import Faces

WALL = 1e-6  # a unit direction this close to a hyperplane, relative to the point's length, lies on it
TIGHT = 1e-7  # relative slack of the dual constraint below which an optimum may use a direction
_MOST_BASES = 3000  # of the polytope of optima, before listing its vertices is given up
_BATCHES = 20  # of an estimate, for its standard error


@dataclass(frozen=True, eq=False)
class Coupons:
    r"""The coupons of a problem and the signed patterns that hold them.

    Attributes
    ----------
    directions : array (k, d)
        The unit directions that some optimum uses.
    signs : array (k,)
        Their signs.
    supports : list of tuples, or None
        The sets of coupons that suffice: one tuple when the optimum is unique, the empty tuple when it is zero. None
        when there are too many to list; `suffice` tells then too.
    patterns : bool array (t, n)
        Every activation pattern that holds a coupon, with its sign in `pattern_signs` (t,).
    holds : bool array (t, k)
        Whether a signed pattern holds a coupon: exactly one in every row; the column sums are the sizes :math:`|T_i|`.
    count : int
        The number N of activation patterns; there are 2N signed ones.
    fits : array (k, n)
        The fits :math:`s_i\sigma(Xu_i)` of the coupons.
    fit : array (n,)
        The optimal fit, which is unique.
    """

    X: np.ndarray
    directions: np.ndarray
    signs: np.ndarray
    supports: list | None
    patterns: np.ndarray
    pattern_signs: np.ndarray
    holds: np.ndarray
    count: int
    fits: np.ndarray
    fit: np.ndarray

    def collected_by(self, patterns, signs):
        """Whether the cone of these signed patterns, (m, n) and (m,), contains a global minimum."""
        patterns = checks.patterns(patterns, "patterns", self.X.shape[0])
        signs = checks.signs(signs, "signs", len(patterns))
        got = np.zeros(len(self.signs), dtype=bool)
        for key in _keys(patterns, signs):
            got |= self._held_by.get(key, False)
        return self.suffice(got)

    @cached_property
    def _held_by(self):
        return dict(zip(_keys(self.patterns, self.pattern_signs), self.holds, strict=True))

    def suffice(self, held):
        """Whether the coupons marked in `held`, bool (k,), are all that some optimum uses."""
        if self.supports is not None:
            return any(held[list(support)].all() for support in self.supports)
        return bool(held.any()) and nnls(self.fits[held].T, self.fit)[1] <= 1e-7 * np.linalg.norm(self.fit)


def find_coupons(X, y, lam, faces=None):
    """Solve the problem and return its `Coupons`; `faces` as in `solve_global`.

    Examples
    --------
    >>> find_coupons([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], 0.1).holds.sum(axis=0)
    array([2, 2])
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    faces = faces or Faces(X)
    # Tight directions are told apart at TIGHT, so the optimum must be known much better than that.
    solution = solve_global(X, y, lam, tol=1e-12, faces=faces)
    if solution.gap > TIGHT * solution.value:
        relative = solution.gap / solution.value
        raise ValueError(f"lam is {lam:g}, too small here: a relative gap of {relative:.1e} is left, too much to name the coupons")
    directions, signs, vanishing, fits = _tight_directions(faces, solution, lam)
    fit = solution.network.predict(X)
    supports = _supports(fits, fit)
    if supports is not None:
        used = sorted(set().union(*supports))
        position = {atom: i for i, atom in enumerate(used)}
        supports = [tuple(position[i] for i in support) for support in supports]
        directions, signs, vanishing, fits = directions[used], signs[used], vanishing[used], fits[used]
    patterns, pattern_signs, holds = _holders(X, directions, signs, vanishing)
    count = len(faces.arrangement.cells)
    return Coupons(X, directions, signs, supports, patterns, pattern_signs, holds, count, fits, fit)


def good_cone_probability(
    X, y, lam, m, measure="counting", samples=20_000, seed=0, with_error=False, coupons=None
):
    r"""The probability that a random activation cone of width m contains a global minimum.

    .. math:: \Pr = \sum_{I\subseteq[k]} (-1)^{|I|} \bigl(1 - \textstyle\sum_{i\in I}\mu(T_i)\bigr)^m

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    m : int or int array
        The width, or several.
    measure : {"counting", "gaussian"}
        How a neuron draws its signed pattern: uniformly among all 2N, or as :math:`w \sim \mathcal N(0, I)` with a
        fair sign does. For rank 2 and 3 the solid angles are exact; above, they are estimated.
    samples, seed
        For estimates: how many rays a solid angle is measured with, and the seed. Where the sets of coupons that
        suffice are too many to list, a tenth as many collections are simulated.
    with_error : bool
        Return also the standard error, 0 where the result is exact.
    coupons : Coupons, optional
        Those of this problem, where they have been found already.

    Returns
    -------
    float, or array like `m`; with `with_error` a pair of them.

    Source
    ------
    The counting measure is that of Boursier et al. (arXiv 2505.22578), experiments; the formula is derived in chapter 5.

    Examples
    --------
    >>> float(good_cone_probability([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0], 0.1, 1))
    0.125
    """
    widths = checks.counts(m, "m")
    law, others, floor = _laws(X, y, lam, measure, samples, seed, coupons)
    probability = law.probability(widths)
    error = _jackknife([other.probability(widths) for other in others], widths.shape)
    error = np.maximum(error, floor)
    probability, error = (float(v) if v.ndim == 0 else v for v in (probability, error))
    return (probability, error) if with_error else probability


def good_cone_width(X, y, lam, share, measure="counting", samples=20_000, seed=0, with_error=False, coupons=None):
    r"""The least width at which at least this share of the activation cones contains a global minimum.

    .. math:: m(q) = \min\{m : \Pr[\text{a cone of width } m \text{ is good}] \ge q\}

    Parameters
    ----------
    X, y, lam
        The problem.
    share : float
        The share q, strictly between 0 and 1.
    measure, samples, seed, with_error, coupons
        As in `good_cone_probability`.

    Returns
    -------
    int, or with `with_error` a pair with its standard error, 0 where the result is exact.

    Examples
    --------
    >>> good_cone_width([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0], 0.1, 0.5)
    6
    """
    share = checks.probability(share, "share")
    law, others, floor = _laws(X, y, lam, measure, samples, seed, coupons)
    width = width_for(law, share)
    if not with_error:
        return width
    # By the slope of the probability near the width, the error of the one gives that of the other.
    around = np.array([width, max(1, width - width // 10), width + 1 + width // 10])
    probability = law.probability(around)
    slope = (probability[2] - probability[1]) / (around[2] - around[1])
    error = max(float(_jackknife([other.probability(around[0]) for other in others], ())), floor)
    return width, float(error / slope) if error > 0 else 0.0


def draw_cone(X, m, seed=None, measure="counting"):
    """A random activation cone: m signed patterns, drawn uniformly or by Gaussian weights with fair signs.

    Returns
    -------
    patterns : bool array (m, n)
    signs : int array (m,)
    """
    X, m = checks.matrix(X, "X"), checks.count(m, "m")
    checks.choice(measure, "measure", ("counting", "gaussian"))
    rng = checks.generator(seed)
    signs = rng.choice([-1, 1], size=m)
    if measure == "gaussian":
        return rng.standard_normal((m, X.shape[1])) @ X.T > 0, signs
    patterns = activation_patterns(X)
    return patterns[rng.integers(len(patterns), size=m)], signs


def sufficient_width(n, d, eps):
    r"""A width at which at least a fraction :math:`1-\varepsilon` of the cones of any n points in R^d are good.

    .. math:: m = \Bigl\lceil 2N(n, d)\,\log\frac{n+1}{\varepsilon} \Bigr\rceil

    Derived in chapter 5, after the coupon-collector argument of Boursier et al. (arXiv 2505.22578, Theorem 1).

    Examples
    --------
    >>> sufficient_width(4, 3, 0.1)
    110
    """
    n, d, eps = checks.count(n, "n"), checks.count(d, "d"), checks.probability(eps, "eps")
    # As a fraction, so that a count beyond the range of floats is no error.
    return ceil(2 * count_patterns(n, d) * Fraction(log(n + 1) - log(eps)))


# ---- from the optimum to coupons --------------------------------------------------------------------------------


def _tight_directions(faces, solution, lam):
    """Every direction at which the optimal dual vector meets its constraint, each once."""
    X = faces.X
    found = faces.maximisers(solution.dual, above=2 * lam * (1 - TIGHT)) if len(solution.weights) else None
    directions, signs = solution.directions, solution.signs
    if found is not None:
        directions = np.concatenate([directions, found.directions])
        signs = np.concatenate([signs, found.signs])
    kept = []
    for i in range(len(signs)):
        same = (signs[kept] == signs[i]) & (np.linalg.norm(directions[kept] - directions[i], axis=1) < WALL)
        if not same.any():
            kept.append(i)
    directions, signs = directions[kept], signs[kept]
    dots = directions @ X.T
    vanishing = np.abs(dots) <= WALL * np.linalg.norm(X, axis=1)
    fits = signs[:, None] * np.where(vanishing, 0.0, np.maximum(dots, 0.0))
    return directions, signs, vanishing, fits


def _supports(fits, fit):
    """The minimal sets of rows of `fits` (k, n) that can write the optimal fit with positive coefficients, or None.

    They are the supports of the vertices of the polytope of all such coefficients. The bases of a polytope are connected
    by pivots, so a walk from one basis finds them all; None when there are too many bases or coupons.
    """
    k = len(fits)
    if k == 0:
        return [()]
    U, singular, Vt = np.linalg.svd(fits.T, full_matrices=False)
    rank = int(np.sum(singular > 1e-8 * singular[0]))
    # In these coordinates the coefficients solve A c = b with orthonormal rows A.
    A, b = Vt[:rank], U[:, :rank].T @ fit / singular[:rank]
    if rank == k:
        weights = A.T @ b
        return [tuple(np.flatnonzero(weights > 1e-8 * weights.max()).tolist())]
    start = _completed_basis(A, np.flatnonzero(nnls(A, b)[0]))
    seen, waiting, found = {start}, [start], set()
    while waiting:
        basis = waiting.pop()
        support, neighbours = _pivots(A, b, basis)
        found.add(support)
        new = neighbours - seen
        seen |= new
        waiting.extend(sorted(new))
        if len(seen) > _MOST_BASES:
            return None
    return sorted(found, key=lambda s: (len(s), s)) if len(set().union(*found)) <= MOST_TOGETHER else None


def _completed_basis(A, columns):
    """Independent columns of A, those given first, as many as A has rows."""
    chosen = []
    for column in [*columns, *np.setdiff1d(np.arange(A.shape[1]), columns)]:
        if len(chosen) < len(A) and np.linalg.matrix_rank(A[:, [*chosen, column]], tol=1e-9) > len(chosen):
            chosen.append(int(column))
    return tuple(sorted(chosen))


def _pivots(A, b, basis):
    """The support of the vertex at a feasible basis, and the feasible bases one pivot away."""
    table = np.linalg.solve(A[:, basis], np.column_stack([A, b]))
    weights = table[:, -1]
    zero = 1e-8 * np.abs(weights).max()
    neighbours = set()
    for entering in np.setdiff1d(np.arange(A.shape[1]), basis):
        column = table[:, entering]
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(column > 1e-9, np.maximum(weights, 0) / column, np.inf)
        for leaving in np.flatnonzero(steps <= steps.min() + zero):
            if np.isfinite(steps[leaving]):
                neighbours.add(tuple(sorted({*basis, int(entering)} - {basis[leaving]})))
    return tuple(i for i, c in zip(basis, weights, strict=True) if c > zero), neighbours


def _holders(X, directions, signs, vanishing):
    """All signed patterns that hold a coupon, and which coupon each of them holds."""
    k, n = len(signs), len(X)
    table = {}
    for i, (u, s, zero) in enumerate(zip(directions, signs, vanishing, strict=True)):
        around = (X @ u > 0)[None]
        if zero.any():
            local = activation_patterns(X[zero])
            around = np.repeat(around, len(local), axis=0)
            around[:, zero] = local
        for pattern, key in zip(around, _keys(around, np.full(len(around), s)), strict=True):
            table.setdefault(key, (pattern, s, np.zeros(k, dtype=bool)))[2][i] = True
    patterns, pattern_signs, holds = zip(*table.values(), strict=True) if table else ((), (), ())
    return (
        np.array(patterns, dtype=bool).reshape(-1, n),
        np.array(pattern_signs, dtype=int),
        np.array(holds, dtype=bool).reshape(len(holds), k),
    )


def _keys(patterns, signs):
    packed = np.packbits(np.column_stack([signs > 0, patterns]), axis=1)
    return [row.tobytes() for row in packed]


# ---- the law of collecting them ---------------------------------------------------------------------------------


def _laws(X, y, lam, measure, samples, seed, coupons):
    """The law of the collection, the laws with one batch of an estimate left out, and the least error to state."""
    checks.choice(measure, "measure", ("counting", "gaussian"))
    samples = checks.count(samples, "samples", least=10 * _BATCHES)
    if coupons is None:
        coupons = find_coupons(X, y, lam)
    rng = checks.generator(seed)
    masses = _masses(coupons, measure, samples, rng)
    if coupons.supports is not None:
        others = [np.delete(masses, b, axis=0).mean(axis=0) for b in range(len(masses))] if len(masses) > 1 else []
        return Exact(masses.mean(axis=0), coupons.supports), [Exact(mass, coupons.supports) for mass in others], 0.0
    # Each batch of collections draws with its own batch of masses, so that their scatter holds both errors.
    trials = samples // (10 * _BATCHES)
    times = np.array(
        [completion_times(masses[b % len(masses)], coupons.suffice, trials, rng) for b in range(_BATCHES)]
    )
    return Simulated(times), [Simulated(np.delete(times, b, axis=0)) for b in range(_BATCHES)], 1 / times.size


def _masses(coupons, measure, samples, rng):
    """The probabilities with which one draw gives the coupons, (1, k) where exact, else one row per batch."""
    if measure == "counting":
        return coupons.holds.sum(axis=0)[None] / (2 * coupons.count)
    if len(coupons.signs) == 0:
        return np.zeros((1, 0))
    arrangement = Arrangement(coupons.X)
    if arrangement.rank <= 3:
        return (cell_measures(coupons.X, coupons.patterns) / 2 @ coupons.holds)[None]
    X, size = coupons.X @ arrangement.basis, samples // _BATCHES
    masses = [_solid_angle_by_rays(X, u, _BATCHES * size, rng) / 2 for u in coupons.directions @ arrangement.basis]
    return np.array(masses).reshape(len(masses), _BATCHES, size).mean(axis=2).T


def _solid_angle_by_rays(X, u, samples, rng):
    r"""Samples whose mean is the share of the sphere on which the points off the walls of u are active as they are at u.

    That set is a convex cone around u (derived here). Along the great circle from u towards a random unit vector v
    orthogonal to u it reaches up to the angle :math:`\theta` with :math:`\cot\theta = \max_k -x_k^\top v / x_k^\top u`, and the
    share of the sphere within that angle is an incomplete beta function: no cone is too narrow to be measured.
    """
    r = len(u)
    v = rng.standard_normal((samples, r))
    v -= np.outer(v @ u, u)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    dots = X @ u
    off = np.abs(dots) > WALL * np.linalg.norm(X, axis=1)
    if not off.any():
        return np.ones(samples)
    cot = (-(v @ X[off].T) / dots[off]).max(axis=1)
    half = betainc((r - 1) / 2, 0.5, 1 / (1 + cot**2)) / 2
    return np.where(cot > 0, half, 1 - half)


def _jackknife(left_out, shape):
    """The standard error from the estimates with one batch left out; 0 when there are none."""
    if not left_out:
        return np.zeros(shape)
    left_out = np.array(left_out, dtype=float)
    return np.sqrt((len(left_out) - 1) * np.mean((left_out - left_out.mean(axis=0)) ** 2, axis=0))
