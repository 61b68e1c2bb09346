r"""The largest value of the dual constraint, without rounding.

The maximum of :math:`s\,\nu^\top\sigma(Xu)` over unit vectors is reached at the critical point of
some face. On a face the gradient is :math:`g = s\sum_{k\ \text{active}} \nu_k x_k`, and with N the
rows of the points that vanish there the critical point is :math:`p/\|p\|`, :math:`p = g -
N^\top(NN^\top)^{-1}Ng`, with value :math:`\|p\|`. All of this is rational in the floats that are
given, so integers decide whether p lies in the closed face and what :math:`\|p\|^2` is (derived
here). Points that are only taken for multiples of their line, or for points of the row space, move
the value by at most :math:`\sum_k|\nu_k|\|x_k - \tilde x_k\|`, which is added.
"""

from fractions import Fraction
from math import inf, isqrt, nextafter

import numpy as np

from ..arrangement import exact


class ExactFaces:
    """The faces of an exact `Arrangement`, on which values are computed with integers."""

    def __init__(self, arrangement):
        self.arrangement = arrangement
        self._points = self._exponent = None

    def largest(self, nu, candidates, above, face):
        """A number, at least `above`, that no value on the points that are meant exceeds; `face`
        gives the lines that vanish and are active on one.

        `candidates` come with the largest value first, and with bounds on their errors: one that
        cannot exceed what is known already ends the search.
        """
        if self._points is None and len(candidates.values):
            self._points, self._exponent = self.arrangement.whole_points
        largest = above
        # the largest error from here on
        errors = np.maximum.accumulate(candidates.errors[::-1])[::-1]
        for i, (value, error) in enumerate(zip(candidates.values, candidates.errors, strict=True)):
            if value + errors[i] <= largest:
                break
            if value + error > largest:
                zero, active = face(candidates.faces[i])
                largest = max(largest, self.value(nu, candidates.signs[i], zero, active))
        return largest

    def owed(self, nu):
        """What points that are only taken for multiples of their line may add to any value."""
        if not self.arrangement.rank or not self.arrangement.defect.any():
            return 0.0
        sum_of_products = float(np.abs(nu) @ self.arrangement.defect)
        return up(sum_of_products * (1 + 2 * (len(nu) + 2) * np.finfo(float).eps))

    def value(self, nu, sign, zero, active):
        """The value at the critical point of a face, rounded up; 0 where the point lies outside of
        the closed face."""
        A = self.arrangement
        whole_nu, exponent = exact.integers(nu)
        used = A.on_points(active[None])[0] & ~A.vanishing_points(zero[None])[0] & (nu != 0)
        g = (
            [int(sign) * value for value in whole_nu[used].dot(self._points[used])]
            if used.any()
            else []
        )
        if not any(g):
            return 0.0
        p, scale = projected(g, self._points[A.first[zero]].tolist())
        if not self._holds(p, zero, active):
            return 0.0
        return root_up(
            Fraction(exact.dot(p, p), scale**2) * Fraction(4) ** (exponent + self._exponent)
        )

    def _holds(self, p, zero, active):
        """Whether the closed face holds the vector p."""
        A = self.arrangement
        rows = self._points[A.first].dot(np.array(p, dtype=object))
        return all(
            z or (value >= 0 if a else value <= 0)
            for value, z, a in zip(rows, zero, active, strict=True)
        )


def projected(g, rows):
    """The integer vector g projected off integer `rows`, times a positive integer that is returned
    with it."""
    chosen, _, _ = exact.echelon(rows)
    N = [rows[i] for i in chosen]
    if not N:
        return g, 1
    system = [[exact.dot(a, b) for b in N] + [exact.dot(a, g)] for a in N]
    # the Gram matrix is regular: its columns are the pivots
    _, pivots, reduced = exact.echelon(system)
    common = reduced[0][pivots[0]]
    shares = {p: row[-1] for p, row in zip(pivots, reduced, strict=True)}
    p = [
        common * value - sum(shares[i] * N[i][j] for i in range(len(N)))
        for j, value in enumerate(g)
    ]
    return (p, common) if common > 0 else ([-value for value in p], -common)


def root_up(square):
    """A float at least the square root of a fraction, and hardly more."""
    if square <= 0:
        return 0.0
    shift = max(0, 70 - (square.numerator.bit_length() - square.denominator.bit_length()) // 2)
    whole, left = divmod(square.numerator << 2 * shift, square.denominator)
    root = isqrt(whole)
    root += root * root < whole or left > 0
    return rounded_up(Fraction(root, 1 << shift))


def rounded_up(fraction):
    """The least float at least a fraction."""
    try:
        value = float(fraction)
    except OverflowError:
        return inf
    return value if Fraction(value) >= fraction else nextafter(value, inf)


def rounded_down(fraction):
    """The largest float at most a fraction."""
    value = float(fraction)
    return value if Fraction(value) <= fraction else nextafter(value, -inf)


def up(value):
    """The next larger float: above the exact sum that was rounded to `value`."""
    return nextafter(value, inf)
