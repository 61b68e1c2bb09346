r"""The hyperplane arrangement of the data: cells, walls, rays, and their number.

Point :math:`x_k` cuts weight space by the hyperplane :math:`\{w : w^\top x_k = 0\}`. The open cells between the
hyperplanes are the sets of weights with one activation pattern. Cells are found through their extreme rays: once
the common null space is divided out, every cell has an extreme ray, and the cells around one ray are a product of
signs (general position) or a smaller arrangement (otherwise). No linear program is solved and nothing is sampled.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice
from math import comb

import numpy as np
from scipy.spatial import KDTree

from .. import checks

# Unit vectors closer than this are one; a unit vector this close to a hyperplane lies on it.
TOLERANCE = 1e-9
# Above this many entries (cells times lines) the enumeration would not fit in a laptop's memory.
LIMIT = 400_000_000
_CHUNK = 1 << 16


def count_patterns(n, d):
    r"""The number of activation patterns of n points in general position in R^d.

    .. math:: N(n, d) = 2 \sum_{i=0}^{\min(n,d)-1} \binom{n-1}{i}

    An upper bound when the points are not in general position. With the sign of the outer weight there are 2N signed
    patterns. Source: Schläfli; Cover 1965.

    Examples
    --------
    >>> count_patterns(4, 2), count_patterns(6, 3), count_patterns(4, 5)
    (8, 32, 16)
    """
    n, d = checks.count(n, "n"), checks.count(d, "d")
    if d >= n:
        return 2**n  # the same sum, without going through its terms
    return 2 * sum(comb(n - 1, i) for i in range(d))


def activation_patterns(X):
    """Every activation pattern that an open set of weights has on the points.

    Parameters
    ----------
    X : array (n, d)
        The points, in any position: repeated, parallel and zero rows and rank below d are fine.

    Returns
    -------
    bool array (N, n)
        One row per non-empty open cell, sorted; entry k is true when ``w @ X[k] > 0`` in the cell. A zero row of `X`
        is never active.

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

    A flat is an intersection of hyperplanes; its cells are faces of the arrangement, on which exactly the lines in
    ``zero`` vanish.
    """

    zero: np.ndarray  # (F, k) bool: the lines that vanish on the flat
    basis: np.ndarray  # (F, r, q): an orthonormal basis of the flat
    cells: np.ndarray  # (F, C, k) bool: the active lines on each of its cells


@dataclass(frozen=True, eq=False)
class Planes:
    """The two-dimensional flats of an arrangement on which equally many lines do not vanish, stacked.

    Walking once round a plane crosses q rays, then their opposites, and one line changes its activity at each. Lines
    with one common ray follow one another, with empty cells between them.
    """

    zero: np.ndarray  # (F, k) bool: the lines that vanish on the plane
    basis: np.ndarray  # (F, r, 2)
    line: np.ndarray  # (F, q): the line whose ray comes c-th
    shadow: np.ndarray  # (F, q, 2): that line in the coordinates of the plane
    ray: np.ndarray  # (F, q, 2): its unit ray, in order of angle
    begins: np.ndarray  # (F, q) bool: whether the line becomes active at the ray (and stops at the opposite one)

    def cells(self):
        """The active lines of every cell of non-zero width, as a list of `Flats`."""
        F, k = self.zero.shape
        q = self.line.shape[1]
        # Between ray c and ray c + 1, lines up to c have been crossed and the others not yet.
        crossed = np.tril(np.ones((q, q), dtype=bool))
        active = np.zeros((F, q, k), dtype=bool)
        index = np.broadcast_to(self.line[:, None, :], (F, q, q))
        np.put_along_axis(active, index, self.begins[:, None, :] == crossed, axis=2)
        beyond = np.concatenate([self.ray[:, 1:], -self.ray[:, :1]], axis=1)
        wide = np.linalg.norm(beyond - self.ray, axis=2) > TOLERANCE
        outside = ~self.zero[:, None, :]
        both = np.concatenate([active & outside, ~active & outside], axis=1)
        wide = np.concatenate([wide, wide], axis=1)
        found = []
        for count in np.unique(wide.sum(axis=1)):
            group = wide.sum(axis=1) == count
            cells = both[group][wide[group]].reshape(-1, count, k)
            found.append(Flats(self.zero[group], self.basis[group], cells))
        return found


class Arrangement:
    r"""The central arrangement of the hyperplanes :math:`\{w : w^\top x_k = 0\}`.

    Points that are multiples of one another share a hyperplane, so the work is done on the k distinct `lines` that
    the non-zero points span, in coordinates of the r-dimensional row space of `X`.

    Attributes
    ----------
    basis : array (d, r)
        Orthonormal basis of the row space.
    lines : array (k, r)
        Unit vectors, pairwise independent.
    line : int array (n,)
        The line that a point spans (-1 for a zero point).
    scale : array (n,)
        The signed length of a point along its line: ``X[i] = scale[i] * lines[line[i]] @ basis.T``.
    """

    def __init__(self, X):
        n, d = X.shape
        largest = np.abs(X).max(axis=1)
        nonzero = np.flatnonzero(largest > 0)
        self.line = np.full(n, -1)
        self.scale = np.zeros(n)
        units = X[nonzero] / largest[nonzero, None]  # first, so that no square underflows to zero
        lengths = np.linalg.norm(units, axis=1)
        units /= lengths[:, None]
        if len(nonzero) == 0:
            self.basis, self.lines = np.zeros((d, 0)), np.zeros((0, 0))
            return
        _, singular, Vt = np.linalg.svd(units, full_matrices=False)
        rank = int(np.sum(singular > TOLERANCE * singular[0]))
        self.basis = Vt[:rank].T
        units = units @ self.basis
        line, first = _parallel_classes(units)
        self.lines = units[first] / np.linalg.norm(units[first], axis=1, keepdims=True)
        self.line[nonzero] = line
        self.scale[nonzero] = np.copysign(largest[nonzero] * lengths, (self.lines[line] * units).sum(axis=1))

    @property
    def rank(self):
        """The dimension r of the row space."""
        return self.lines.shape[1]

    def patterns(self):
        """The activation patterns on the points, bool (N, n), sorted."""
        return _sorted_unique(self.on_points(self.cells))

    def on_points(self, active):
        """Turn activity on lines, bool (c, k), into activity on points, bool (c, n)."""
        bits = np.zeros((len(active), len(self.line)), dtype=bool)
        used = self.line >= 0
        bits[:, used] = active[:, self.line[used]] == (self.scale[used] > 0)
        return bits

    def vanishing_points(self, zero):
        """Turn vanishing lines, bool (c, k), into vanishing points, bool (c, n): zero points always vanish."""
        points = np.ones((len(zero), len(self.line)), dtype=bool)
        used = self.line >= 0
        points[:, used] = zero[:, self.line[used]]
        return points

    @cached_property
    def cells(self):
        """The active lines of every open cell, bool (N, k)."""
        return _cells(self.lines)

    @cached_property
    def rays(self):
        """The one-dimensional faces up to sign: unit vectors (R, r) and the lines that vanish on them, bool (R, k)."""
        return _rays(self.lines)

    @cached_property
    def planes(self):
        """The two-dimensional flats, as a list of `Planes`."""
        if self.rank < 2:
            return []
        return _planes(self.lines, *_flats_of(self.lines, self.rank - 2))

    @cached_property
    def solids(self):
        """The flats of dimension 3 or more, the whole space included, as a list of `Flats`."""
        k, r = self.lines.shape
        _refuse_if_too_many(sum(comb(k, c) * count_patterns(k - c, r - c) for c in range(r - 1)), k, r)
        found = []
        for codimension in range(r - 2):
            by_count = {}
            for z, B in zip(*_flats_of(self.lines, codimension), strict=True):
                inner = _cells_of_any(self.lines[~z] @ B) if codimension else self.cells
                cells = np.zeros((len(inner), k), dtype=bool)
                cells[:, ~z] = inner
                by_count.setdefault(len(cells), []).append((z, B, cells))
            found += [Flats(*map(np.array, zip(*group, strict=True))) for group in by_count.values()]
        return found

    @property
    def flats(self):
        """A list of `Flats` that holds every flat of dimension 2 or more, the whole space included."""
        return self.solids + [flats for planes in self.planes for flats in planes.cells()]


def _parallel_classes(units):
    """The class of each unit vector among those parallel to one another, and the first member of every class."""
    if len(units) < 100:  # all distances at once
        difference = units[:, None] - units[None]
        near = np.minimum((difference**2).sum(axis=2), ((difference + 2 * units[None]) ** 2).sum(axis=2)) <= TOLERANCE**2
        if near.sum() == len(units):
            return np.arange(len(units)), np.arange(len(units))
    line, first, tree = np.full(len(units), -1), [], KDTree(units)
    for i, unit in enumerate(units):
        if line[i] < 0:
            same = np.concatenate(tree.query_ball_point([unit, -unit], TOLERANCE)).astype(int)
            line[same[line[same] < 0]] = len(first)
            first.append(i)
    return line, np.array(first)


class TooManyPatterns(ValueError):
    """The points have more activation patterns, or faces, than can be listed."""


def _refuse_if_too_many(work, lines, rank):
    if work * lines > LIMIT:
        raise TooManyPatterns(
            f"X has too many activation patterns to list: {lines} distinct hyperplanes of rank {rank} "
            f"have up to {count_patterns(lines, rank):,}; use fewer columns or fewer rows"
        )


def _cells(lines):
    """The active lines of every cell of pairwise independent unit `lines` (k, r) of rank r, bool (N, k)."""
    k, r = lines.shape
    if k == 0:
        return np.zeros((1, 0), dtype=bool)
    if k == r:  # independent hyperplanes: every sign pattern occurs
        _refuse_if_too_many(2**k, k, r)
        return _all_bits(k)
    if r == 2:
        _refuse_if_too_many(2 * k, k, r)
        return _planes(lines, np.zeros((1, k), dtype=bool), np.eye(2)[None])[0].cells()[0].cells[0]
    _refuse_if_too_many(comb(k, r - 1) << (r - 1), k, r)
    if k == r + 1:
        return _cells_with_one_dependence(lines)
    rays, zero = _rays(lines)
    active = rays @ lines.T > 0
    simple = zero.sum(axis=1) == r - 1
    local = _all_bits(r - 1)
    packed = []
    for start in range(0, len(rays), _CHUNK >> (r - 1) or 1):
        rows = slice(start, start + (_CHUNK >> (r - 1) or 1))
        z, bits = zero[rows][simple[rows]], active[rows][simple[rows]]
        around = np.repeat(bits[:, None, :], len(local), axis=1)
        columns = np.nonzero(z)[1].reshape(len(z), 1, r - 1)
        np.put_along_axis(around, np.broadcast_to(columns, (len(z), *local.shape)), local[None], axis=2)
        packed.append(_unique_rows(np.packbits(around.reshape(-1, k), axis=1)))
    for z, bits, ray in zip(zero[~simple], active[~simple], rays[~simple], strict=True):
        inner = _cells_of_any(lines[z] @ _complement(ray[None]))
        around = np.repeat(bits[None], len(inner), axis=0)
        around[:, z] = inner
        packed.append(np.packbits(around, axis=1))
    half = np.unpackbits(_unique_rows(np.concatenate(packed)), axis=1, count=k).astype(bool)
    return _sorted_unique(np.concatenate([half, ~half]))  # the cells around -ray are the opposite ones


def _cells_with_one_dependence(lines):
    """The cells of r + 1 lines of rank r, by Gordan's theorem: the dependence must not make all terms of one sign."""
    dependence = np.linalg.svd(lines.T, full_matrices=True)[2][-1]
    bits = _all_bits(len(lines))
    used = np.abs(dependence) > TOLERANCE
    positive = bits[:, used] == (dependence[used] > 0)
    return bits[positive.any(axis=1) & ~positive.all(axis=1)]


