r"""Is this point on that wall? Every tolerance of the question once, with a name and a reason.

A direction u lies on the wall of the point x when :math:`u^\top x = 0`. How far it is from there is
the sine of an angle, and the angle depends on the units of the columns. So every column is first
brought to size one, which changes no dot product: x is divided by the sizes of the columns, u is
multiplied by them.
"""

import numpy as np

ROUNDING = 1e-13  # directions that are known to rounding
POLISHED = 1e-7  # optima after Newton's method, and networks that were trained to their end
TIED = 1e-6  # two optima, or two ways to one, agree to this
INTERIOR = 1e-5  # directions as an interior-point method leaves them


def column_sizes(X):
    """The largest entry of every column, as a power of two near it; 1 for a column of zeros."""
    largest = np.abs(X).max(axis=0)
    return np.where(largest > 0, np.ldexp(1.0, np.frexp(largest)[1]), 1.0)


def sines(U, X):
    r"""The sine of the angle between every direction and every wall, (k, n); 0 for zero points.

    .. math:: \frac{|u^\top x|}{\|Su\|\,\|S^{-1}x\|},\qquad S = \text{the sizes of the columns}

    Examples
    --------
    >>> sines(np.array([[0.0, 1.0]]), np.array([[3e9, 0.0], [3e9, 2.0]])).round(3)
    array([[0.   , 0.582]])
    """
    sizes = column_sizes(X)
    U, X = U * sizes, X / sizes
    dots = np.abs(U @ X.T)
    lengths = lengths_of(U)[:, None] * lengths_of(X)[None]
    return np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)


def on_walls(U, X, tolerance):
    """Which points lie on whose wall, bool (k, n): the sine is at most `tolerance`."""
    return sines(U, X) <= tolerance


def lengths_of(rows):
    """The lengths of rows (k, d), in two steps, so that no square under- or overflows."""
    largest = np.abs(rows).max(axis=1)
    safe = np.where(largest > 0, largest, 1.0)
    return largest * np.linalg.norm(rows / safe[:, None], axis=1)
