r"""Who holds which coupon: how likely a random activation cone contains a global minimum.

The optimal directions :math:`u_1, \dots, u_k` are coupons. A cone of m signed patterns contains a global minimum when,
for every i, it holds a signed pattern from :math:`T_i`: the patterns whose closed cone contains :math:`u_i`, with the
right sign. For m independent draws inclusion and exclusion gives (derived in chapter 5)

.. math:: \Pr = \sum_{I\subseteq[k]} (-1)^{|I|} \bigl(1 - \mu(\textstyle\bigcup_{i\in I} T_i)\bigr)^m .

Where several optima exist, a cone is good when it holds all coupons of one of them.
"""

from dataclasses import dataclass
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
        Whether a signed pattern holds a coupon: row sums of the columns are the sizes :math:`|T_i|`.
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
        held = {key: row for key, row in zip(_keys(self.patterns, self.pattern_signs), self.holds, strict=True)}
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
    solution = solve_global(X, y, lam, faces=faces)
    directions, signs, vanishing, fits = _tight_directions(faces, solution, lam)
    supports = _supports(fits, solution.network.predict(X))
    used = sorted(set().union(*supports))
    position = {atom: i for i, atom in enumerate(used)}
    supports = [tuple(position[i] for i in support) for support in supports]
    directions, signs, vanishing = directions[used], signs[used], vanishing[used]
    table = {}
    for i, (u, s, zero) in enumerate(zip(directions, signs, vanishing, strict=True)):
        around = np.repeat((X @ u > 0)[None], 1, axis=0)
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

    .. math:: \Pr = \sum_{I\subseteq[k]} (-1)^{|I|} \bigl(1 - \mu(\textstyle\bigcup_{i\in I} T_i)\bigr)^m

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
        mass = np.full(len(coupons.holds), 1 / (2 * coupons.count))
        probability = _collection_probability(coupons.holds, mass, coupons.supports, widths)
    elif Arrangement(coupons.X).rank <= 3:
        mass = cell_measures(coupons.X, coupons.patterns) / 2
        probability = _collection_probability(coupons.holds, mass, coupons.supports, widths)
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
    return ceil(2 * count_patterns(n, d) * log((n + 1) / eps))


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


def _collection_probability(holds, mass, supports, widths):
    """The probability that `widths` draws collect all coupons of one of the `supports`.

    A draw gets the coupons in row t of `holds` (t, k) with probability `mass[t]`, and none otherwise.
    """
    k = holds.shape[1]
    if len(supports) == 1 and k > 12:
        return _by_components(holds, mass, widths)
    signs, union = _terms(holds, mass, supports)
    return _clip(np.tensordot(_missed(union, widths), signs, axes=1))


def _terms(holds, mass, supports):
    r"""Coefficients :math:`c_B` and masses :math:`\mu_B` with :math:`\Pr = \sum_B c_B (1 - \mu_B)^m`.

    :math:`(1-\mu_B)^m` is the probability that all coupons collected lie in B. The probability that they suffice is
    summed over the sets H that suffice, each by Moebius inversion over its subsets B. With a single support this is
    inclusion and exclusion over the coupons left out.
    """
    k = holds.shape[1]
    subsets = np.arange(2**k)
    codes = holds @ (1 << np.arange(k))
    union = np.zeros(2**k)
    for code in np.unique(codes):
        union += mass[codes == code].sum() * ((~subsets & code) != 0)
    coefficient = np.zeros(2**k)
    for support in supports:
        code = sum(1 << i for i in support)
        coefficient[(subsets & code) == code] = 1.0
    for i in range(k):  # from the indicator of "suffices" to the coefficients of the inversion
        without = subsets[(subsets >> i) & 1 == 0]
        coefficient[without] -= coefficient[without | (1 << i)]
    used = coefficient != 0
    return coefficient[used], union[used]


def _missed(union, widths):
    """(1 - union)^m for every width, shape widths.shape + (len(union),)."""
    with np.errstate(divide="ignore"):
        return np.exp(widths[..., None] * np.log1p(-np.minimum(union, 1.0)))


