r"""The combinatorics of a central arrangement: which flats its hyperplanes meet in, and the cells
on each.

A line stands for the hyperplane orthogonal to it. Everything is read off the rays, the flats of
dimension one: once a ray's side of every hyperplane is known, the cells around it are a product of
signs (general position) or the cells of the smaller arrangement of the hyperplanes that it lies on.
No linear program is solved and nothing is sampled.

A side is told from floats where their error bound allows it. Where it does not, there are two
answers: the *intended* one, that the line vanishes, since points that were rounded are meant to be
parallel or dependent; and the *exact* one, by integers, which proofs need. The source of the method
is derived here.
"""

from functools import cached_property, cmp_to_key
from itertools import combinations, islice, pairwise
from math import comb, gcd

import numpy as np
import scipy

from ..checks import BadInput
from . import exact

# A decomposition finds a null space up to about this angle times the condition of its vectors: 64
# units of rounding.
ROUNDING = 64 * np.finfo(float).eps
# Above this error of a null space floats do not describe it, and integers do.
_BLURRED = 1e-9
# Unit vectors this near to being dependent are meant to be.
DEPENDENT = 1e-13
# Above this many entries (cells times lines) the enumeration would not fit in a laptop's memory.
LIMIT = 400_000_000
_CHUNK = 1 << 16


class TooManyPatterns(BadInput):
    """The points have more activation patterns, or faces, than can be listed."""


def refuse_if_too_many(work, lines, rank, most):
    """Raise `TooManyPatterns` where a list of `work` sign vectors of so many `lines` would be too
    long."""
    if work * lines > LIMIT:
        raise TooManyPatterns(
            f"X has too many activation patterns to list: {lines} distinct hyperplanes of rank "
            f"{rank} "
            f"have up to {most:,}; use fewer columns or fewer rows"
        )


