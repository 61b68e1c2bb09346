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
        self.arrangement = Arrangement(X)
        # Listed here, so that data with too many faces are refused before any work is done.
        self._flats = self.arrangement.flats if self.arrangement.rank > 0 else []

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
            for flats in self._flats:
                found += self._on_flats(flats, slope, constant, above)
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
        dots = np.where(zero, 0.0, rays @ A.lines.T)
        linear = dots @ constant
        values = {1: relu(dots) @ slope + linear, -1: relu(-dots) @ slope - linear}
        found = []
        for sign in (1, -1):
            possible = ~_convex_across(zero, A.rank - 1, sign * slope)
            for end in (1, -1):
                index = np.flatnonzero((sign * values[end] > above) & possible)
                found.append((end * rays[index], np.full(len(index), sign), zero[index]))
        return found

    def _on_flats(self, flats, slope, constant, above):
        lines = self.arrangement.lines
        q = flats.basis.shape[2]
        codimension = lines.shape[1] - q
        _, cells, k = flats.cells.shape
        found = []
        per_chunk = max(1, _CHUNK // (cells * k))
        for sign in (1, -1):
            chosen = np.flatnonzero(~_convex_across(flats.zero, codimension, sign * slope))
            for start in range(0, len(chosen), per_chunk):
                index = chosen[start : start + per_chunk]
                shadows = np.einsum("kr,frq->fkq", lines, flats.basis[index])
                gradient = flats.cells[index] @ (slope[:, None] * shadows) + (constant @ shadows)[:, None]
                length = np.linalg.norm(gradient, axis=2)
                f, c = np.nonzero(length > above)
                for part in range(0, len(f), _CHUNK // k):
                    ff, cc = f[part : part + _CHUNK // k], c[part : part + _CHUNK // k]
                    unit = sign * gradient[ff, cc] / length[ff, cc, None]
                    inside = self._inside(unit, flats.cells[index[ff], cc], flats.zero[index[ff]], shadows, ff)
                    ff = ff[inside]
                    directions = np.einsum("cq,crq->cr", unit[inside], flats.basis[index[ff]])
                    found.append((directions, np.full(len(ff), sign), flats.zero[index[ff]]))
        return found

    def _inside(self, unit, active, zero, shadows, flat):
        if len(shadows) == 1:
            dots = unit @ shadows[0].T
        else:
            dots = np.einsum("cq,ckq->ck", unit, shadows[flat])
        return (np.where(active, dots, -dots) > np.where(zero, -1.0, _INSIDE)).all(axis=1)

    def _collect(self, nu, found):
        A = self.arrangement
        directions, signs, zero = (np.concatenate(part) for part in zip(*found, strict=True))
        directions = directions @ A.basis.T
        vanishing = A.vanishing_points(zero)
        fits = signs[:, None] * np.where(vanishing, 0.0, relu(directions @ self.X.T))
        values = fits @ nu
        order = np.argsort(-values, kind="stable")
        return Maximisers(values[order], directions[order], signs[order], fits[order], vanishing[order])


def _convex_across(zero, codimension, slope):
    """Which flats (F, k) lie on a wall across which the function is convex: no local maximiser lies there.

    From such a point one can move off that wall alone, to either side, and one of the two ways gains. Moving off one
    wall alone needs independent lines on the flat; flats with dependent lines are never left out.
    """
    return (zero & (slope > 0)).any(axis=1) & (zero.sum(axis=1) == codimension)
