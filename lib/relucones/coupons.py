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
from itertools import combinations
from math import ceil, lgamma, log

import numpy as np

from . import checks
from .arrangement import Arrangement, activation_patterns, cell_measures, count_patterns
from .convex import solve_global
from .faces import Faces

WALL = 1e-6  # a unit direction this close to a hyperplane, relative to the point's length, lies on it
TIGHT = 1e-7  # relative slack of the dual constraint below which an optimum may use a direction
_MOST_TOGETHER = 20  # coupons whose subsets are listed one by one
_BATCHES = 20  # of the Monte Carlo estimate, for its standard error


@dataclass(frozen=True, eq=False)
class Coupons:
    """The coupons of a problem and the signed patterns that hold them.

    Attributes
    ----------
    directions : array (k, d)
        The unit directions that some optimum uses.
    signs : array (k,)
        Their signs.
    supports : list of tuples
        The sets of coupons that suffice: one tuple when the optimum is unique, the empty tuple when it is zero.
    patterns : bool array (t, n)
        Every activation pattern that holds a coupon, with its sign in `pattern_signs` (t,).
    holds : bool array (t, k)
        Whether a signed pattern holds a coupon: exactly one in every row; the column sums are the sizes :math:`|T_i|`.
    count : int
        The number N of activation patterns; there are 2N signed ones.
    """

    X: np.ndarray
    directions: np.ndarray
    signs: np.ndarray
    supports: list
    patterns: np.ndarray
    pattern_signs: np.ndarray
    holds: np.ndarray
    count: int

    def collected_by(self, patterns, signs):
        """Whether the cone of these signed patterns, (m, n) and (m,), contains a global minimum."""
        patterns = checks.patterns(patterns, "patterns", self.X.shape[0])
        signs = checks.signs(signs, "signs", len(patterns))
        held = dict(zip(_keys(self.patterns, self.pattern_signs), self.holds, strict=True))
        got = np.zeros(len(self.signs), dtype=bool)
        for key in _keys(patterns, signs):
            got |= held.get(key, False)
        return any(got[list(support)].all() for support in self.supports)


