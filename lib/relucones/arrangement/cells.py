r"""The hyperplane arrangement of the data: cells, walls, rays, and their number.

Point :math:`x_k` cuts weight space by the hyperplane :math:`\{w : w^\top x_k = 0\}`. The open cells
between the hyperplanes are the sets of weights with one activation pattern. Points that are
multiples of one another share a hyperplane, and what all points miss is divided out, so the work is
done on a few `Lines` of full rank.
"""

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np

from .. import checks
from ..walls import lengths_of
from .exact import echelon, integers
from .lines import (
    DEPENDENT,
    Lines,
    Walk,
    balanced,
    independent_columns,
    number_of_cells,
    refuse_if_too_many,
    sorted_unique,
)


def count_patterns(n, d):
    r"""The number of activation patterns of n points in general position in R^d.

    .. math:: N(n, d) = 2 \sum_{i=0}^{\min(n,d)-1} \binom{n-1}{i}

    An upper bound when the points are not in general position. With the sign of the outer weight
    there are 2N signed patterns. Source: Schläfli; Cover 1965.

    Examples
    --------
    >>> count_patterns(4, 2), count_patterns(6, 3), count_patterns(4, 5)
    (8, 32, 16)
    """
    return number_of_cells(checks.count(n, "n"), checks.count(d, "d"))


def activation_patterns(X):
    """Every activation pattern that an open set of weights has on the points.

    Parameters
    ----------
    X : array (n, d)
        The points, in any position: repeated, parallel and zero rows and rank below d are fine.
        What is parallel or dependent up to rounding is taken to be meant so.

    Returns
    -------
    bool array (N, n)
        One row per non-empty open cell, sorted; entry k is true when ``w @ X[k] > 0`` in the cell.
        A zero row of `X` is never active.

    Raises
    ------
    ValueError
        If `X` is not a finite matrix, or has too many cells to list.

    Examples
    --------
    >>> activation_patterns([[1.0, 0.0], [0.0, 1.0]]).astype(int)
    array([[0, 0],
           [0, 1],
           [1, 0],
           [1, 1]])
    """
    return Arrangement(checks.matrix(X, "X")).patterns()


@dataclass(frozen=True, eq=False)
class Flats:
    """The flats of one dimension q > 1 of an arrangement with equally many cells, stacked.

    A flat is an intersection of hyperplanes; its cells are faces of the arrangement, on which
    exactly the lines in
    ``zero`` vanish.
    """

    zero: np.ndarray  # (F, k) bool: the lines that vanish on the flat
    basis: np.ndarray  # (F, d, q): an orthonormal basis of the flat
    cells: np.ndarray  # (F, C, k) bool: the active lines on each of its cells
    error: np.ndarray  # (F,): how far the basis may be turned away from the flat


@dataclass(frozen=True, eq=False)
class Planes:
    """The two-dimensional flats of an arrangement on which equally many lines do not vanish,
    stacked.

    Walking once round a plane crosses q rays, then their opposites, and one line changes its
    activity at each. Lines with one common ray follow one another, with empty cells between them.
    """

    zero: np.ndarray  # (F, k) bool: the lines that vanish on the plane
    basis: np.ndarray  # (F, d, 2)
    line: np.ndarray  # (F, q): the line whose ray comes c-th
    shadow: np.ndarray  # (F, q, 2): that line in the coordinates of the plane
    ray: np.ndarray  # (F, q, 2): its unit ray, in order of angle
    # (F, q) bool: whether the line becomes active at the ray (and stops at the opposite one)
    begins: np.ndarray
    tied: np.ndarray  # (F, q) bool: whether the next line shares the ray
    error: np.ndarray  # (F,): how far the basis may be turned away from the plane


