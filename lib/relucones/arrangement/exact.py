r"""Exact signs of determinants, for the few decisions that rounding would leave open.

A float is a fraction with a power of two below the line, so a matrix of floats is an integer matrix
times a power of two. On integers elimination without fractions (Bareiss 1968) is exact: every
number in it is a minor of the matrix.
"""

from operator import mul

import numpy as np


def integers(X):
    """Integers M, as Python ints in an object array, and an exponent e with ``X == M * 2**e``
    exactly.

    Examples
    --------
    >>> integers(np.array([[0.5, 3.0]]))
    (array([[1, 6]], dtype=object), -1)
    """
    if not np.isfinite(X).all():
        raise ArithmeticError("a number that is not finite has no exact value")
    mantissa, exponent = np.frexp(X)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    exponent = exponent.astype(np.int64) - 53
    used = whole != 0
    if not used.any():
        return np.zeros(X.shape, dtype=object), 0
    # Powers of two that all entries share are taken out, so that round numbers stay short.
    trailing = np.where(used, np.log2(np.where(used, whole & -whole, 1).astype(float)), 0).astype(
        np.int64
    )
    whole, exponent = whole >> trailing, exponent + trailing
    least = int(exponent[used].min())
    shift = np.where(used, exponent - least, 0)
    return whole.astype(object) << shift.astype(object), least


def echelon(rows):
    """Elimination on integer `rows` (c, r): the indices of independent rows, their pivot columns,
    the reduced rows.

    Every reduced row has one common value at its own pivot and 0 at the pivots of the others.
    """
    reduced, chosen, pivots, last = [], [], [], 1
    for i, row in enumerate(rows):
        row = list(row)
        if reduced:
            # last * row - sum of row[pivot] * reduced: a minor of the matrix, and 0 at every pivot.
            row = [
                last * value
                - sum(row[p] * other[j] for p, other in zip(pivots, reduced, strict=True))
                for j, value in enumerate(row)
            ]
        pivot = next((j for j, value in enumerate(row) if value), None)
        if pivot is None:
            continue
        lead = row[pivot]
        for k, other in enumerate(reduced):
            reduced[k] = [
                (lead * v - other[pivot] * w) // last for v, w in zip(other, row, strict=True)
            ]
        reduced.append(row)
        chosen.append(i)
        pivots.append(pivot)
        last = lead
        if len(chosen) == len(row):
            break
    return chosen, pivots, reduced


def null_space(rows, columns):
    """Integer vectors that span the null space of integer `rows` (c, columns), as a list of lists.

    Examples
    --------
    >>> null_space([[1, 2, 3]], 3)
    [[-2, 1, 0], [-3, 0, 1]]
    """
    _, pivots, reduced = echelon(rows)
    common = reduced[0][pivots[0]] if reduced else 1
    free = [j for j in range(columns) if j not in pivots]
    vectors = []
    for j in free:
        vector = [0] * columns
        vector[j] = common
        for pivot, row in zip(pivots, reduced, strict=True):
            vector[pivot] = -row[j]
        vectors.append(vector)
    return vectors


def dot(x, v):
    """The exact inner product of two sequences of integers or fractions."""
    return sum(map(mul, x, v))


def as_floats(vector):
    """An integer vector as floats of largest entry near 1, whatever its size."""
    size = max(abs(value).bit_length() for value in vector)
    return np.array([_ldexp(value, -size) for value in vector])


def _ldexp(value, shift):
    spare = abs(value).bit_length() - 64  # more digits than a float holds
    if spare > 0:
        value, shift = value >> spare, shift + spare
    return float(np.ldexp(float(value), shift))
