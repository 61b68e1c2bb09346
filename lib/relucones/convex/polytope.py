r"""The polytope of optima: all coefficients that write the optimal fit with the tight directions.

.. math:: P = \{c \ge 0 : Gc = f^\star\}

Its vertices are the optima with independent fits (Caratheodory), its edges the ways between them.
On P the penalty is constant, since :math:`2\lambda\sum c = \nu^\top Gc`, so P is bounded.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from .. import checks

_DEPENDENT = 1e-8  # singular values below this share of the largest are rounding
_MISFIT = 1e-6  # the share of the fit that may be left unwritten
_NOTHING = 1e-8  # coefficients below this share of the largest are rounding


@dataclass(frozen=True, eq=False)
class Polytope:
    r"""The polytope :math:`\{c\ge0 : Gc=f\}`, by its vertices.

    Attributes
    ----------
    vertices : array (V, k)
        The coefficients of each vertex, fewest directions first.
    rank : int
        The rank of the columns of G that some point of P uses.
    """

    vertices: np.ndarray
    rank: int

    @cached_property
    def supports(self):
        """Which directions a vertex uses, bool (V, k)."""
        return self.vertices > 0

    @property
    def used(self):
        """Which directions some point of P uses, bool (k,)."""
        return self.supports.any(axis=0)

    @property
    def dimension(self):
        """The dimension of P."""
        return int(self.used.sum()) - self.rank

    @cached_property
    def edges(self):
        """The pairs of vertices that an edge joins, (E, 2).

        Two vertices span an edge when no third one vanishes wherever both do.
        """
        zero = ~self.supports[:, self.used]
        counts = zero.astype(np.float32)
        found = [np.zeros((0, 2), int)]
        for i in range(len(zero) - 1):
            together = zero[i] & zero[i + 1 :]
            near = np.flatnonzero(together.sum(axis=1) >= self.dimension - 1)
            together = together[near].astype(np.float32)
            faces = together @ counts.T == together.sum(axis=1, keepdims=True)
            joined = near[faces.sum(axis=1) == 2] + i + 1
            found.append(np.column_stack([np.full(len(joined), i), joined]))
        return np.concatenate(found)


def polytope(fits, fit, most=20_000):
    r"""The `Polytope` of the coefficients :math:`c\ge0` with ``c @ fits == fit``.

    In coordinates of its affine hull it is an intersection of half-spaces, one for each direction,
    whose vertices Qhull lists.

    Parameters
    ----------
    fits : array (k, n)
        The fits of the directions.
    fit : array (n,)
        What they are to add up to.
    most : int
        The largest number of vertices to list.

    Raises
    ------
    ValueError
        If there are more vertices than `most`.
    ArithmeticError
        If no coefficients write the fit, or the list of vertices does not hang together.

    Examples
    --------
    >>> square = polytope([[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1]], [1, 1, 2])
    >>> square.supports.astype(int).tolist()
    [[0, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 1, 0]]
    >>> square.dimension, len(square.edges)
    (2, 4)
    """
    fits, fit = np.asarray(fits, float), np.asarray(fit, float)
    k = len(fits)
    if k == 0:
        return Polytope(np.zeros((1, 0)), 0)
    sizes = np.linalg.norm(fits, axis=1)
    unit = fits / sizes[:, None]
    start, misfit = scipy.optimize.nnls(unit.T, fit)
    if misfit > _MISFIT * np.linalg.norm(fit):
        raise ArithmeticError(f"no coefficients write the fit: {misfit:.3g} of it are left")
    A, b, N = _hull(unit, fit)
    used = np.ones(k, dtype=bool)
    if N.shape[1]:
        used = _usable(A, b, start)
        A, b, N = _hull(unit[used], fit)
    supports = _supports_of_vertices(A, b, N, most)
    vertices = np.zeros((len(supports), k))
    for row, support in zip(vertices, supports, strict=True):
        places = np.flatnonzero(used)[support]
        row[places] = np.linalg.lstsq(unit[places].T, fit, rcond=None)[0]
    if vertices.min() < 0:
        raise ArithmeticError("a vertex of the polytope of optima has a negative coefficient")
    supports = [tuple(c > 0) for c in vertices]
    order = sorted(range(len(vertices)), key=lambda i: (sum(supports[i]), supports[i]))
    found = Polytope(vertices[order] / sizes, len(A))
    _check_connected(found)
    return found


MOST_TOGETHER = 20  # directions whose subsets are listed one by one
_MOST_SUPPORTS = 3000


def supports(fits, fit):
    """The sets of directions that suffice for an optimum, fewest first: the supports of the
    vertices, as tuples; None where there are too many of them, or several of too many
    directions."""
    try:
        found = polytope(fits, fit, most=_MOST_SUPPORTS)
    except checks.BadInput:
        return None
    if len(found.vertices) > 1 and found.used.sum() > MOST_TOGETHER:
        return None
    sets = [tuple(np.flatnonzero(row).tolist()) for row in found.supports]
    return sorted(sets, key=lambda one: (len(one), one))


def _hull(unit, fit):
    """A and b with the coefficients' equations ``A c = b``, rows of A orthonormal, and the
    directions N (k, D) in which coefficients can change."""
    U, singular, Vt = np.linalg.svd(unit.T, full_matrices=True)
    rank = int(np.sum(singular > _DEPENDENT * singular[0]))
    return Vt[:rank], U[:, :rank].T @ fit / singular[:rank], Vt[rank:].T


def _usable(A, b, start):
    """Which coefficients are positive somewhere on the polytope: linear programs that each maximise
    the sum of those not seen positive yet."""
    size = max(np.abs(b).max(), start.max())
    used = start > _NOTHING * size
    while not used.all():
        best = scipy.optimize.linprog(-1.0 * ~used, A_eq=A, b_eq=b, method="highs")
        if best.status != 0:
            raise ArithmeticError(f"a linear program over the optima ended with: {best.message}")
        more = (best.x > _NOTHING * size) & ~used
        if not more.any():
            break
        used |= more
    return used


def _supports_of_vertices(A, b, N, most):
    """The places of the positive coefficients of every vertex."""
    middle = A.T @ b  # one point of the affine hull
    if N.shape[1] == 0:
        return [np.arange(len(middle))]
    if N.shape[1] == 1:
        corners = _ends_of_segment(middle, N[:, 0])
    else:
        corners = _corners(middle, N)
    size = corners.max()
    supports = np.unique(corners > _NOTHING * size, axis=0)
    if len(supports) > most:
        raise checks.BadInput(
            f"most must be at least the number of optima with independent fits, {len(supports)}, "
            f"but it is {most}"
        )
    return [np.flatnonzero(support) for support in supports]


def _ends_of_segment(middle, along):
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = -middle / along
    moves = np.abs(along) > 1e-12
    low, high = steps[moves & (along > 0)].max(), steps[moves & (along < 0)].min()
    return middle + np.array([[low], [high]]) * along


def _corners(middle, N):
    """The vertices of {z : middle + N z >= 0}, as coefficients."""
    lengths = np.linalg.norm(N, axis=1)
    moves = lengths > 1e-12
    # The centre of the largest ball inside, which Qhull starts from.
    centre = scipy.optimize.linprog(
        np.append(np.zeros(N.shape[1]), -1.0),
        A_ub=np.column_stack([-N, lengths])[moves],
        b_ub=middle[moves],
        bounds=[(None, None)] * N.shape[1] + [(0, None)],
        method="highs",
    )
    if centre.status != 0 or not centre.x[-1] > 0:
        raise ArithmeticError("the polytope of optima has no inner point")
    halfspaces = np.column_stack([-N, -middle])[moves] / lengths[moves, None]
    found = scipy.spatial.HalfspaceIntersection(halfspaces, centre.x[:-1])
    return middle + found.intersections @ N.T


def _check_connected(found):
    """A list that lacks a vertex leaves another with too few edges: a simple vertex has as many as
    there are dimensions, any other at least as many."""
    if found.dimension == 0:
        return
    degree = np.bincount(found.edges.ravel(), minlength=len(found.vertices))
    off = (~found.supports[:, found.used]).sum(axis=1)
    if (degree < found.dimension).any() or (degree[off == found.dimension] > found.dimension).any():
        raise ArithmeticError("the list of vertices of the polytope of optima does not close")
