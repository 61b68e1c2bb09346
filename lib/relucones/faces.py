r"""The dual constraint, maximised exactly: all local maximisers of :math:`u \mapsto \pm\nu^\top\sigma(Xu)` on the ball.

On a face of the arrangement the function is linear, :math:`g^\top u`. Its maximiser over the part of the unit
sphere in the face's span is the projection of g, and counts if it lies in the face. Going through all faces
therefore finds every local maximiser, with the points that vanish on it, and no other candidate (derived here).
"""

from dataclasses import dataclass

import numpy as np

from .arrangement import Arrangement
from .network import relu

_INSIDE = 1e-11  # closer to a wall than this, the candidate of the wall itself is taken
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
        q, (_, count, k) = flats.basis.shape[2], flats.cells.shape
        found = []
        per_chunk = max(1, _CHUNK // (count * k))
        for start in range(0, len(flats.zero), per_chunk):
            part = slice(start, start + per_chunk)
            zero, basis = flats.zero[part], flats.basis[part]
            shadows = np.einsum("kr,frq->fkq", lines, basis)
            shift = (constant @ shadows)[:, None]
            rough = (flats.cells[part] if cells is None else cells) @ (slope[:, None] * shadows).astype(np.float32) + shift
            # Single precision only sorts out cells that are clearly below.
            f, c = np.nonzero((rough**2).sum(axis=2) > (above * (1 - 1e-4)) ** 2)
            for block in range(0, len(f), _CHUNK // k):
                ff, cc = f[block : block + _CHUNK // k], c[block : block + _CHUNK // k]
                for sign in (1, -1):
                    keep = ~_convex_across(zero, lines.shape[1] - q, sign * slope)[ff]
                    found.append(self._inside(flats, start, ff[keep], cc[keep], shadows, slope, shift, sign, above))
        return found

    def _inside(self, flats, start, f, c, shadows, slope, shift, sign, above):
        """The candidates of these cells that lie in their cell, tested against a few lines at a time."""
        k = shadows.shape[1]
        active = flats.cells[start + f, c]
        gradient = np.einsum("ck,ckq->cq", active * slope, shadows[f]) + shift[f, 0] if len(shadows) > 1 else active @ (slope[:, None] * shadows[0]) + shift[0]
        length = np.linalg.norm(gradient, axis=1)
        alive = np.flatnonzero(length > above)
        unit = sign * gradient[alive] / length[alive, None]
        zero = flats.zero[start + f[alive]]
        for first in range(0, k, 16):
            some = slice(first, first + 16)
            dots = unit @ shadows[0, some].T if len(shadows) == 1 else np.einsum("cq,ckq->ck", unit, shadows[f[alive], some])
            inside = (np.where(active[alive, some], dots, -dots) > np.where(zero[:, some], -1.0, _INSIDE)).all(axis=1)
            alive, unit, zero = alive[inside], unit[inside], zero[inside]
        directions = np.einsum("cq,crq->cr", unit, flats.basis[start + f[alive]])
        return directions, np.full(len(alive), sign), zero

    def _collect(self, nu, found):
        A = self.arrangement
        directions, signs, zero = (np.concatenate(part) for part in zip(*found, strict=True))
        directions = directions @ A.basis.T
        vanishing = A.vanishing_points(zero)
        fits = signs[:, None] * np.where(vanishing, 0.0, relu(directions @ self.X.T))
        values = fits @ nu
        order = np.argsort(-values, kind="stable")
        return Maximisers(values[order], directions[order], signs[order], fits[order], vanishing[order])


def _cross(u, v):
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _convex_across(zero, codimension, slope):
    """Which flats (F, k) lie on a wall across which the function is convex: no local maximiser lies there.

    From such a point one can move off that wall alone, to either side, and one of the two ways gains. Moving off one
    wall alone needs independent lines on the flat; flats with dependent lines are never left out.
    """
    return (zero & (slope > 0)).any(axis=1) & (zero.sum(axis=1) == codimension)