def _cells_of_any(vectors):
    """As `_cells`, for non-zero vectors that may be parallel and of any rank."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if len(_parallel_classes(units)[1]) == len(units) and _spread(units) > 1e-6:
        return _cells(units)
    inner = Arrangement(vectors)
    return inner.on_points(inner.cells)


def _spread(units):
    """The smallest singular value relative to the largest, from the Gram matrix: 0 when the units do not span the space."""
    values = np.linalg.eigvalsh(units.T @ units)
    return np.sqrt(max(values[0], 0.0) / values[-1])


def _rays(lines):
    k, r = lines.shape
    if r == 1:
        return np.ones((1, 1)), np.zeros((1, k), dtype=bool)
    zero, basis = _flats_of(lines, r - 1)
    return basis[:, :, 0], zero


def _flats_of(lines, codimension):
    """The distinct flats of a codimension: vanishing lines, bool (F, k), and orthonormal bases (F, r, r - c)."""
    k, r = lines.shape
    if codimension == 0:
        return np.zeros((1, k), dtype=bool), np.eye(r)[None]
    subsets = combinations(range(k), codimension)
    zeros, bases = [], []
    while chunk := list(islice(subsets, _CHUNK)):
        chunk = np.array(chunk)
        basis, independent = _null_spaces(lines[chunk])
        basis, chunk = basis[independent], chunk[independent]
        zero = np.linalg.norm(np.einsum("kr,frq->fkq", lines, basis), axis=2) < TOLERANCE
        np.put_along_axis(zero, chunk, True, axis=1)
        zeros.append(zero)
        bases.append(basis)
    zero, basis = np.concatenate(zeros), np.concatenate(bases)
    if (zero.sum(axis=1) > codimension).any():  # several subsets span one flat
        _, first = np.unique(np.packbits(zero, axis=1), axis=0, return_index=True)
        first.sort()
        zero, basis = zero[first], basis[first]
    return zero, basis


def _null_spaces(stacks):
    """Orthonormal bases (F, r, r - c) of the null spaces of the rows of `stacks` (F, c, r), and which rows are independent."""
    c, r = stacks.shape[1:]
    if (c, r) == (2, 3):  # the cross product is ten times faster than a decomposition
        cross = np.cross(stacks[:, 0], stacks[:, 1])
        norms = np.linalg.norm(cross, axis=1)
        return (cross / np.maximum(norms, 1e-300)[:, None])[:, :, None], norms > TOLERANCE
    _, singular, Vt = np.linalg.svd(stacks, full_matrices=True)
    return np.swapaxes(Vt[:, c:], 1, 2), singular[:, -1] > TOLERANCE


def _planes(lines, zero, basis):
    found = []
    for count in np.unique(zero.sum(axis=1)):
        group = zero.sum(axis=1) == count
        z, B = zero[group], basis[group]
        line = np.nonzero(~z)[1].reshape(len(z), -1)
        shadow = np.einsum("fqr,frs->fqs", lines[line], B)
        angle = np.mod(np.arctan2(shadow[..., 1], shadow[..., 0]), np.pi) + np.pi / 2
        order = np.argsort(angle, axis=1)
        line, angle = np.take_along_axis(line, order, axis=1), np.take_along_axis(angle, order, axis=1)
        shadow = np.take_along_axis(shadow, order[..., None], axis=1)
        ray = np.stack([np.cos(angle), np.sin(angle)], axis=2)
        begins = shadow[..., 1] * ray[..., 0] - shadow[..., 0] * ray[..., 1] > 0
        found.append(Planes(z, B, line, shadow, ray, begins))
    return found


def _complement(rows):
    """Orthonormal basis, as columns, of the orthogonal complement of independent `rows` (c, r)."""
    return np.linalg.svd(rows, full_matrices=True)[2][len(rows) :].T


def _all_bits(k):
    numbers = np.arange(2**k).astype(">u4")
    return np.unpackbits(numbers.view(np.uint8).reshape(-1, 4), axis=1)[:, 32 - k :].astype(bool)


def _unique_rows(packed):
    """The distinct rows of a uint8 matrix, sorted as bit strings."""
    width = packed.shape[1]
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, width))).ravel()
    return np.unique(keys).view(np.uint8).reshape(-1, width)


def _sorted_unique(bits):
    if bits.shape[1] == 0:
        return bits[:1]
    return np.unpackbits(_unique_rows(np.packbits(bits, axis=1)), axis=1, count=bits.shape[1]).astype(bool)