def find_coupons(X, y, lam):
    """Solve the problem and return its `Coupons`.

    Examples
    --------
    >>> find_coupons([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], 0.1).holds.sum(axis=0)
    array([2, 2])
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    faces = Faces(X)
    # Tight directions are told apart at TIGHT, so the optimum must be known much better than that.
    solution = solve_global(X, y, lam, tol=1e-12, faces=faces)
    if solution.gap > TIGHT * solution.value:
        relative = solution.gap / solution.value
        raise ValueError(f"lam is {lam:g}, too small here: a relative gap of {relative:.1e} is left, too much to name the coupons")
    directions, signs, vanishing, fits = _tight_directions(faces, solution, lam)
    supports = _supports(fits, solution.network.predict(X))
    used = sorted(set().union(*supports))
    position = {atom: i for i, atom in enumerate(used)}
    supports = [tuple(position[i] for i in support) for support in supports]
    directions, signs, vanishing = directions[used], signs[used], vanishing[used]
    table = {}
    for i, (u, s, zero) in enumerate(zip(directions, signs, vanishing, strict=True)):
        around = (X @ u > 0)[None]
        if zero.any():
            local = activation_patterns(X[zero])
            around = np.repeat(around, len(local), axis=0)
            around[:, zero] = local
        for pattern, key in zip(around, _keys(around, np.full(len(around), s)), strict=True):
            table.setdefault(key, (pattern, s, np.zeros(len(used), dtype=bool)))[2][i] = True
    n = len(y)
    patterns, pattern_signs, holds = zip(*table.values(), strict=True) if table else ((), (), ())
    return Coupons(
        X, directions, signs, supports,
        np.array(patterns, dtype=bool).reshape(-1, n), np.array(pattern_signs, dtype=int),
        np.array(holds, dtype=bool).reshape(len(holds), len(used)), len(faces.arrangement.cells),
    )  # fmt: skip


def good_cone_probability(X, y, lam, m, measure="counting", samples=200_000, seed=0, with_error=False):
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
        For the estimate: how many Gaussian vectors, and their seed.
    with_error : bool
        Return also the standard error, 0 where the result is exact.

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
    checks.choice(measure, "measure", ("counting", "gaussian"))
    samples = checks.count(samples, "samples", least=_BATCHES)
    coupons = find_coupons(X, y, lam)
    error = np.zeros(widths.shape)
    if coupons.supports == [()]:
        probability = np.ones(widths.shape)
    elif measure == "counting":
        mass = coupons.holds.sum(axis=0) / (2 * coupons.count)
        probability = _collection_probability(mass, coupons.supports, widths)
    elif Arrangement(coupons.X).rank <= 3:
        mass = cell_measures(coupons.X, coupons.patterns) / 2 @ coupons.holds
        probability = _collection_probability(mass, coupons.supports, widths)
    else:
        probability, error = _estimated(coupons, widths, samples, checks.generator(seed))
    probability, error = (float(v) if v.ndim == 0 else v for v in (probability, error))
    return (probability, error) if with_error else probability


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
    """The minimal sets of rows of `fits` (k, n) that can write the optimal fit with positive coefficients."""
    k = len(fits)
    rank = np.linalg.matrix_rank(fits, tol=1e-8 * np.linalg.norm(fits, 2)) if k else 0
    if rank == k:
        weights = np.linalg.lstsq(fits.T, fit, rcond=None)[0] if k else np.zeros(0)
        return [tuple(np.flatnonzero(weights > 1e-8 * weights.max(initial=0)).tolist())]
    if k > _MOST_TOGETHER:
        raise ValueError(f"y has optima that share {k} directions; up to {_MOST_TOGETHER} can be told apart")
    found = []
    for size in range(1, rank + 1):
        for chosen in combinations(range(k), size):
            if any(set(smaller) <= set(chosen) for smaller in found):
                continue
            part = fits[list(chosen)].T
            weights, _, part_rank, _ = np.linalg.lstsq(part, fit, rcond=1e-8)
            misfit = np.linalg.norm(part @ weights - fit)
            if part_rank == size and misfit <= 1e-7 * np.linalg.norm(fit) and weights.min() > 0:
                found.append(chosen)
    return found


# ---- the probability of collecting -----------------------------------------------------------------------------


def _collection_probability(mass, supports, widths):
    """The probability that `widths` draws collect all coupons of one of the `supports`.

    A draw gets coupon i with probability ``mass[i]``, and none with the rest.
    """
    if len(supports) == 1 and len(mass) > 12:
        probability = _by_contour(mass, widths)
    else:
        probability = _by_subsets(mass, supports, widths)
    # With too few draws the sums leave only rounding.
    return np.where(widths < min(map(len, supports)), 0.0, np.clip(probability, 0.0, 1.0))


def _by_subsets(mass, supports, widths):
    r"""Summed over the sets B of coupons, :math:`\Pr = \sum_B c_B\, (1 - \mu(B^c))^m`.

    The power is the probability that all coupons collected lie in B. The probability that they suffice is the sum over
    the sets that suffice, each by Moebius inversion over its subsets B; with one support this is inclusion and
    exclusion over the coupons left out.
    """
    subsets = np.arange(2 ** len(mass))
    missed, coefficient = np.zeros(len(subsets)), np.zeros(len(subsets))
    for support in supports:
        code = sum(1 << i for i in support)
        coefficient[(subsets & code) == code] = 1.0
    for i, share in enumerate(mass):
        without = subsets[(subsets >> i) & 1 == 0]
        missed[without] += share
        coefficient[without] -= coefficient[without | (1 << i)]
    used = coefficient != 0
    return _powers(missed[used], widths) @ coefficient[used]


def _powers(missed, widths):
    """(1 - missed)^m for every width, shape widths.shape + missed.shape."""
    with np.errstate(divide="ignore"):
        return np.exp(widths[..., None] * np.log1p(-np.minimum(missed, 1.0)))


def _by_contour(mass, widths):
    r"""The single-support formula without its 2^k terms.

    Were the number of draws Poisson with mean z, the coupons would be collected independently, coupon i with
    probability :math:`1 - e^{-\mu_i z}`. So

    .. math:: \Pr_m = m!\,[z^m]\; e^z \prod_i (1 - e^{-\mu_i z}),

    and the coefficient is a Cauchy integral over the circle |z| = m, on which the trapezoidal rule with some
    :math:`10\sqrt m` nodes is exact to rounding.
    """
    result = np.empty(widths.shape)
    for where, m in np.ndenumerate(widths):
        if m * mass.min() > 60:  # each coupon is missed with a probability below e^-60
            result[where] = 1.0
            continue
        nodes = int(10 * np.sqrt(m)) + 60
        z = m * np.exp(2j * np.pi * np.arange(nodes) / nodes)
        left = z.real < 0
        # There 1 - e^{-w} = -e^{-w} (1 - e^w), and its large first factor goes to the exponent, which outweighs it.
        factors = np.where(left, -1, 1)[:, None] * -np.expm1(np.where(left, 1, -1)[:, None] * np.outer(z, mass))
        # m! z^{-m} e^z, with its modulus kept near 1 on the circle
        exponent = z - np.where(left, z, 0) * mass.sum() + lgamma(m + 1) - m * log(m) - 1j * m * np.angle(z)
        result[where] = np.mean(np.exp(exponent) * np.prod(factors, axis=1)).real
    return result


def _estimated(coupons, widths, samples, rng):
    """The Gaussian measure by Monte Carlo: the estimate and its jackknife standard error over batches of samples."""
    arrangement = Arrangement(coupons.X)
    keys = _keys(coupons.patterns, coupons.pattern_signs)
    holder = dict(zip(keys, coupons.holds.argmax(axis=1), strict=True))
    size = samples // _BATCHES
    hits = np.zeros((_BATCHES, len(coupons.signs)))
    for batch in range(_BATCHES):
        patterns = rng.standard_normal((size, arrangement.rank)) @ (coupons.X @ arrangement.basis).T > 0
        for s in (-1, 1):  # both signs of each sample: a fair sign without its noise
            for key in _keys(patterns, np.full(size, s)):
                if key in holder:
                    hits[batch, holder[key]] += 0.5 / size

    def probability(mass):
        return _collection_probability(mass, coupons.supports, widths)

    mass = hits.mean(axis=0)
    estimate = probability(mass)
    left_out = np.array([probability(np.delete(hits, b, axis=0).mean(axis=0)) for b in range(_BATCHES)])
    error = np.sqrt((_BATCHES - 1) * np.mean((left_out - left_out.mean(axis=0)) ** 2, axis=0))
    if (mass == 0).any():  # a coupon never met may still have measure 1.5 / samples, at 95 %
        error = np.maximum(error, np.abs(probability(np.maximum(mass, 1.5 / samples)) - estimate))
    return estimate, error


def _keys(patterns, signs):
    packed = np.packbits(np.column_stack([signs > 0, patterns]), axis=1)
    return [row.tobytes() for row in packed]
