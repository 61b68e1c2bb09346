r"""The dual constraint, maximised exactly: all local maximisers of :math:`u \mapsto \pm\nu^\top\sigma(Xu)` on the ball.

On a face of the arrangement the function is linear, :math:`g^\top u`. Its maximiser over the part of the unit
sphere in the face's span is the projection of g, and counts if it lies in the face. Going through all faces
therefore finds every local maximiser, with the points that vanish on it, and no other candidate (derived here).
"""

from dataclasses import dataclass

import numpy as np

from ..arrangement.cells import Arrangement, Flats
from ..network import relu

_INSIDE = 1e-11  # closer to a wall than this, the candidate of the wall itself is taken
_BEND = 1e-9  # a bend below this share of all slopes does not strike the candidate of the wall off the list
_CHUNK = 4_000_000  # floats in one block of work


@dataclass(frozen=True, eq=False)
class Maximisers:
    """Local maximisers of ``s * nu @ relu(X @ u)`` over unit vectors u, largest value first."""

    values: np.ndarray  # (c,)
    directions: np.ndarray  # (c, d): unit vectors u
    signs: np.ndarray  # (c,): the sign s
    fits: np.ndarray  # (c, n): s * relu(X @ u)
    vanishing: np.ndarray  # (c, n) bool: the points with x_k @ u = 0 exactly


