r"""All bad local minima of a small problem, and how few activation cones hold one.

A network is a local minimum exactly when it is the best on *every* closed cone that contains it,
and a bad one has all its neurons at work. So with :math:`\nu = \frac2n(y - \hat y)` each of its
directions u, with sign s, satisfies

.. math:: s\,\nu^\top\sigma(Xu) = 2\lambda = \max_{w\in K_D,\,\|w\|\le1} s\,\nu^\top DXw
          \quad\text{for every pattern D with } u\in K_D,

and no others are at work. A closed cone has one optimal fit, which depends on its set of signed
patterns only, and at most n of them are needed to write it. So all fits of bad local minima are
found by going through the sets of at most n signed patterns. (Derived in the chapter on the coupon
collector.)
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import scipy

from .. import checks
from ..arrangement import Arrangement
from ..convex import ConeProgram
from ..convex.polytope import supports as sufficient
from ..network import Network
from ..walls import TIED, on_walls
from .collecting import Exact

_MOST_SETS = 200_000


@dataclass(frozen=True, eq=False)
class BadMinimum:
    r"""The bad local minima with one fit.

    Attributes
    ----------
    value : float
        Their loss, above :math:`p^\star`.
    fit : array (n,)
        Their fit.
    directions, signs, weights : arrays (k, d), (k,), (k,)
        The unit directions that are at work in one of them, their signs, and weights that write the
        fit (all positive where the minimum is unique).
    groups : list of tuples
        The sets of directions that can be at work together, without others: one where the fits of
        the directions are independent.
    holders : int array (k,)
        How many signed patterns hold each direction.
    count : int
        The number N of activation patterns.
    """

    value: float
    fit: np.ndarray
    directions: np.ndarray
    signs: np.ndarray
    weights: np.ndarray
    groups: list
    holders: np.ndarray
    count: int

    @property
    def network(self):
        """The balanced network; with each neuron split into copies there is one of every larger
        width."""
        return Network.from_directions(self.directions, self.signs, self.weights)

    def __repr__(self):
        return f"BadMinimum(value={self.value:.8g}, neurons={len(self.signs)})"


def find_bad_minima(X, y, lam):
    r"""Every fit that a local minimum with a loss above :math:`p^\star` can have, at any width.

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data. There may be at most 200,000 sets of n or fewer signed patterns: five points in
        the plane have 21,699.
    lam : float
        The weight decay :math:`\lambda > 0`.

    Returns
    -------
    list of BadMinimum
        By their loss.

    Examples
    --------
    >>> find_bad_minima([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], 0.1)
    [BadMinimum(value=0.68, neurons=1), BadMinimum(value=0.68, neurons=1)]
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    prices = _Prices(X, y, lam)
    found = []
    for value, fit, earned in prices.levels():
        # That no pattern earns more than it costs is the certificate of a global minimum.
        known = any(np.linalg.norm(fit - other.fit) <= TIED * np.linalg.norm(y) for other in found)
        if not known and (earned > 2 * lam * (1 + TIED)).any():
            found += prices.minima(value, fit, earned)
    return sorted(found, key=lambda minimum: minimum.value)


def bad_cone_probability(minima, m):
    r"""The probability that the closure of a random activation cone of width m holds one of these
    minima.

    Every neuron must have drawn a signed pattern that holds one of the directions at work, and each
    direction must have been drawn:

    .. math:: \Pr = \sum_{\hat y}\sum_{I\subseteq[k]} (-1)^{|I|}
              \bigl(P - \textstyle\sum_{i\in I} p_i\bigr)^m
              \le \sum_{\hat y} P^m, \qquad p_i = |T_i|/2N,\ P = \sum_i p_i .

    Parameters
    ----------
    minima : list of BadMinimum
        From `find_bad_minima`.
    m : int or int array
        The width, or several. Signed patterns are counted: each of the 2N is equally likely.

    Returns
    -------
    float, or array like `m`.

    Examples
    --------
    >>> minima = find_bad_minima([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], 0.1)
    >>> bad_cone_probability(minima, [1, 2])  # all neurons in one of two pairs of eight patterns
    array([0.5  , 0.125])
    """
    widths = checks.counts(m, "m")
    total = np.zeros(widths.shape)
    for minimum in minima:
        for group in minimum.groups:
            p = minimum.holders[list(group)] / (2 * minimum.count)
            everything = [tuple(range(len(group)))]
            total += p.sum() ** widths * Exact(p / p.sum(), everything).probability(widths)
    return float(total) if total.ndim == 0 else total


