r"""The coupon collector: how likely m draws complete a set of coupons that suffices.

A draw gives coupon i with probability :math:`\mu_i`, and none with the rest. A collection suffices when it holds all
coupons of one of the given sets, the *supports*. Exact where the sets can be listed, simulated otherwise.
"""

from dataclasses import dataclass
from functools import cached_property
from math import lgamma, log

import numpy as np

from ..checks import BadInput


@dataclass(frozen=True, eq=False)
class Exact:
    """The law of the number of draws for coupons of probabilities `mass` (k,) and a list of `supports`."""

    mass: np.ndarray
    supports: list

    def probability(self, widths):
        """The probability that `widths` draws suffice, an int array of any shape."""
        if self.supports == [()]:
            return np.ones(widths.shape)
        if len(self.supports) == 1 and len(self.mass) > 12:
            probability = _by_contour(self.mass, widths)
        else:
            probability = self._by_subsets(widths)
        # With too few draws the sums leave only rounding.
        return np.where(widths < min(map(len, self.supports)), 0.0, np.clip(probability, 0.0, 1.0))

    def _by_subsets(self, widths):
        r"""Summed over the sets B of coupons, :math:`\Pr = \sum_B c_B\, (1 - \mu(B^c))^m`."""
        logs, coefficient = self._subsets
        result = np.empty(widths.shape)
        for where, m in np.ndenumerate(widths):
            result[where] = np.exp(m * logs) @ coefficient
        return result

    @cached_property
    def _subsets(self):
        r"""The logarithms of :math:`1 - \mu(B^c)` and the coefficients :math:`c_B \ne 0`.

        The power is the probability that all coupons collected lie in B. The probability that they suffice is the sum
        over the sets that suffice, each by Moebius inversion over its subsets B; with one support this is inclusion and
        exclusion over the coupons left out.
        """
        k = len(self.mass)
        missed, coefficient = np.zeros(2**k), np.zeros(2**k)
        coefficient[[sum(1 << i for i in support) for support in self.supports]] = 1.0
        for i in range(k):  # all sets that contain a support
            pairs = coefficient.reshape(-1, 2, 1 << i)
            pairs[:, 1] = np.maximum(pairs[:, 1], pairs[:, 0])
        for i in range(k):
            missed.reshape(-1, 2, 1 << i)[:, 0] += self.mass[i]
            pairs = coefficient.reshape(-1, 2, 1 << i)
            pairs[:, 0] -= pairs[:, 1]
        used = coefficient != 0
        with np.errstate(divide="ignore"):
            return np.log1p(-np.minimum(missed[used], 1.0)), coefficient[used]


@dataclass(frozen=True, eq=False)
class Simulated:
    """The law as found in simulated collections: the number of draws after which each of them sufficed."""

    times: np.ndarray

    def probability(self, widths):
        """The share of the collections that sufficed after `widths` draws."""
        ordered = np.sort(self.times.ravel())
        return np.searchsorted(ordered, widths, side="right") / ordered.size


def completion_times(mass, suffices, trials, rng):
    """The number of draws in each of `trials` collections until ``suffices(held)`` is true of the coupons held (k,).

    The order in which the coupons first appear is drawn by exponential clocks; between two new coupons the waiting
    time is geometric. All coupons together must suffice.
    """
    k = len(mass)
    times = np.empty(trials, dtype=np.int64)
    for trial in range(trials):
        order = np.argsort(rng.exponential(size=k) / mass)
        low, high = 0, k  # the first `high` coupons suffice
        while low < high:
            middle = (low + high) // 2
            held = np.zeros(k, dtype=bool)
            held[order[:middle]] = True
            low, high = (low, middle) if suffices(held) else (middle + 1, high)
        still_new = np.cumsum(mass[order][::-1])[::-1][:high]
        times[trial] = rng.geometric(np.minimum(still_new, 1.0)).sum()
    return times


def width_for(law, share):
    """The least number of draws that suffice with probability at least `share`."""
    high = 1
    while law.probability(np.array(high)) < share:
        high *= 2
        if high > 2**60:
            raise BadInput(f"share {share} needs more than 2^60 draws, because one coupon is so rare")
    low = high // 2  # not enough, or 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if law.probability(np.array(middle)) >= share else (middle, high)
    return high


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