class Arrangement:
    r"""The central arrangement of the hyperplanes :math:`\{w : w^\top x_k = 0\}`.

    Parameters
    ----------
    X : array (n, d)
    exact : bool
        Whether coincidences of more hyperplanes than a flat needs are told exactly, as proofs need
        it, or up to rounding. Parallel and dependent points are always told up to rounding;
        `defect` says what that costs.

    Attributes
    ----------
    rank : int
        The dimension r of the row space.
    basis : array (d, r)
        An orthonormal basis of the row space, the identity where that is everything.
    lines : array (k, d)
        Unit vectors, pairwise independent, that span the row space.
    line : int array (n,)
        The line that a point spans (-1 for a zero point).
    scale : array (n,)
        The signed length of a point along its line: ``X[i] = scale[i] * lines[line[i]]`` up to
        `defect` and rounding.
    first : int array (k,)
        The point that a line was taken from.
    """

    def __init__(self, X, exact=False):
        n, d = X.shape
        self.X, self.exact = X, exact
        self.line, self.scale = np.full(n, -1), np.zeros(n)
        nonzero = np.flatnonzero(X.any(axis=1))
        if len(nonzero) == 0:
            self.rank, self.first = 0, np.zeros(0, int)
            self.basis, self.lines = np.zeros((d, 0)), np.zeros((0, d))
            return
        units = Lines(X[nonzero], exact).units
        line, first = _parallel_classes(units)
        self.first, self.line[nonzero] = nonzero[first], line
        lengths = lengths_of(X[nonzero])
        same_side = (units[first][line] * units).sum(axis=1)
        self.scale[nonzero] = np.copysign(lengths, same_side)
        self.lines = X[self.first] / lengths[first, None]
        self.rank, self._columns, self._combine = _row_space(X[self.first], units[first])
        self._lines = Lines(X[self.first][:, self._columns], exact)
        # Coordinates v of the lines and directions w belong together by v = columns * (combine @
        # w).
        whole = self.rank == d
        self._metric = (np.eye(d) if whole else np.linalg.pinv(self._combine)) / self._lines.columns
        self.basis = (
            np.eye(d) if self.rank == d else self._orthonormal(np.eye(self.rank)[None])[0][0]
        )

    def _orthonormal(self, V):
        """Orthonormal bases (F, d, q) of the directions whose coordinates V (F, r, q) span, the
        maps to them, their errors."""
        spans = np.einsum("dr,frq->fdq", self._metric, V)
        sizes = np.abs(self._metric).max(axis=1)
        # large rows first: then small ones keep their digits
        down = np.argsort(-sizes, kind="stable")
        Q, R = np.linalg.qr(spans[:, down])
        # no reflection, so that planes keep their sense of turning
        turned = np.where(np.einsum("fqq->fq", R) < 0, -1.0, 1.0)
        basis = np.empty_like(Q)
        basis[:, down] = Q * turned[:, None, :]
        return basis, R * turned[:, :, None]

    def _amplified(self, R, error):
        """The errors of bases after the map to directions."""
        least = np.linalg.svd(R, compute_uv=False)[:, -1]
        return error * np.linalg.norm(self._metric, 2) / np.maximum(least, 1e-300)

    def _beside(self, basis):
        """How far bases (F, d, q) may be from the row space: its vectors w are combine.T @
        w[columns]."""
        if self.rank == self.X.shape[1]:
            return 0.0
        chosen = basis[:, self._columns]
        off = basis - np.einsum("rd,frq->fdq", self._combine, chosen)
        size = np.einsum("rd,frq->fdq", np.abs(self._combine), np.abs(chosen))
        rounding = (self.rank + 2) * np.finfo(float).eps * np.linalg.norm(size, axis=(1, 2))
        return np.linalg.norm(off, axis=(1, 2)) + rounding

    # ---- what the points are meant to be ---------------------------------------------------------

    @cached_property
    def defect(self):
        """How far each point may be from that multiple of its line which it is taken for, (n,); 0
        where it is one exactly."""
        used = np.flatnonzero(self.line >= 0)
        ratio, meant = self._meant(used)
        size = (
            np.abs(ratio)[:, None] * (np.abs(self._chosen) @ np.abs(self._combine))[self.line[used]]
        )
        rounding = (self.X.shape[1] + 4) * np.finfo(float).eps * size
        # Nothing is rounded in the product with a power of two.
        power = (np.abs(np.frexp(ratio)[0]) == 0.5) & (self.rank == self.X.shape[1])
        exactly = power & (self.X[used] == meant).all(axis=1)
        off = np.where(exactly[:, None], 0.0, np.abs(self.X[used] - meant) + rounding)
        defect = np.zeros(len(self.X))
        size = off.max(axis=1, keepdims=True, initial=0.0)
        shares = np.divide(off, size, out=np.zeros_like(off), where=size > 0)
        defect[used] = size[:, 0] * np.linalg.norm(shares, axis=1) * (1 + 1e-13)
        return defect

    @cached_property
    def bent(self):
        """How far each point's multiple of a line may be from what is meant by it, (n,), and the
        largest such angle of a line."""
        used = np.flatnonzero(self.line >= 0)
        bent = np.zeros(len(self.X))
        first = self.first[self.line[used]]
        bent[used] = np.abs(self.scale[used] / self.scale[first]) * self.defect[first]
        return bent, float(
            (self.defect[self.first] / np.abs(self.scale[self.first])).max(initial=0)
        )

    @property
    def _chosen(self):
        return self.X[self.first][:, self._columns]

    def _meant(self, used):
        first = self.first[self.line[used]]
        ratio = np.where(first == used, 1.0, self.scale[used] / self.scale[first])
        return ratio, ratio[:, None] * (self._chosen @ self._combine)[self.line[used]]

    @cached_property
    def whole_points(self):
        """The points as they are meant, exactly: integers M (n, d) and an exponent e, the points
        being ``M * 2**e``."""
        n, d = self.X.shape
        if self.rank == d and not self.defect.any():
            return integers(self.X)
        lines, below = integers(self._chosen)
        combine, beside = integers(self._combine)
        used = np.flatnonzero(self.line >= 0)
        ratio, behind = integers(self._meant(used)[0])
        whole = np.zeros((n, d), dtype=object)
        whole[used] = ratio[:, None] * lines.dot(combine)[self.line[used]]
        return whole, below + beside + behind

    # ---- patterns --------------------------------------------------------------------------------

    def patterns(self):
        """The activation patterns on the points, bool (N, n), sorted."""
        return sorted_unique(self.on_points(self.cells))

    def on_points(self, active):
        """Turn activity on lines, bool (c, k), into activity on points, bool (c, n)."""
        bits = np.zeros((len(active), len(self.line)), dtype=bool)
        used = self.line >= 0
        bits[:, used] = active[:, self.line[used]] == (self.scale[used] > 0)
        return bits

    def vanishing_points(self, zero):
        """Turn vanishing lines, bool (c, k), into vanishing points, bool (c, n): zero points always
        vanish."""
        points = np.ones((len(zero), len(self.line)), dtype=bool)
        used = self.line >= 0
        points[:, used] = zero[:, self.line[used]]
        return points

    @property
    def doubted(self):
        """Whether hyperplanes meet that do not meet exactly, or nearly meet; known once faces have
        been listed."""
        return self.rank > 0 and self._lines.doubted

    @property
    def number_of_cells(self):
        """The number of open cells, without a list where it can be told without one."""
        if self.rank == 2:
            return 2 * int((~self.planes[0].tied).sum())
        return len(self.cells)

    @cached_property
    def cells(self):
        """The active lines of every open cell, bool (N, k)."""
        return self._lines.cells if self.rank else np.zeros((1, 0), dtype=bool)

    # ---- faces -----------------------------------------------------------------------------------

    @cached_property
    def rays(self):
        """The one-dimensional faces up to sign: unit vectors (R, d), the sides of the lines, int8
        (R, k), and errors (R,)."""
        vectors, side, error = self._lines.rays
        basis, R = self._orthonormal(vectors[:, :, None])
        return basis[:, :, 0], side, self._amplified(R, error) + self._beside(basis)

    @cached_property
    def planes(self):
        """The two-dimensional flats, as a list of `Planes`."""
        if self.rank < 2:
            return []
        zero, vectors, line_error = self._lines.flats(self.rank - 2)
        basis, R = self._orthonormal(vectors)
        error = self._amplified(R, line_error) + self._beside(basis)
        found = []
        for walk in self._lines.walk(zero, vectors, line_error):
            f = walk.group
            shadow = np.einsum("fqd,fds->fqs", self.lines[walk.line], basis[f])
            # The line's own shadow, turned back by a quarter, or forth where the line begins there.
            quarter = np.stack([-shadow[..., 1], shadow[..., 0]], axis=2)
            ray = (
                quarter
                / np.maximum(np.linalg.norm(quarter, axis=2, keepdims=True), 1e-300)
                * np.where(walk.begins, -1, 1)[..., None]
            )
            found.append(
                Planes(zero[f], basis[f], walk.line, shadow, ray, walk.begins, walk.tied, error[f])
            )
        return found

    @cached_property
    def solids(self):
        """The flats of dimension 3 or more, the whole space included, as a list of `Flats`."""
        if self.rank < 3:
            return []
        k, r = self._lines.shape
        work = sum(comb(k, c) * number_of_cells(k - c, r - c) for c in range(r - 1))
        refuse_if_too_many(work, k, r, number_of_cells(k, r))
        found = []
        for codimension in range(r - 2):
            zero, vectors, error = self._lines.flats(codimension)
            basis, R = self._orthonormal(vectors)
            error, by_count = self._amplified(R, error) + self._beside(basis), {}
            for f, z in enumerate(zero):
                cells = self._lines.cells_on(z, r - codimension) if codimension else self.cells
                by_count.setdefault(len(cells), []).append((z, basis[f], cells, error[f]))
            found += [
                Flats(*map(np.array, zip(*group, strict=True))) for group in by_count.values()
            ]
        return found

    @property
    def flats(self):
        """A list of `Flats` that holds every flat of dimension 2 or more, the whole space
        included."""
        found = self.solids[:]
        for planes in self.planes:
            by_count = {}
            walk = Walk(None, planes.line, planes.begins, planes.tied)
            for f, cells in enumerate(walk.cells(len(self.lines))):
                by_count.setdefault(len(cells), []).append(
                    (planes.zero[f], planes.basis[f], cells, planes.error[f])
                )
            found += [
                Flats(*map(np.array, zip(*group, strict=True))) for group in by_count.values()
            ]
        return found