class _Prices:
    """What every signed pattern earns, per unit of weight, at the optimal prices of sets of signed
    patterns."""

    def __init__(self, X, y, lam):
        self.X, self.y, self.lam = X, y, lam
        patterns = Arrangement(X).patterns()
        self.count, n = len(patterns), len(y)
        sets = sum(comb(2 * self.count, size) for size in range(1, n + 1))
        if sets > _MOST_SETS:
            raise checks.BadInput(
                f"X must have at most {_MOST_SETS:,} sets of n or fewer signed patterns, but it "
                f"has {sets:,}; take fewer points"
            )
        self.patterns = np.concatenate([patterns, patterns])
        self.signs = np.repeat([1, -1], self.count)

    def best_uses(self, nu):
        r"""For each signed pattern the vector of length :math:`\max s\nu^\top DXw` towards the best
        unit vector w of its closed cone: the projection of :math:`sX^\top D\nu`."""
        pulls = self.signs[:, None] * (self.patterns * nu) @ self.X
        walls = (2 * self.patterns[:, :, None] - 1) * self.X
        return np.array(
            [
                pull + scipy.optimize.nnls(wall.T, -pull)[0] @ wall
                for pull, wall in zip(pulls, walls, strict=True)
            ]
        )

    def levels(self):
        """Value, fit and earnings of every optimum of at most n signed patterns that uses them
        all.

        A pattern that earns no more than it costs adds nothing: the optimum stays that of the set
        without it, and no program is solved.
        """
        n, two_N, price = len(self.y), len(self.signs), 2 * self.lam * (1 + TIED)
        found = [self._level(np.zeros(n))]
        of_set = {0: 0}
        for size in range(1, n + 1):
            program = ConeProgram(self.X, self.y, self.lam, size)
            for chosen in combinations(range(two_N), size):
                key = sum(1 << i for i in chosen)
                for i in chosen:
                    before = of_set[key ^ (1 << i)]
                    if found[before][2][i] <= price:
                        of_set[key] = before
                        break
                else:
                    rows = list(chosen)
                    best = program.solve(self.patterns[rows], self.signs[rows])
                    of_set[key] = len(found)
                    found.append(self._level(best.network.predict(self.X), best.value))
        return found[1:]

    def _level(self, fit, value=np.inf):
        earned = np.linalg.norm(self.best_uses(2 / len(self.y) * (self.y - fit)), axis=1)
        return value, fit, earned

    def minima(self, value, fit, earned):
        """The bad local minima with this fit, as a list of one or none."""
        price = 2 * self.lam
        tight = np.abs(earned - price) <= TIED * price
        uses = self.best_uses(2 / len(self.y) * (self.y - fit))
        units = uses[tight] / np.linalg.norm(uses[tight], axis=1, keepdims=True)
        directions, signs, holders = [], [], []
        for u, s in zip(units, self.signs[tight], strict=True):
            known = [
                s == t and np.linalg.norm(u - v) < TIED
                for v, t in zip(directions, signs, strict=True)
            ]
            on_wall = on_walls(u[None], self.X, TIED)
            closed = (self.signs == s) & (on_wall | (self.patterns == (self.X @ u > 0))).all(axis=1)
            # At rest from every side, so on every closed cone that contains u.
            if not any(known) and tight[closed].all():
                directions.append(u)
                signs.append(s)
                holders.append(closed.sum())
        return self._written(value, fit, np.array(directions), np.array(signs), np.array(holders))

    def _written(self, value, fit, directions, signs, holders):
        if not len(signs):
            return []
        fits = signs[:, None] * np.maximum(directions @ self.X.T, 0.0)
        weights, rest = scipy.optimize.nnls(fits.T, fit)
        if rest > TIED * np.linalg.norm(self.y):
            return []
        supports = sufficient(fits, fit)
        if supports is None:
            raise checks.BadInput(
                "with these data a fit has too many local minima to list; take fewer points"
            )
        used = sorted(set().union(*supports))
        place = {i: k for k, i in enumerate(used)}
        groups = {()}
        for support in supports:
            groups |= {tuple(sorted({*group, *(place[i] for i in support)})) for group in groups}
        some = directions[used], signs[used], weights[used]
        groups = sorted(groups - {()})
        return [BadMinimum(value, fit, *some, groups, holders[used], self.count)]