class Faces:
    """The faces of the arrangement of `X`, ready to maximise the dual constraint again and again."""

    def __init__(self, X):
        self.X = X
        self.arrangement = A = Arrangement(X)
        if A.rank == 0:
            return
        # Listed here, so that data with too many faces are refused before any work is done.
        self._solids, self._planes = A.solids, A.planes
        rays, zero = A.rays
        self._ahead = relu(np.where(zero, 0.0, rays @ A.lines.T))
        self._cells = [flats.cells.astype(np.float32) if len(flats.zero) == 1 else None for flats in self._solids]

    def maximisers(self, nu, above=0.0):
        r"""All local maximisers of :math:`s\,\nu^\top\sigma(Xu)`, :math:`s=\pm1`, with a value greater than `above`.

        The list always holds the global maximum when that exceeds `above`. Points of other faces that are critical
        without being maximal may be in it too; they do no harm.
        """
        A = self.arrangement
        found = [(np.zeros((0, A.rank)), np.zeros(0, int), np.zeros((0, len(A.lines)), bool))]
        if A.rank > 0:
            slope, constant = self._linear_parts(nu)
            found += self._on_rays(slope, constant, above)
            for planes in self._planes:
                found += self._on_planes(planes, slope, constant, above)
            for flats, cells in zip(self._solids, self._cells, strict=True):
                found += self._on_solids(flats, cells, slope, constant, above)
        return self._collect(nu, found)

    def ceiling(self, nu, maximisers):
        """The largest value over the ball, given the `maximisers` of `nu`: exact, and 0 when none was asked for."""
        return maximisers.values[0] if len(maximisers.values) else 0.0

    def _linear_parts(self, nu):
        r"""Per line: :math:`\nu^\top\sigma(Xu) = \sum_l (\text{slope}_l 1[z_l^\top u>0] + \text{constant}_l) z_l^\top u`."""
        A = self.arrangement
        used = A.line >= 0
        weights = nu[used] * np.abs(A.scale[used])
        slope = np.bincount(A.line[used], weights, len(A.lines))
        against = A.scale[used] < 0
        constant = -np.bincount(A.line[used][against], weights[against], len(A.lines))
        return slope, constant

    def _on_rays(self, slope, constant, above):
        A = self.arrangement
        rays, zero = A.rays
        linear = rays @ (constant @ A.lines)
        ahead = self._ahead @ slope + linear
        behind = ahead - rays @ (slope @ A.lines) - 2 * linear
        found = []
        for sign in (1, -1):
            for end, values in ((1, ahead), (-1, behind)):
                index = np.flatnonzero(sign * values > above)
                index = index[~_convex_across(zero[index], A.rank - 1, sign * slope)]
                found.append((end * rays[index], np.full(len(index), sign), zero[index]))
        return found

    def _on_planes(self, planes, slope, constant, above):
        A = self.arrangement
        weighted = slope[planes.line][..., None] * planes.shadow
        shift = np.einsum("r,frs->fs", constant @ A.lines, planes.basis)[:, None]
        before = (weighted * ~planes.begins[..., None]).sum(axis=1, keepdims=True)
        # From cell to cell one line begins or stops, so all gradients of a plane are one running sum.
        running = before + np.cumsum(np.where(planes.begins[..., None], weighted, -weighted), axis=1)
        opposite = weighted.sum(axis=1, keepdims=True) - running
        after = np.concatenate([planes.ray[:, 1:], -planes.ray[:, :1]], axis=1)
        found = []
        for end, gradient in ((1, running + shift), (-1, opposite + shift)):
            length = np.linalg.norm(gradient, axis=2)
            f, c = np.nonzero(length > above)
            unit = gradient[f, c] / length[f, c, None]
            left = _cross(planes.ray[f, c], unit) * end
            right = _cross(unit, after[f, c]) * end
            for sign in (1, -1):
                inside = np.flatnonzero((sign * left > _INSIDE) & (sign * right > _INSIDE))
                inside = inside[~_convex_across(planes.zero[f[inside]], A.rank - 2, sign * slope)]
                directions = np.einsum("cs,crs->cr", sign * unit[inside], planes.basis[f[inside]])
                found.append((directions, np.full(len(inside), sign), planes.zero[f[inside]]))
        return found

    def _on_solids(self, flats, cells, slope, constant, above):
        lines = self.arrangement.lines
        _, count, k = flats.cells.shape
        found = []
        per_chunk = max(1, _CHUNK // (count * k))
        # Single precision only sorts out the cells that are clearly below: its error is under 2e-7 per line, in units of
        # all slopes together.
        unit = (np.abs(slope).sum() + np.abs(constant).sum()) or 1.0
        floor = max(above / unit - 2e-7 * (k + 10), 0.0)
        for start in range(0, len(flats.zero), per_chunk):
            part = Flats(*(array[start : start + per_chunk] for array in (flats.zero, flats.basis, flats.cells)))
            shadows = np.einsum("kr,frq->fkq", lines, part.basis)
            shift = constant @ shadows
            rough = (part.cells if cells is None else cells) @ (slope[:, None] / unit * shadows).astype(np.float32)
            f, c = np.nonzero(np.linalg.norm(rough + shift[:, None] / unit, axis=2) > floor)
            for block in range(0, len(f), _CHUNK // k):
                chosen = f[block : block + _CHUNK // k], c[block : block + _CHUNK // k]
                found += self._inside(part, *chosen, shadows, slope, shift, above)
        return found

    def _inside(self, flats, f, c, shadows, slope, shift, above):
        """The candidates of cells c of flats f that lie in their cell, for both signs."""
        active = flats.cells[f, c]
        gradient = _times(active * slope, shadows, f) + shift[f]
        length = np.linalg.norm(gradient, axis=1)
        codimension = self.arrangement.rank - shadows.shape[2]
        found = []
        for sign in (1, -1):
            convex = _convex_across(flats.zero, codimension, sign * slope)
            alive = np.flatnonzero((length > above) & ~convex[f])
            unit = sign * gradient[alive] / length[alive, None]
            for first in range(0, shadows.shape[1], 16):  # a few lines at a time: most candidates fail soon
                some = slice(first, first + 16)
                dots = _times(unit, np.swapaxes(shadows[:, some], 1, 2), f[alive])
                bound = np.where(flats.zero[f[alive], some], -1.0, _INSIDE)
                inside = (np.where(active[alive, some], dots, -dots) > bound).all(axis=1)
                alive, unit = alive[inside], unit[inside]
            directions = _times(unit, np.swapaxes(flats.basis, 1, 2), f[alive])
            found.append((directions, np.full(len(alive), sign), flats.zero[f[alive]]))
        return found

    def _collect(self, nu, found):
        A = self.arrangement
        directions, signs, zero = (np.concatenate(part) for part in zip(*found, strict=True))
        directions = directions @ A.basis.T
        vanishing = A.vanishing_points(zero)
        fits = signs[:, None] * np.where(vanishing, 0.0, relu(directions @ self.X.T))
        values = fits @ nu
        order = np.argsort(-values, kind="stable")
        return Maximisers(values[order], directions[order], signs[order], fits[order], vanishing[order])


def _times(rows, matrices, which):
    """Row i times the matrix ``matrices[which[i]]``."""
    return rows @ matrices[0] if len(matrices) == 1 else np.einsum("ci,cij->cj", rows, matrices[which])


def _cross(u, v):
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _convex_across(zero, codimension, slope):
    """Which flats (F, k) lie on a wall across which the function is convex: no local maximiser lies there.

    From such a point one can move off that wall alone, to either side, and one of the two ways gains. Moving off one
    wall alone needs independent lines on the flat; flats with dependent lines are never left out. A bend so faint that
    the maximiser beside the wall may be within `_INSIDE` of it does not count.
    """
    if codimension == 0:
        return np.zeros(len(zero), dtype=bool)
    return (zero & (slope > _BEND * np.abs(slope).sum())).any(axis=1) & (zero.sum(axis=1) == codimension)