def _row_space(rows, units):
    """The rank that `rows` (k, d) are meant to have, columns that span all of them, and the
    combinations of them (rank, d) that give every column. The chosen columns have exactly that
    rank.
    """
    d = rows.shape[1]
    singular = np.linalg.svd(units, compute_uv=False)
    rank = int(np.sum(singular > DEPENDENT * singular[0]))
    scaled, sizes = balanced(rows)
    while True:
        columns = np.arange(d) if rank == d else independent_columns(scaled, rank, exactly=False)
        true = len(echelon(integers(rows[:, columns])[0].tolist())[0])
        if true == rank:
            break
        rank = true
    if rank == d:
        return rank, columns, np.eye(d)
    combine = np.linalg.lstsq(scaled[:, columns], scaled, rcond=None)[0]
    combine = combine / sizes[columns][:, None] * sizes
    combine[:, columns] = np.eye(rank)
    return rank, columns, combine


def _parallel_classes(units):
    """The class of each unit vector among those parallel to one another, and the first member of
    every class."""
    n, r = units.shape
    turned = units @ np.cos(np.arange(r))
    key = np.where(turned < 0, -1, 1) * (units @ np.sin(1 + np.arange(r)))
    order = np.argsort(key, kind="stable")
    label = np.arange(n)
    apart = np.flatnonzero(np.diff(key[order]) > 10 * DEPENDENT) + 1
    # on whose side such a vector is turned cannot be told
    if (np.abs(turned) <= 10 * DEPENDENT).any():
        apart = np.zeros(0, int)
    for chain in np.split(order, apart):
        left = np.sort(chain)
        while len(left) > 1:
            difference = np.minimum(
                np.linalg.norm(units[left] - units[left[0]], axis=1),
                np.linalg.norm(units[left] + units[left[0]], axis=1),
            )
            same = difference <= DEPENDENT
            label[left[same]] = left[0]
            left = left[~same]
    first, line = np.unique(label, return_inverse=True)
    return line, first
