r"""How likely a random activation cone contains a global minimum, and how wide a network must
be."""

from fractions import Fraction
from math import ceil, log

import numpy as np
import scipy

from .. import checks
from ..arrangement import Arrangement, activation_patterns, cell_measures, count_patterns
from .collecting import Exact, Simulated, completion_times, width_for
from .holders import find_coupons

_BATCHES = 20  # of an estimate, for its standard error


def good_cone_probability(
    X, y, lam, m, measure="counting", samples=20_000, seed=0, with_error=False, coupons=None
):
    r"""The probability that a random activation cone of width m contains a global minimum.

    .. math:: \Pr = \sum_{I\subseteq[k]} (-1)^{|I|}
              \bigl(1 - \textstyle\sum_{i\in I}\mu(T_i)\bigr)^m

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    m : int or int array
        The width, or several.
    measure : {"counting", "gaussian"}
        How a neuron draws its signed pattern: uniformly among all 2N, or as :math:`w \sim \mathcal
        N(0, I)` with a fair sign does. For rank 2 and 3 the solid angles are exact; above, they are
        estimated.
    samples, seed
        For estimates: how many rays a solid angle is measured with, and the seed. Where the sets of
        coupons that suffice are too many to list, a tenth as many collections are simulated.
    with_error : bool
        Return also the standard error, 0 where the result is exact.
    coupons : Coupons, optional
        Those of this problem, where they have been found already.

    Returns
    -------
    float, or array like `m`; with `with_error` a pair of them.

    Source
    ------
    The counting measure is that of Boursier et al. (arXiv 2505.22578), experiments; the formula is
    derived as `thm-exact-probability`.

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


def good_cone_width(
    X, y, lam, share, measure="counting", samples=20_000, seed=0, with_error=False, coupons=None
):
    r"""The least width at which at least this share of the activation cones contains a global
    minimum.

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
    """A random activation cone: m signed patterns, drawn uniformly or by Gaussian weights with fair
    signs.

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
    r"""A width at which at least a fraction :math:`1-\varepsilon` of the cones of any n points in
    R^d are good.

    .. math:: m = \Bigl\lceil 2N(n, d)\,\log\frac{n+1}{\varepsilon} \Bigr\rceil

    Derived as `thm-sufficient-width`, after the coupon-collector argument of Boursier et al.
    (arXiv 2505.22578, Theorem 1).

    Examples
    --------
    >>> sufficient_width(4, 3, 0.1)
    110
    """
    n, d, eps = checks.count(n, "n"), checks.count(d, "d"), checks.probability(eps, "eps")
    # As a fraction, so that a count beyond the range of floats is no error.
    return ceil(2 * count_patterns(n, d) * Fraction(log(n + 1) - log(eps)))


def _laws(X, y, lam, measure, samples, seed, coupons):
    """The law of the collection, the laws with one batch of an estimate left out, and the least
    error to state."""
    checks.choice(measure, "measure", ("counting", "gaussian"))
    samples = checks.count(samples, "samples", least=10 * _BATCHES)
    if coupons is None:
        coupons = find_coupons(X, y, lam)
    rng = checks.generator(seed)
    masses = _masses(coupons, measure, samples, rng)
    if coupons.supports is not None:
        others = (
            [np.delete(masses, b, axis=0).mean(axis=0) for b in range(len(masses))]
            if len(masses) > 1
            else []
        )
        return (
            Exact(masses.mean(axis=0), coupons.supports),
            [Exact(mass, coupons.supports) for mass in others],
            0.0,
        )
    # Each batch of collections draws with its own batch of masses, so that their scatter holds both
    # errors.
    trials = samples // (10 * _BATCHES)
    times = np.array(
        [
            completion_times(masses[b % len(masses)], coupons.suffice, trials, rng)
            for b in range(_BATCHES)
        ]
    )
    return (
        Simulated(times),
        [Simulated(np.delete(times, b, axis=0)) for b in range(_BATCHES)],
        1 / times.size,
    )


def _masses(coupons, measure, samples, rng):
    """The probabilities with which one draw gives the coupons, (1, k) where exact, else one row per
    batch."""
    if measure == "counting":
        return coupons.holds.sum(axis=0)[None] / (2 * coupons.count)
    if len(coupons.signs) == 0:
        return np.zeros((1, 0))
    arrangement = Arrangement(coupons.X)
    if arrangement.rank <= 3:
        return (cell_measures(coupons.X, coupons.patterns) / 2 @ coupons.holds)[None]
    size = samples // _BATCHES
    masses = [
        _solid_angle_by_rays(coupons.X[~zero], arrangement.basis, u, _BATCHES * size, rng) / 2
        for u, zero in zip(coupons.directions, coupons.vanishing, strict=True)
    ]
    return np.array(masses).reshape(len(masses), _BATCHES, size).mean(axis=2).T


def _solid_angle_by_rays(X, basis, u, samples, rng):
    r"""Samples whose mean is the share of the sphere on which the points X, none of which has u on
    its wall, are active as they are at u.

    `basis` (d, r) is that of the row space, to which all is confined. Numbers are drawn for the d
    coordinates and projected, so that it does not matter which basis it is.

    That set is a convex cone around u (derived here). Along the great circle from u towards a
    random unit vector v orthogonal to u it reaches up to the angle :math:`\theta` with
    :math:`\cot\theta = \max_k -x_k^\top v / x_k^\top u`, and the share of the sphere within that
    angle is an incomplete beta function: no cone is too narrow to be measured.
    """
    d, r = basis.shape
    v = rng.standard_normal((samples, d))
    if r < d:
        v = v @ basis @ basis.T
    v -= np.outer(v @ u, u)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    if not len(X):
        return np.ones(samples)
    cot = (-(v @ X.T) / (X @ u)).max(axis=1)
    half = scipy.special.betainc((r - 1) / 2, 0.5, 1 / (1 + cot**2)) / 2
    return np.where(cot > 0, half, 1 - half)


def _jackknife(left_out, shape):
    """The standard error from the estimates with one batch left out; 0 when there are none."""
    if not left_out:
        return np.zeros(shape)
    left_out = np.array(left_out, dtype=float)
    return np.sqrt((len(left_out) - 1) * np.mean((left_out - left_out.mean(axis=0)) ** 2, axis=0))
