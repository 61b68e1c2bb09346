r"""The dual constraint, maximised exactly: all local maximisers of :math:`u \mapsto
\pm\nu^\top\sigma(Xu)` on the ball.

On a face of the arrangement the function is linear, :math:`g^\top u`. Its maximiser over the part
of the unit sphere in the face's span is the projection of g, and counts if it lies in the face.
Going through all faces therefore finds every local maximiser, with the points that vanish on it,
and no other candidate (derived here).

Floats do the search. Every candidate carries a bound on its error, and one that might lie in its
face is kept, so none is lost; what the ceiling above all of them rests on is then computed with
integers (`Faces.ceiling`).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..arrangement import Arrangement
from ..network import relu
from ..walls import ROUNDING, on_walls
from .exact_ceiling import ExactFaces, up

_BESIDE = 1e-11  # a candidate nearer to a wall than this is left to the wall's own candidate
# a bend below this share of all slopes does not strike the candidate of the wall off the list
_BEND = 1e-9
_CHUNK = 4_000_000  # floats in one block of work
EPS = np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class Maximisers:
    """Local maximisers of ``s * nu @ relu(X @ u)`` over unit vectors u, largest value first."""

    values: np.ndarray  # (c,)
    directions: np.ndarray  # (c, d): unit vectors u
    signs: np.ndarray  # (c,): the sign s
    fits: np.ndarray  # (c, n): s * relu(X @ u)
    vanishing: np.ndarray  # (c, n) bool: the points with x_k @ u = 0 exactly


@dataclass(frozen=True, eq=False)
class Candidates:
    """Critical points of the faces, each with the face it belongs to and a bound on what rounding
    does to it."""

    values: np.ndarray  # (c,)
    errors: np.ndarray  # (c,): the value of the exact critical point lies within this
    proper: np.ndarray  # (c,) bool: well inside the face, and not only perhaps
    directions: np.ndarray  # (c, d)
    signs: np.ndarray  # (c,)
    faces: np.ndarray  # (c, 4) int: kind of face, flat, cell, end

    def kept(self, index):
        """Those at `index`, an array of places or of booleans."""
        parts = (self.values, self.errors, self.proper, self.directions, self.signs, self.faces)
        return Candidates(*(part[index] for part in parts))

    @classmethod
    def joined(cls, parts, d):
        """All of several lists in one, the largest value first."""
        none = cls(
            *np.zeros((2, 0)),
            np.zeros(0, bool),
            np.zeros((0, d)),
            np.zeros(0, int),
            np.zeros((0, 4), int),
        )
        names = ("values", "errors", "proper", "directions", "signs", "faces")
        every = cls(*(np.concatenate([getattr(p, name) for p in [none, *parts]]) for name in names))
        return every.kept(np.argsort(-every.values, kind="stable"))


@dataclass(frozen=True, eq=False)
class _Priced:
    """A dual vector per line, in units of a power of two near the sum of all sizes."""

    slope: np.ndarray  # (k,): what a line adds to the gradient where it is active
    constant: np.ndarray  # (k,): what it adds everywhere
    above: float  # values of interest lie above this
    size: float  # no gradient is longer
    rounding: float  # how far a sum of slopes, or the points they stand for, may be off
    turn: float  # how far a line may be turned away from what is meant
    exponent: int  # the power of two


class Faces:
    """The faces of the arrangement of `X`, ready to maximise the dual constraint again and
    again."""

    def __init__(self, X):
        self.X = X
        self._all = A = Arrangement(X, exact=True)
        if A.rank == 0:
            return
        # Listed here, so that data with too many faces are refused before any work is done.
        self._solids, self._planes = A.solids, A.planes
        self._cells = [
            flats.cells.astype(np.float32) if len(flats.zero) == 1 else None
            for flats in self._solids
        ]
        if A.rank != 2:  # in the plane they are crossed on the walk
            rays, side, _ = A.rays
            self._ahead = relu(np.where(side == 0, 0.0, rays @ A.lines.T))

    @cached_property
    def arrangement(self):
        """The arrangement as it is meant: what coincides up to rounding coincides."""
        return Arrangement(self.X) if self._all.doubted else self._all

    @cached_property
    def _exactly(self):
        return ExactFaces(self._all)

    def maximisers(self, nu, above=0.0, most=None):
        r"""All local maximisers of :math:`s\,\nu^\top\sigma(Xu)`, :math:`s=\pm1`, with a value
        greater than `above`.

        The list always holds the global maximum when that exceeds `above`. Points of other faces
        that are critical without being maximal may be in it too; they do no harm. With `most`, only
        that many of the highest.
        """
        return self.described(nu, self.candidates(nu, above), above, most)

    def ceiling(self, nu, above=0.0, candidates=None):
        r"""A number that no :math:`|\nu^\top\sigma(Xu)|` with :math:`\|u\|\le1` exceeds, at least
        `above`: proved, see `ExactFaces`.

        `candidates` are those of `nu` above that number, where they are known already.
        """
        largest, owed = self.largest(nu, above, candidates), self._exactly.owed(nu)
        return up(largest + owed) if owed else largest

    def largest(self, nu, above=0.0, candidates=None):
        """The largest value, or `above`, of the points as they are meant: without what rounding of
        parallel or dependent points may add to it."""
        found = self.candidates(nu, above) if candidates is None else candidates
        return self._exactly.largest(nu, found, above, self._face)

    def about(self, candidates):
        """The largest value among `candidates` as the floats have it, 0 when there are none."""
        return candidates.values[0] if len(candidates.values) else 0.0

    def candidates(self, nu, above=0.0):
        """The critical points that may lie in their face and may have a value greater than
        `above`."""
        A = self._all
        if not np.isfinite(nu).all():
            raise ArithmeticError("a dual vector must be finite")
        if A.rank == 0:
            return Candidates.joined([], self.X.shape[1])
        priced = self._priced(nu, above)
        parts = self._on_rays(priced) if A.rank != 2 else []
        for i, planes in enumerate(self._planes):
            parts += self._on_planes(i, planes, priced)
        for i in range(len(self._solids)):
            parts += self._on_solids(i, priced)
        found = Candidates.joined(parts, self.X.shape[1])
        values, errors = (np.ldexp(part, priced.exponent) for part in (found.values, found.errors))
        # What underflows is off by one more of the smallest floats.
        return replace(found, values=values, errors=np.nextafter(errors, np.inf))

    def described(self, nu, candidates, above=0.0, most=None):
        """The proper ones among `candidates` as `Maximisers`, those that coincide once."""
        A = self._all
        some = candidates.kept(
            np.flatnonzero(candidates.proper & (candidates.values > above))[:most]
        )
        zero = np.array([self._face(face)[0] for face in some.faces], dtype=bool)
        zero = zero.reshape(len(some.faces), len(A.lines))
        dots = some.directions @ self.X.T
        vanishing = A.vanishing_points(zero) | on_walls(some.directions, self.X, ROUNDING)
        fits = some.signs[:, None] * np.where(vanishing, 0.0, relu(dots))
        keys = np.column_stack([some.signs, np.round(some.directions, 13), vanishing])
        once = (
            np.sort(np.unique(keys, axis=0, return_index=True)[1])
            if len(keys)
            else np.zeros(0, int)
        )
        values = fits[once] @ nu
        order = once[np.argsort(-values, kind="stable")]
        return Maximisers(
            np.sort(values)[::-1],
            some.directions[order],
            some.signs[order],
            fits[order],
            vanishing[order],
        )

    def _face(self, face):
        """The lines that vanish on a face and those that are active, (k,) bool."""
        kind, flat, cell, end = face
        if kind == _RAY:
            side = end * self._all.rays[1][flat]
            return side == 0, side > 0
        if kind >= _SOLID:
            solids = self._solids[kind - _SOLID]
            return solids.zero[flat], solids.cells[flat, cell]
        planes = self._planes[(kind - _PLANE) // 2]
        zero, line = planes.zero[flat].copy(), planes.line[flat]
        crossed = np.arange(len(line)) <= cell
        active = np.zeros_like(zero)
        active[line] = (planes.begins[flat] == crossed) == (end > 0)
        if (kind - _PLANE) % 2:  # the ray that opens the cell
            shared = np.cumsum(np.concatenate([[0], ~planes.tied[flat][:-1]]))
            zero[line[shared == shared[cell]]] = True
        return zero, active & ~zero

    def _priced(self, nu, above):
        r"""The function per line, :math:`\sum_l (\text{slope}_l 1[z_l^\top u>0] +
        \text{constant}_l) z_l^\top u`, and what rounding may do to it, in units of a power of
        two."""
        A = self._all
        used = A.line >= 0
        exponents = [int(np.frexp(np.abs(part).max(initial=0.0))[1]) for part in (nu, A.scale)]
        prices, lengths = np.ldexp(nu, -exponents[0]), np.ldexp(A.scale, -exponents[1])
        weights, line, against = (prices * np.abs(lengths))[used], A.line[used], A.scale[used] < 0
        slope = np.bincount(line, weights, len(A.lines))
        constant = -np.bincount(line[against], weights[against], len(A.lines))
        # Sums go over the points of a line, then over at most two numbers a line: as many roundings
        # of at most the sum of all sizes.
        size = 2 * np.abs(weights).sum()
        terms = np.bincount(line).max() + 2 * len(A.lines) + 4 * self.X.shape[1] + 20
        bent, turn = A.bent
        rounding = terms * EPS * size + np.abs(prices) @ np.ldexp(bent, -exponents[1])
        exponent = sum(exponents)
        return _Priced(slope, constant, np.ldexp(above, -exponent), size, rounding, turn, exponent)

    def _on_rays(self, priced):
        A, slope, constant, above = self._all, priced.slope, priced.constant, priced.above
        rays, side, error = A.rays
        linear = rays @ (constant @ A.lines)
        ahead = self._ahead @ slope + linear
        behind = ahead - rays @ (slope @ A.lines) - 2 * linear
        slack = priced.rounding + 2 * error * priced.size
        found = []
        for sign in (1, -1):
            for end, values in ((1, ahead), (-1, behind)):
                index = np.flatnonzero(sign * values + slack > above)
                index = index[~_convex_across(side[index] == 0, A.rank - 1, priced, sign)]
                found.append(
                    _candidates(
                        sign * values[index],
                        slack[index],
                        True,
                        end * rays[index],
                        sign,
                        _RAY,
                        index,
                        0,
                        end,
                    )
                )
        return found

    def _on_planes(self, i, planes, priced):
        A, slope, constant, above = self._all, priced.slope, priced.constant, priced.above
        weighted = slope[planes.line][..., None] * planes.shadow
        shift = np.einsum("d,fds->fs", constant @ A.lines, planes.basis)[:, None]
        before = (weighted * ~planes.begins[..., None]).sum(axis=1, keepdims=True)
        # From cell to cell one line begins or stops, so all gradients of a plane are one running
        # sum.
        running = before + np.cumsum(
            np.where(planes.begins[..., None], weighted, -weighted), axis=1
        )
        opposite = weighted.sum(axis=1, keepdims=True) - running
        after = np.concatenate([planes.ray[:, 1:], -planes.ray[:, :1]], axis=1)
        slack = priced.rounding + 2 * planes.error * priced.size
        shadows = np.maximum(np.linalg.norm(planes.shadow, axis=2), 1e-300)
        off = planes.error[:, None] + priced.turn + 8 * A.X.shape[1] * EPS
        blur = 1.5 * off / shadows  # of the rays; a sine may be that much shorter than a chord
        blur = np.maximum(blur, np.concatenate([blur[:, 1:], blur[:, :1]], axis=1))
        found = []
        for end, gradient in ((1, running + shift), (-1, opposite + shift)):
            length = np.linalg.norm(gradient, axis=2)
            f, c = np.nonzero(length + slack[:, None] > above)
            unit = gradient[f, c] / np.maximum(length[f, c, None], 1e-300)
            left = _cross(planes.ray[f, c], unit) * end
            right = _cross(unit, after[f, c]) * end
            margin = 2 * slack[f] / np.maximum(length[f, c], slack[f] + 1e-300) + blur[f, c]
            for sign in (1, -1):
                least = np.minimum(sign * left, sign * right)
                inside = np.flatnonzero(least > -margin)
                inside = inside[~_convex_across(planes.zero[f[inside]], A.rank - 2, priced, sign)]
                g, h = f[inside], c[inside]
                directions = np.einsum("cs,cds->cd", sign * unit[inside], planes.basis[g])
                proper = least[inside] > _BESIDE
                found.append(
                    _candidates(
                        length[g, h], slack[g], proper, directions, sign, _PLANE + 2 * i, g, h, end
                    )
                )
            if A.rank == 2:
                found += self._on_walk(
                    i, planes, gradient, priced, slack[0] + blur[0] * priced.size, end
                )
        return found

    def _on_walk(self, i, planes, gradient, priced, slack, end):
        """The rays of the one plane: the line that is crossed there does not matter to the gradient
        along it."""
        values = end * (gradient[0] * planes.ray[0]).sum(axis=1)
        found = []
        for sign in (1, -1):
            index = np.flatnonzero(sign * values + slack > priced.above)
            simple = ~planes.tied[0][index] & ~np.roll(planes.tied[0], 1)[index]
            bend = sign * priced.slope[planes.line[0][index]]
            convex = simple & (bend > _BEND * priced.size)
            index = index[~convex]
            directions = end * planes.ray[0][index] @ planes.basis[0].T
            face = (_PLANE + 2 * i + 1, 0, index, end)
            found.append(
                _candidates(sign * values[index], slack[index], True, directions, sign, *face)
            )
        return found

    def _on_solids(self, i, priced):
        slope, constant, above = priced.slope, priced.constant, priced.above
        flats, cells = self._solids[i], self._cells[i]
        lines = self._all.lines
        _, count, k = flats.cells.shape
        found = []
        per_chunk = max(1, _CHUNK // (count * k))
        # Single precision only sorts out the cells that are clearly below: its error is under 2e-7
        # per line, in units of all slopes together.
        unit = priced.size or 1.0
        floor = (above - priced.rounding) / unit - 2e-7 * (k + 10)
        for start in range(0, len(flats.zero), per_chunk):
            part = slice(start, start + per_chunk)
            basis, error = flats.basis[part], flats.error[part]
            shadows = np.einsum("kd,fdq->fkq", lines, basis)
            shift = constant @ shadows
            rough = (flats.cells[part] if cells is None else cells) @ (
                slope[:, None] / unit * shadows
            ).astype(np.float32)
            f, c = np.nonzero(
                np.linalg.norm(rough + shift[:, None] / unit, axis=2) + 2 * error[:, None] > floor
            )
            for block in range(0, len(f), _CHUNK // k):
                chosen = f[block : block + _CHUNK // k], c[block : block + _CHUNK // k]
                found += self._inside(
                    i,
                    start,
                    *chosen,
                    shadows,
                    shift,
                    priced,
                    priced.rounding + 2 * error * priced.size,
                )
        return found

    def _inside(self, i, start, f, c, shadows, shift, priced, slack):
        """The candidates of cells c of flats f, counted from `start`, that may lie in their cell,
        for both signs."""
        flats = self._solids[i]
        active = flats.cells[start + f, c]
        gradient = _times(active * priced.slope, shadows, f) + shift[f]
        length = np.linalg.norm(gradient, axis=1)
        codimension = self._all.rank - shadows.shape[2]
        found = []
        for sign in (1, -1):
            convex = _convex_across(flats.zero, codimension, priced, sign)
            alive = np.flatnonzero((length + slack[f] > priced.above) & ~convex[start + f])
            unit = sign * gradient[alive] / np.maximum(length[alive, None], 1e-300)
            margin = 2 * slack[f[alive]] / np.maximum(length[alive], slack[f[alive]] + 1e-300)
            margin = margin + flats.error[start + f[alive]]
            margin = margin + priced.turn + 8 * self.X.shape[1] * EPS
            least = np.full(len(alive), np.inf)
            # a few lines at a time: most candidates fail soon
            for first in range(0, shadows.shape[1], 16):
                some = slice(first, first + 16)
                dots = _times(unit, np.swapaxes(shadows[:, some], 1, 2), f[alive])
                dots = np.where(active[alive, some], dots, -dots)
                least = np.minimum(
                    least, np.where(flats.zero[start + f[alive], some], np.inf, dots).min(axis=1)
                )
                inside = least > -margin
                alive, unit, margin, least = (
                    alive[inside],
                    unit[inside],
                    margin[inside],
                    least[inside],
                )
            g = start + f[alive]
            directions = _times(unit, np.swapaxes(flats.basis, 1, 2), g)
            found.append(
                _candidates(
                    length[alive],
                    slack[f[alive]],
                    least > _BESIDE,
                    directions,
                    sign,
                    _SOLID + i,
                    g,
                    c[alive],
                    1,
                )
            )
        return found


# kinds of faces; the walks of planes and their rays alternate
_RAY, _PLANE, _SOLID = 0, 1, 1_000_000


def _candidates(values, errors, proper, directions, sign, kind, flat, cell, end):
    n = len(values)
    faces = np.column_stack([np.broadcast_to(part, n) for part in (kind, flat, cell, end)]).astype(
        int
    )
    proper = np.broadcast_to(proper, n)
    return Candidates(
        values, np.broadcast_to(errors, n), proper, directions, np.full(n, sign), faces
    )


def _times(rows, matrices, which):
    """Row i times the matrix ``matrices[which[i]]``."""
    return (
        rows @ matrices[0] if len(matrices) == 1 else np.einsum("ci,cij->cj", rows, matrices[which])
    )


def _cross(u, v):
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _convex_across(zero, codimension, priced, sign):
    """Which flats (F, k) lie on a wall across which the function is convex: no local maximiser lies
    there.

    From such a point one can move off that wall alone, to either side, and one of the two ways
    gains. Moving off one wall alone needs independent lines on the flat; flats with dependent lines
    are never left out. A bend so faint that the maximiser beside the wall may be within `_BESIDE`
    of it does not count, and rounding cannot make a larger one.
    """
    if codimension == 0:
        return np.zeros(len(zero), dtype=bool)
    bends = sign * priced.slope > _BEND * priced.size
    return (zero & bends).any(axis=1) & (zero.sum(axis=1) == codimension)
