r"""The cells of an arrangement, listed exactly: in integers, with a point inside each.

Floating point cannot tell hyperplanes that are :math:`10^{-17}` apart, and an arrangement may hold
cells as thin as that. Here the points are taken as the rationals that their floats are, and no sign
is ever guessed.
"""

from fractions import Fraction
from math import lcm

import numpy as np

from .. import checks
from ..exact_proof import distinct, independent_columns, primitive, restricted
from .exact import dot


def exact_cells(X):
    r"""Every open cell of :math:`\{w : w^\top x_k = 0\}`, with a rational point inside.

    Hyperplanes are added one at a time. The cells that a new one cuts are those of the arrangement
    that the earlier ones make on it, one dimension lower; a point inside such a cell is moved to
    both sides, by half the way to the nearest earlier hyperplane, and is then rounded to as few
    digits as surely keep it inside (derived here; the count behind it is deletion and restriction,
    Zaslavsky 1975).

    Parameters
    ----------
    X : array (n, d)
        The points, in any position.

    Returns
    -------
    patterns : bool array (N, n)
        One row per cell, sorted; what `activation_patterns` gives where floating point suffices.
    witnesses : list of N tuples of d rationals
        ``witnesses[i] @ X[k]`` is positive where ``patterns[i, k]``, and negative elsewhere, except
        at zero points.

    Examples
    --------
    >>> X = [[1.0, 0.0], [1.0, 1e-30], [0.0, 0.0]]
    >>> patterns, witnesses = exact_cells(X)
    >>> patterns.astype(int)
    array([[0, 0, 0],
           [0, 1, 0],
           [1, 0, 0],
           [1, 1, 0]])
    >>> witnesses[1][0] < 0 < witnesses[1][0] + witnesses[1][1] * 1e-30
    True
    """
    return cells_of_rationals([[Fraction(v) for v in x] for x in checks.matrix(X, "X").tolist()])


def cells_of_rationals(X):
    """The same for points that are n lists of d Fractions."""
    n, d = len(X), len(X[0])
    rows, exponents = _balanced(X)
    columns = independent_columns(rows, d)
    rows = [[row[j] for j in columns] for row in rows]
    lines = distinct(rows)
    if not lines:
        return np.zeros((1, n), dtype=bool), [(Fraction(0),) * d]
    number = {line: i for i, line in enumerate(lines)}
    half = _half_cells(lines)
    bits = np.array([[mask >> i & 1 for i in range(len(lines))] for mask, _ in half], dtype=bool)
    patterns = np.zeros((2 * len(half), n), dtype=bool)
    for k, row in enumerate(rows):
        if any(row):
            along = next(x for x in row if x) > 0  # else the row is a negative multiple of its line
            patterns[: len(half), k] = bits[:, number[primitive(row)]] == along
            patterns[len(half) :, k] = ~patterns[: len(half), k]
    points = []
    for sign in (1, -1):
        for _, w in half:
            point = [Fraction(0)] * d
            for j, x in zip(columns, w, strict=True):
                point[j] = sign * x * Fraction(2) ** -exponents[j]
            points.append(tuple(point))
    order = np.lexsort(patterns.T[::-1])
    return patterns[order], [points[i] for i in order]


def _balanced(X):
    """Integer rows, each a positive multiple of x_k with column j divided by 2^e_j, and the e_j.

    Columns in very different units would need long integers. Powers of two are exact.
    """
    relative = []
    for x in X:
        largest = max(map(abs, x))
        relative.append([_exponent(v / largest) if v else None for v in x])
    exponents = [
        max((e for e in column if e is not None), default=0)
        for column in zip(*relative, strict=True)
    ]
    rows = []
    for x in X:
        scaled = [v / Fraction(2) ** e for v, e in zip(x, exponents, strict=True)]
        common = lcm(*(v.denominator for v in scaled))
        rows.append([int(v * common) for v in scaled])
    return rows, exponents


def _exponent(value):
    """About the binary logarithm of the size of a rational that is not zero."""
    return value.numerator.bit_length() - value.denominator.bit_length()


def _half_cells(lines):
    """The cells on the active side of the first of distinct `lines`, as pairs (bit mask, point)."""
    cells = {1: lines[0]}
    sizes = [sum(map(abs, line)) for line in lines]
    for i in range(1, len(lines)):
        earlier, h = lines[:i], lines[i]
        slopes = [dot(line, h) for line in earlier]
        cut = {}
        for z in _points_on(h, earlier):
            dots = [dot(line, z) for line in earlier]
            mask = sum(1 << k for k, x in enumerate(dots) if x > 0)
            near, steep = _nearest(dots, slopes)
            cut[mask] = [_beside(z, h, dots, slopes, 2 * steep, s * near, sizes) for s in (1, -1)]
        new = {}
        for mask, w in cells.items():
            if mask in cut:
                new[mask | 1 << i], new[mask] = cut[mask]
            else:
                new[mask | (dot(h, w) > 0) << i] = w
        cells = new
    return list(cells.items())


def _points_on(h, lines):
    """A point on the hyperplane h in each cell there on the active side of the first line."""
    p = next(j for j, x in enumerate(h) if x)
    rest = [j for j in range(len(h)) if j != p]
    inside = restricted(lines, h)
    side = 1 if next(x for x in inside[0] if x) > 0 else -1
    for _, u in _half_cells(distinct(inside)):
        z = [0] * len(h)
        for j, x in zip(rest, u, strict=True):
            z[j] = side * h[p] * x
        z[p] = -side * sum(h[j] * x for j, x in zip(rest, u, strict=True))
        yield z


def _nearest(dots, slopes):
    """The least of |dot| / |slope| as a pair; (1, 1) if all slopes are 0."""
    near, steep = 0, 0
    for x, y in zip(dots, slopes, strict=True):
        if y and (steep == 0 or abs(x) * steep < near * abs(y)):
            near, steep = abs(x), abs(y)
    return (near, steep) if steep else (1, 1)


def _beside(z, h, dots, slopes, keep, move, sizes):
    """The point ``keep z + move h``, rounded; `dots` and `slopes` are the lines' with z and h."""
    w = [keep * x + move * y for x, y in zip(z, h, strict=True)]
    products = [keep * x + move * y for x, y in zip(dots, slopes, strict=True)]
    return _few_digits(w, [*products, move * dot(h, h)], sizes[: len(dots) + 1])


def _few_digits(w, products, sizes):
    """A short integer point on the same side as w of all lines, given their products with w.

    Rounding 2^b w / max|w| moves each coordinate by at most 1/2, so a product with a line by at
    most half the sum of the sizes of the line's entries.
    """
    largest = max(map(abs, w))
    needed = (s * largest // (2 * abs(x)) for x, s in zip(products, sizes, strict=True))
    b = max(needed).bit_length()
    if largest.bit_length() > b + 1:
        w = [((x << b + 1) + largest) // (2 * largest) for x in w]
    return tuple(w)