def _by_components(holds, mass, widths):
    r"""The single-support formula for many coupons, most of which share no pattern.

    Were the number of draws Poisson, groups of coupons without a common pattern would be collected independently. So
    with :math:`g_c(z) = \sum_{I\subseteq c} (-1)^{|I|} e^{-\mu(\cup_I T_i) z}` for a group c,

    .. math:: \Pr_m = m!\,[z^m]\; e^z \prod_c g_c(z),

    and the coefficient is a Cauchy integral over the circle |z| = m, on which the trapezoidal rule with some
    :math:`10\sqrt m` nodes is exact to rounding.
    """
    groups = [_terms(*_restricted(holds, mass, group), [tuple(range(len(group)))]) for group in _components(holds)]
    result = np.empty(widths.shape)
    for where, m in np.ndenumerate(widths):
        nodes = int(10 * np.sqrt(m)) + 60
        z = m * np.exp(2j * np.pi * np.arange(nodes) / nodes)
        # e^z z^{-m} m!, with its modulus kept near 1 on the circle
        log_scale = lgamma(m + 1) - m * log(m)
        integrand = np.exp(z + log_scale - 1j * m * np.angle(z))
        for coefficient, union in groups:
            integrand *= np.exp(-np.outer(z, union)) @ coefficient
        result[where] = integrand.mean().real
    return _clip(result)


def _components(holds):
    """Groups of coupons, linked when one signed pattern holds both."""
    k = holds.shape[1]
    linked = (holds.T.astype(int) @ holds) > 0
    groups, left = [], set(range(k))
    while left:
        group, front = set(), {left.pop()}
        while front:
            i = front.pop()
            group.add(i)
            front |= set(np.flatnonzero(linked[i]).tolist()) - group
        left -= group
        groups.append(sorted(group))
    if max(map(len, groups)) > _MOST_TOGETHER:
        raise ValueError(f"X, y, lam lead to {k} coupons, more than {_MOST_TOGETHER} of them entangled")
    return groups


def _restricted(holds, mass, group):
    rows = holds[:, group].any(axis=1)
    return holds[np.ix_(rows, group)], mass[rows]


def _clip(probability):
    return np.clip(probability, 0.0, 1.0)  # rounding


def _estimated(coupons, widths, samples, rng):
    """The Gaussian measure by Monte Carlo: the estimate and its jackknife standard error over batches of samples."""
    arrangement = Arrangement(coupons.X)
    held = {key: row for key, row in zip(_keys(coupons.patterns, coupons.pattern_signs), coupons.holds, strict=True)}
    size = samples // _BATCHES
    classes = {}
    for batch in range(_BATCHES):
        patterns = rng.standard_normal((size, arrangement.rank)) @ (coupons.X @ arrangement.basis).T > 0
        for s in (-1, 1):  # both signs of each sample: a fair sign without its noise
            for key in _keys(patterns, np.full(size, s)):
                if key in held:
                    row = held[key]
                    classes.setdefault(row.tobytes(), (row, np.zeros(_BATCHES)))[1][batch] += 0.5 / size
    missing = [i for i in range(len(coupons.signs)) if not any(row[i] for row, _ in classes.values())]
    for i in missing:  # never met: its measure may still be 3 / samples, at 95 %
        row = np.arange(len(coupons.signs)) == i
        classes[i] = (row, np.zeros(_BATCHES))
    holds = np.array([row for row, _ in classes.values()])
    hits = np.array([mass for _, mass in classes.values()])

    def probability(mass):
        return _collection_probability(holds, mass, coupons.supports, widths)

    estimate = probability(hits.mean(axis=1))
    left_out = np.array([probability(np.delete(hits, b, axis=1).mean(axis=1)) for b in range(_BATCHES)])
    error = np.sqrt((_BATCHES - 1) * np.mean((left_out - left_out.mean(axis=0)) ** 2, axis=0))
    if missing:
        unseen = np.array([1.5 / samples if name in missing else 0.0 for name in classes])
        error = np.maximum(error, np.abs(probability(hits.mean(axis=1) + unseen) - estimate))
    return estimate, error


def _keys(patterns, signs):
    packed = np.packbits(np.column_stack([signs > 0, patterns]), axis=1)
    return [row.tobytes() for row in packed]
