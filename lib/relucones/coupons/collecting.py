r"""The coupon collector: how likely m draws complete a set of coupons that suffices.

A draw gives coupon i with probability :math:`\mu_i`, and none with the rest. A collection suffices when it holds all
coupons of one of the given sets, the *supports*. Exact where the sets can be listed, simulated otherwise.
"""

from dataclasses import dataclass
from functools import cached_property
from math import lgamma, log

import numpy as np

from ..checks import BadInput

_CANCELLED = 1e-4  # the share of the terms' sizes below which a sum has lost digits that matter

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
            probability = self._by_contour(widths)
        else:
            probability, summed = self._by_subsets(widths)
            cancelled = probability < _CANCELLED * summed
            probability[cancelled] = self._by_contour(widths[cancelled])
        # With too few draws the sums leave only rounding.
        return np.where(widths < min(map(len, self.supports)), 0.0, np.clip(probability, 0.0, 1.0))

    def _by_subsets(self, widths):
        r"""Summed over the sets B of coupons, :math:`\Pr = \sum_B c_B\, (1 - \mu(B^c))^m`; and the same of the terms' sizes."""
        logs, coefficient = self._subsets
        result, summed = np.empty(widths.shape), np.empty(widths.shape)
        for where, m in np.ndenumerate(widths):
            terms = np.exp(m * logs) * coefficient
            result[where], summed[where] = terms.sum(), np.abs(terms).sum()
        return result, summed

    def _by_contour(self, widths):
        r"""The same without sums of alternating signs.

        Were the number of draws Poisson with mean z, the coupons would be collected independently, coupon i with
        probability :math:`1 - e^{-\mu_i z}`. So, with the sum over the sets S that suffice,

        .. math:: \Pr_m = m!\,[z^m]\; e^z \sum_S \prod_{i\in S} (1 - e^{-\mu_i z}) \prod_{i\notin S} e^{-\mu_i z},

        and the coefficient is a Cauchy integral over the circle |z| = m, on which the trapezoidal rule with some
        :math:`10\sqrt m` nodes is exact to rounding.
        """
        result = np.empty(widths.shape)
        for where, m in np.ndenumerate(widths):
            if m == 0:
                result[where] = 0.0
                continue
            if m * self.mass.min() > 60:  # each coupon is missed with a probability below e^-60
                result[where] = 1.0
                continue
            nodes = int(10 * np.sqrt(m)) + 60
            z = m * np.exp(2j * np.pi * np.arange(nodes) / nodes)
            left = z.real < 0
            # There both factors are large; e^{-w} is taken out of each, and its exponent is outweighed by the rest.
            w = np.outer(z, self.mass)
            got = np.where(left[:, None], np.expm1(np.where(left[:, None], w, 0)), -np.expm1(np.where(left[:, None], 0, -w)))
            missed = np.where(left[:, None], 1.0, np.exp(np.where(left[:, None], 0, -w)))
            # m! z^{-m} e^z, with its modulus kept near 1 on the circle
            exponent = z - np.where(left, z, 0) * self.mass.sum() + lgamma(m + 1) - m * log(m) - 1j * m * np.angle(z)
            result[where] = np.mean(np.exp(exponent) * self._sufficing(got, missed)).real
        return result

    def _sufficing(self, got, missed):
        """The sum over the sets that suffice of the product of `got` (nodes, k) in them and `missed` outside."""
        if len(self.supports) == 1:
            return np.prod(got, axis=1)
        found = np.empty(len(got), dtype=complex)
        for node, (here, gone) in enumerate(zip(got, missed, strict=True)):
            products = np.ones(1, dtype=complex)
            for i in range(len(here)):
                products = np.concatenate([products * gone[i], products * here[i]])
            found[node] = products[self._suffice].sum()
        return found

    @cached_property
    def _suffice(self):
        """Which sets of coupons suffice, as bits of their number, bool (2^k,)."""
        suffice = np.zeros(2 ** len(self.mass), dtype=bool)
        suffice[[sum(1 << i for i in support) for support in self.supports]] = True
        for i in range(len(self.mass)):
            pairs = suffice.reshape(-1, 2, 1 << i)
            pairs[:, 1] |= pairs[:, 0]
        return suffice

    @cached_property
    def _subsets(self):
        r"""The logarithms of :math:`1 - \mu(B^c)` and the coefficients :math:`c_B \ne 0`.

        The power is the probability that all coupons collected lie in B. The probability that they suffice is the sum
        over the sets that suffice, each by Moebius inversion over its subsets B; with one support this is inclusion and
        exclusion over the coupons left out.
        """
        k = len(self.mass)
        missed, coefficient = np.zeros(2**k), self._suffice.astype(float)
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