class Lines:
    r"""Pairwise independent vectors `rows` (k, r) of rank r, as they are given in floats.

    Attributes
    ----------
    scaled : array (k, r)
        The rows, with columns and rows brought near size 1 by powers of two, so without rounding.
    columns : array (r,)
        The powers of two: a vector v of these coordinates is ``v / columns`` in those of `rows`.
    exact : bool
        Whether doubtful sides are told exactly, or taken for 0.
    doubted : bool
        Whether rounding and the exact answer part somewhere; known once rays or planes have been
        listed.
    """

    def __init__(self, rows, exact):
        self.exact, self.doubted, self._rows = exact, False, rows
        self.scaled, self.columns = balanced(rows)
        self.units = self.scaled / np.linalg.norm(self.scaled, axis=1, keepdims=True)

    @property
    def shape(self):
        """The number of lines and their rank."""
        return self.scaled.shape

    @cached_property
    def _integers(self):
        """The rows in the scaled columns, times a power of two, as integers: from the rows as
        given."""
        whole = exact.integers(self._rows)[0]
        sizes = np.frexp(self.columns)[1]
        return (whole << (sizes.max() - sizes).astype(object)).tolist()

    # ---- flats -----------------------------------------------------------------------------------

    def flats(self, codimension):
        """The distinct flats of a codimension c: vanishing lines, bool (F, k), orthonormal bases
        (F, r, r - c), their errors."""
        zero, basis, error, _ = self._flats(codimension)
        return zero, basis, error

    @cached_property
    def rays(self):
        """The flats of dimension one: unit vectors (R, r), the side of every line, int8 (R, k), and
        the errors (R,)."""
        _, basis, error, side = self._flats(self.shape[1] - 1)
        return basis[:, :, 0], side, error

    def _flats(self, codimension):
        k, r = self.shape
        if codimension == 0:
            side = np.sign(self.units).astype(np.int8).T if r == 1 else None
            return np.zeros((1, k), dtype=bool), np.eye(r)[None], np.zeros(1), side
        found = []
        subsets = combinations(range(k), codimension)
        while chunk := list(islice(subsets, max(1, _CHUNK // r))):
            found.append(self._flats_of(np.array(chunk)))
        zero, basis, error, side = (np.concatenate(part) for part in zip(*found, strict=True))
        if (zero.sum(axis=1) > codimension).any():  # several subsets span one flat
            _, first = np.unique(np.packbits(zero, axis=1), axis=0, return_index=True)
            first.sort()
            zero, basis, error, side = zero[first], basis[first], error[first], side[first]
        return zero, basis, error, side

    def _flats_of(self, subsets):
        """The flats of `subsets` (F, c) of the lines, those left out that are dependent, with sides
        where they are rays."""
        basis, spread = _null_spaces(self.units[subsets])
        error = ROUNDING / np.maximum(spread, 1e-300)
        dots = np.einsum("kr,frq->fkq", self.units, basis)
        reach = np.abs(dots[..., 0]) if basis.shape[2] == 1 else np.linalg.norm(dots, axis=2)
        zero = reach <= 2 * error[:, None]
        np.put_along_axis(zero, subsets, True, axis=1)
        side = np.where(zero, 0, np.sign(dots[..., 0])).astype(np.int8)
        kept = np.ones(len(subsets), dtype=bool)
        blurred = error > _BLURRED
        for f in np.flatnonzero(blurred | (zero.sum(axis=1) > subsets.shape[1])):
            if self.exact or (spread[f] > DEPENDENT and blurred[f]):
                kept[f] = self._flat_exactly(f, subsets[f], zero, basis, error, side)
                self.doubted |= kept[f] and spread[f] <= DEPENDENT
            else:
                self.doubted = True
                kept[f] = not blurred[f]
        return zero[kept], basis[kept], error[kept], side[kept]

    def _flat_exactly(self, f, subset, zero, basis, error, side):
        """Write flat f into the arrays, told by integers; whether its lines are independent."""
        vectors = exact.null_space([self._integers[i] for i in subset], self.shape[1])
        if len(vectors) > basis.shape[2]:
            return False
        blurred = error[f] > _BLURRED
        if blurred:
            columns = [exact.as_floats(v) for v in orthogonal(vectors)]
            basis[f] = np.column_stack([v / np.linalg.norm(v) for v in columns])
            error[f] = ROUNDING
            dots = self.units @ basis[f]
            zero[f] = np.linalg.norm(dots, axis=1) <= 1e-6
            side[f] = np.where(zero[f], 0, np.sign(dots[:, 0]))
        turned = 1 if exact.as_floats(vectors[0]) @ basis[f][:, 0] > 0 else -1
        for i in np.flatnonzero(zero[f]):
            values = [exact.dot(self._integers[i], v) for v in vectors]
            zero[f, i] = not any(values)
            self.doubted |= not (zero[f, i] or blurred)
            side[f, i] = turned * ((values[0] > 0) - (values[0] < 0))
        return True

    # ---- cells -----------------------------------------------------------------------------------

    @cached_property
    def cells(self):
        """The active lines of every open cell, bool (N, k)."""
        k, r = self.shape
        most = number_of_cells(k, r)
        if k == r:  # independent hyperplanes: every sign pattern occurs
            refuse_if_too_many(2**k, k, r, most)
            return all_bits(k)
        if r == 2:
            refuse_if_too_many(2 * k, k, r, most)
            return self.walk(np.zeros((1, k), dtype=bool), np.eye(2)[None], np.zeros(1))[0].cells(
                k
            )[0]
        refuse_if_too_many(comb(k, r - 1) << (r - 1), k, r, most)
        return self.cells_on(np.zeros(k, dtype=bool), r)

    def cells_on(self, zero, dimension):
        """The active lines of every cell, bool (C, k), of the flat of that `dimension` on which the
        lines `zero` vanish."""
        k = len(zero)
        side = self.rays[1]
        side = side[(side[:, zero] == 0).all(axis=1)]
        free = (side == 0) & ~zero
        if dimension == 1:
            return np.concatenate([side > 0, side < 0])
        simple = free.sum(axis=1) == dimension - 1
        packed = [np.zeros((0, -(-k // 8)), np.uint8)]
        local = all_bits(dimension - 1)
        step = max(1, _CHUNK >> (dimension - 1))
        for start in range(0, len(side), step):
            chosen = start + np.flatnonzero(simple[start : start + step])
            around = np.repeat((side[chosen] > 0)[:, None], len(local), axis=1)
            columns = np.nonzero(free[chosen])[1].reshape(len(chosen), 1, dimension - 1)
            np.put_along_axis(
                around, np.broadcast_to(columns, (len(chosen), *local.shape)), local[None], axis=2
            )
            packed.append(unique_rows(np.packbits(around.reshape(-1, k), axis=1)))
        for i in np.flatnonzero(~simple):
            here = side[i] == 0
            inner = self._at_ray(here).cells_on(zero[here], dimension - 1)
            around = np.repeat((side[i] > 0)[None], len(inner), axis=0)
            around[:, here] = inner
            packed.append(np.packbits(around, axis=1))
        half = np.unpackbits(unique_rows(np.concatenate(packed)), axis=1, count=k).astype(bool)
        # The cells around the opposite rays are the opposite ones.
        return sorted_unique(np.concatenate([half, ~half & ~zero]))

    def _at_ray(self, here):
        """The smaller arrangement of the lines `here` that vanish on one ray."""
        key = np.packbits(here).tobytes()
        if key not in self._local:
            self._local[key] = Lines.of_rank(self.scaled[here], self.shape[1] - 1, self.exact)
        return self._local[key]

    @cached_property
    def _local(self):
        return {}

    @classmethod
    def of_rank(cls, rows, rank, exact_sides):
        """The lines `rows` (k, d) in `rank` of their coordinates, in which they are as independent
        as in all."""
        return cls(rows[:, independent_columns(rows, rank, exact_sides)], exact_sides)

    # ---- planes ----------------------------------------------------------------------------------

    def walk(self, zero, basis, error):
        """Once round each plane (zero (F, k), basis (F, r, 2)): `Walk`s, each of planes on which
        equally many lines do not vanish."""
        found = []
        for count in np.unique(zero.sum(axis=1)):
            group = np.flatnonzero(zero.sum(axis=1) == count)
            line = np.nonzero(~zero[group])[1].reshape(len(group), -1)
            shadow = np.einsum("fqr,frs->fqs", self.units[line], basis[group])
            found.append(
                Walk(group, *self._in_order(zero[group], basis[group], error[group], line, shadow))
            )
        return found

    def _in_order(self, zero, basis, error, line, shadow):
        length = np.linalg.norm(shadow, axis=2)
        true = np.arctan2(shadow[..., 1], shadow[..., 0])
        angle = np.mod(true, np.pi)
        order = np.argsort(angle, axis=1)
        angle = np.take_along_axis(angle, order, axis=1)
        # The walk begins in the middle of the largest gap, so that no doubt lies at its two ends.
        gaps = np.diff(angle, axis=1, append=angle[:, :1] + np.pi)
        turn = (gaps.argmax(axis=1)[:, None] + 1 + np.arange(line.shape[1])) % line.shape[1]
        wrapped = turn < (gaps.argmax(axis=1)[:, None] + 1)
        order = np.take_along_axis(order, turn, axis=1)
        angle = np.take_along_axis(angle, turn, axis=1) + np.pi * wrapped
        length = np.maximum(np.take_along_axis(length, order, axis=1), 1e-300)
        slack = (2 * error[:, None] + ROUNDING) / length
        line = np.take_along_axis(line, order, axis=1)
        begins = np.cos(angle - np.take_along_axis(true, order, axis=1)) < 0
        reached = np.maximum.accumulate(angle + slack, axis=1)
        tied = np.zeros(line.shape, dtype=bool)
        tied[:, :-1] = angle[:, 1:] - slack[:, 1:] <= reached[:, :-1]
        doubtful = np.flatnonzero(tied.any(axis=1))
        self.doubted |= len(doubtful) > 0 and not self.exact
        if self.exact:
            for f in doubtful:
                self._order_exactly(zero[f], basis[f], line[f], begins[f], tied[f])
        return line, begins, tied

    def _order_exactly(self, zero, basis, line, begins, tied):
        """Put one plane's walk into its exact order, and say which lines begin and which share a
        ray.

        Floats have only chosen where the walk begins: every line is turned into the half turn from
        there on, and sorted.
        """
        first, second = self._exact_frame(np.flatnonzero(zero), basis)
        squares = exact.dot(first, first), exact.dot(second, second)

        def place(i, flipped):
            row, flip = self._integers[i], -1 if flipped else 1
            return flip * exact.dot(row, first), flip * exact.dot(row, second), i, flipped

        def apart(p, q):
            cross = p[0] * q[1] - p[1] * q[0]
            return (cross < 0) - (cross > 0)

        places = [place(i, flipped) for i, flipped in zip(line, begins, strict=True)]
        cut = places[0]

        def ahead(p):
            cross = cut[0] * p[1] - cut[1] * p[0]
            # The frame is orthogonal, but its vectors have different lengths.
            along = cut[0] * p[0] * squares[1] + cut[1] * p[1] * squares[0]
            kept = cross > 0 or (cross == 0 and along > 0)
            return p if kept else (-p[0], -p[1], p[2], not p[3])

        places = sorted([cut, *map(ahead, places[1:])], key=cmp_to_key(apart))
        line[:], begins[:] = [p[2] for p in places], [p[3] for p in places]
        meant = tied.copy()
        tied[:] = [*(apart(p, q) == 0 for p, q in pairwise(places)), False]
        self.doubted |= not np.array_equal(tied, meant)

    def _exact_frame(self, vanishing, basis):
        """Two orthogonal integer vectors that span the plane on which lines vanish, turned as its
        basis is."""
        rows = [self._integers[i] for i in vanishing]
        first, second = orthogonal(exact.null_space(rows, self.shape[1]))
        frame = basis.T @ np.column_stack([exact.as_floats(first), exact.as_floats(second)])
        turned_back = frame[0, 0] * frame[1, 1] < frame[0, 1] * frame[1, 0]
        return first, [-value for value in second] if turned_back else second


class Walk:
    """Once round planes `group` (F,): line c is crossed c-th, begins or stops there, and may share
    its ray with the next.

    After the last line the first is crossed once more, at the opposite of its ray.
    """

    def __init__(self, group, line, begins, tied):
        self.group, self.line, self.begins, self.tied = group, line, begins, tied

    def cells(self, k):
        """The active lines of every cell of each plane, as a list of arrays bool (C, k)."""
        found = []
        for line, begins, tied in zip(self.line, self.begins, self.tied, strict=True):
            q = len(line)
            active = np.zeros((q, k), dtype=bool)
            # Between ray c and ray c + 1, lines up to c have been crossed and the others not yet.
            active[:, line] = begins == np.tril(np.ones((q, q), dtype=bool))
            opposite = np.zeros_like(active)
            opposite[:, line] = ~active[:, line]
            found.append(np.concatenate([active[~tied], opposite[~tied]]))
        return found


def balanced(rows):
    """The rows with columns and rows near size 1, and the column sizes: powers of two, so that
    hardly anything is rounded (only what is 1e-308 of the rest)."""
    sizes = np.zeros(rows.shape[1], dtype=int)
    for _ in range(3):
        largest = np.frexp(np.abs(rows).max(axis=1, keepdims=True))[1]
        rows = np.ldexp(rows, -largest)
        exponent = np.frexp(np.abs(rows).max(axis=0))[1]
        rows = np.ldexp(rows, -exponent)
        sizes = sizes + exponent
    return rows, np.ldexp(1.0, sizes)


def orthogonal(vectors):
    """Integer vectors with the span of independent ones, any two of them orthogonal, without common
    factors."""
    made = []
    for vector in vectors:
        for other in made:
            square, along = exact.dot(other, other), exact.dot(vector, other)
            vector = [square * a - along * b for a, b in zip(vector, other, strict=True)]
        common = gcd(*vector)
        made.append([value // common for value in vector])
    return made


def independent_columns(rows, rank, exactly):
    """The places of `rank` columns of `rows` (k, d) that are as independent as all, sorted."""
    order = scipy.linalg.qr(rows, mode="r", pivoting=True)[1]
    if not exactly:
        return np.sort(order[:rank])
    _, pivots, _ = exact.echelon(exact.integers(rows[:, order])[0].tolist())
    return np.sort(order[pivots])


def number_of_cells(k, r):
    """Of k hyperplanes of rank r in general position: the most there can be."""
    return 2**k if r >= k else 2 * sum(comb(k - 1, i) for i in range(r))


def all_bits(k):
    """All rows of k bits, sorted."""
    numbers = np.arange(2**k).astype(">u4")
    return np.unpackbits(numbers.view(np.uint8).reshape(-1, 4), axis=1)[:, 32 - k :].astype(bool)


def unique_rows(packed):
    """The distinct rows of a uint8 matrix, sorted as bit strings."""
    width = packed.shape[1]
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, width))).ravel()
    return np.unique(keys).view(np.uint8).reshape(-1, width)


def sorted_unique(bits):
    """The distinct rows of a matrix of booleans, sorted."""
    if bits.shape[1] == 0:
        return bits[:1]
    return np.unpackbits(
        unique_rows(np.packbits(bits, axis=1)), axis=1, count=bits.shape[1]
    ).astype(bool)


def _null_spaces(stacks):
    """Orthonormal bases (F, r, r - c) of the null spaces of unit rows (F, c, r), and how
    independent the rows are."""
    c, r = stacks.shape[1:]
    if (c, r) == (1, 2):
        return np.stack([-stacks[:, 0, 1], stacks[:, 0, 0]], axis=1)[:, :, None], np.ones(
            len(stacks)
        )
    if (c, r) == (2, 3):  # the cross product is ten times faster than a decomposition
        cross = np.cross(stacks[:, 0], stacks[:, 1])
        norms = np.linalg.norm(cross, axis=1)
        return (cross / np.maximum(norms, 1e-300)[:, None])[:, :, None], norms
    _, singular, Vt = np.linalg.svd(stacks, full_matrices=True)
    return np.swapaxes(Vt[:, c:], 1, 2), singular[:, -1]
