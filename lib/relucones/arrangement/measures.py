r"""Solid angles: the Gaussian measure of the cells of an arrangement of rank at most 3, exactly."""

import numpy as np

from .. import checks
from .cells import Arrangement


def cell_measures(X, patterns):
    r"""The Gaussian measure of cells: the probability that :math:`w\sim\mathcal N(0, I)` has each of the patterns.

    A cell's measure is its solid angle as a share of the whole sphere: an arc for rank 2, and for rank 3 a spherical
    polygon, whose area follows from its angles (Girard).

    Parameters
    ----------
    X : array (n, d)
        The points, of rank at most 3.
    patterns : bool array (c, n)
        Patterns of open cells, as `activation_patterns` gives them.

    Returns
    -------
    array (c,)

    Raises
    ------
    ValueError
        If the rank of `X` exceeds 3, or a pattern is that of no cell.

    Examples
    --------
    >>> from relucones import activation_patterns
    >>> X = [[1.0, 0.0], [0.0, 1.0]]
    >>> cell_measures(X, activation_patterns(X))
    array([0.25, 0.25, 0.25, 0.25])
    """
    X = checks.matrix(X, "X")
    patterns = checks.patterns(patterns, "patterns", len(X))
    A = Arrangement(X)
    if A.rank > 3:
        raise checks.BadInput(f"X must have rank at most 3 for exact solid angles, but its rank is {A.rank}")
    known = {cell.tobytes(): i for i, cell in enumerate(A.on_points(A.cells))}
    missing = [i for i, pattern in enumerate(patterns) if pattern.tobytes() not in known]
    if missing:
        raise checks.BadInput(f"patterns[{missing[0]}] is the pattern of no open cell of X")
    active = A.cells[[known[pattern.tobytes()] for pattern in patterns]]
    if A.rank <= 1:
        return np.full(len(patterns), 1.0 / 2**A.rank)
    rays, ray_side, _ = A.rays
    zero = ray_side == 0
    shares = np.empty(len(patterns))
    for i, cell in enumerate(active):
        side = np.where(cell, 1, -1)
        at = [(t * ray_side * side >= 0).all(axis=1) for t in (1, -1)]
        if A.rank == 2:
            shares[i] = _arc(np.concatenate([rays[at[0]], -rays[at[1]]]))
        else:
            shares[i] = _spherical_polygon(side[:, None] * A.lines, np.concatenate([zero[at[0]], zero[at[1]]]))
    return shares


def _arc(corners):
    u, v = corners
    return 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)) / (2 * np.pi)


def _spherical_polygon(inward, meeting):
    """Girard: 2 pi less the turns at the corners. No triangle is formed, since corners may be close or opposite.

    At a corner, the normals (k, 3) of the walls that meet there, bool (c, k), span the turn.
    """
    turns = 0.0
    for walls in meeting:
        u, v = np.broadcast_arrays(inward[walls, None], inward[None, walls])
        apart, together = np.linalg.norm(u - v, axis=2), np.linalg.norm(u + v, axis=2)
        turns += 2 * np.arctan2(apart, together).max()
    return (2 * np.pi - turns) / (4 * np.pi)
