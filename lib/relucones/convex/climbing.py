r"""The dual constraint where faces cannot be listed: local maxima by climbing, and a ceiling above all of them.

For a sign s split the points by the sign of :math:`s\nu`. The function :math:`s\,\nu^\top\sigma(Xu)` is then a convex
part P minus a convex part Q. Replacing P by its tangent leaves a concave problem on the ball, and that is the distance
from a point to a zonotope:

.. math:: \max_{\|u\|\le1}\; c^\top u - \sum_{k\in Q} |\nu_k|\,\sigma(x_k^\top u)
          = \min_{\delta\in[0,1]^Q} \Bigl\|c - \sum_{k\in Q} \delta_k |\nu_k| x_k\Bigr\| .

Its solution never lies lower than the tangent point, so repeating climbs to a local maximum (derived here; the
convex-concave procedure). Nothing guarantees that the highest is found. What is guaranteed is the ceiling.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from ..arrangement import TooManyPatterns
from ..checks import generator
from ..network import relu
from ..walls import on_walls
from .faces import Faces, Maximisers

_STARTS = 24
_STEPS = 60


def faces_of(X):
    """The `Faces` of the arrangement of `X`, or an `Ascent` where they are too many to be listed."""
    try:
        return Faces(X)
    except TooManyPatterns:
        return Ascent(X)


@dataclass(frozen=True, eq=False)
class Climbed:
    """What climbing found for one dual vector, and the proved ceiling above everything."""

    maximisers: Maximisers
    ceiling: float


class Ascent:
    """Stands in for `Faces`: `maximisers` are only those that were found, `ceiling` is above every one there is."""

    def __init__(self, X, seed=0):
        self.X = X
        self._rng = generator(seed)
        self._last = np.zeros((0, X.shape[1]))

    def maximisers(self, nu, above=0.0):
        """Local maximisers reached from random directions, from the points, and from those found last time.

        All starts climb together by gradients first; then the best of them climb to the very top.
        """
        n, d = self.X.shape
        starts = np.concatenate([self._rng.standard_normal((_STARTS * 8, d)), self.X, -self.X, self._last])
        found = {}
        for sign in (1, -1):
            near = self._near_maxima(sign * nu, starts)
            high = int(np.sum(relu(near @ self.X.T) @ (sign * nu) > above))
            # Many that are high need not be exact; when few are left, others may turn out higher at their top.
            exact = _STARTS // 2 if high > n // 4 else 2 * _STARTS
            reached = [self._climb(sign * nu, u) for u in near[:exact]]
            reached += [(u, ~self.X.any(axis=1)) for u in near[exact:high]]
            for u, zero in filter(None, reached):
                found.setdefault((sign, tuple(np.round(u, 7))), (u, sign, zero))
        directions = np.array([u for u, _, _ in found.values()]).reshape(-1, d)
        signs = np.array([s for _, s, _ in found.values()], dtype=int)
        vanishing = np.array([zero for _, _, zero in found.values()], dtype=bool).reshape(-1, n)
        fits = signs[:, None] * np.where(vanishing, 0.0, relu(directions @ self.X.T))
        values = fits @ nu
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > above]
        self._last = directions[order[: 2 * n]]
        return Maximisers(values[order], directions[order], signs[order], fits[order], vanishing[order])

    def _near_maxima(self, nu, U):
        """Unit vectors to which the rows of U climb by gradients, highest first, no two closer than about a degree."""
        X = self.X
        U = U / np.maximum(np.linalg.norm(U, axis=1, keepdims=True), 1e-300)
        best, values = U, relu(U @ X.T) @ nu
        for step in 0.8 ** np.arange(_STEPS // 2):
            slope = (nu * (U @ X.T > 0)) @ X
            U = U + step * slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-300)
            U = U / np.maximum(np.linalg.norm(U, axis=1, keepdims=True), 1e-300)
            new = relu(U @ X.T) @ nu
            best, values = np.where((new > values)[:, None], U, best), np.maximum(new, values)
        order = np.argsort(-values, kind="stable")
        best = best[order]
        close = np.triu(best @ best.T > 1 - 2e-4, 1).any(axis=0)
        return best[~close]

    def candidates(self, nu, above=0.0):
        """What `maximisers` finds, and the ceiling above all there is."""
        return Climbed(self.maximisers(nu, above), self.ceiling(nu))

    def described(self, nu, candidates, above=0.0, most=None):
        """The first of the maximisers among `candidates`."""
        m = candidates.maximisers
        return Maximisers(*(part[:most] for part in (m.values, m.directions, m.signs, m.fits, m.vanishing)))

    def about(self, candidates):
        """The ceiling: what lies above the maximisers that were found is not known better."""
        return candidates.ceiling

    def ceiling(self, nu, above=0.0, candidates=None):
        r"""A number, at least `above`, that :math:`|\nu^\top\sigma(Xu)|` exceeds for no unit vector u.

        With :math:`\sigma(z) = (z + |z|)/2` and Cauchy-Schwarz, for either sign s,

        .. math:: s\,\nu^\top\sigma(Xu) \le \tfrac12\|X^\top\nu\|
                  + \tfrac12\sqrt{\textstyle\sum_P s\nu}\;\|\sqrt{s\nu}\,X_P\|,\qquad P = \{s\nu > 0\},

        and :math:`s\,\nu^\top\sigma(Xu) \le \|\nu_P\|\|X_P\|` holds too (derived here). What rounding can take away from
        the sums and from the singular values is added.
        """
        if candidates is not None:
            return max(above, candidates.ceiling)
        n, d = self.X.shape
        eps = 16 * (n + d) * np.finfo(float).eps
        half = np.linalg.norm(self.X.T @ nu) / 2 + eps * np.linalg.norm(np.abs(self.X).T @ np.abs(nu))
        bounds = [0.0]
        for signed in (nu, -nu):
            P = signed > 0
            if P.any():
                spread = np.linalg.norm(np.sqrt(signed[P])[:, None] * self.X[P], 2)
                cauchy = np.linalg.norm(signed[P]) * np.linalg.norm(self.X[P], 2)
                bounds.append(min(half + np.sqrt(signed[P].sum()) * spread / 2, cauchy))
        return max(above, max(bounds) * (1 + eps))

    def _climb(self, nu, u):
        r"""Climb :math:`\nu^\top\sigma(Xu)`; the unit vector reached and the points that vanish there."""
        X = self.X
        rising, falling = nu > 0, np.flatnonzero(nu < 0)
        pull = -(nu[falling, None] * X[falling]).T
        active = None
        for _ in range(_STEPS):
            now = rising & (X @ u > 0)
            if active is not None and (now == active).all():
                break
            active = now
            slope = nu[active] @ X[active]
            if len(falling):
                slope = slope - pull @ scipy.optimize.lsq_linear(pull, slope, bounds=(0, 1), method="bvls").x
            length = np.linalg.norm(slope)
            if length <= 1e-12 * (np.abs(nu) @ np.linalg.norm(X, axis=1)):
                return None
            u = slope / length
        # The walls that hold u: there the solution of the zonotope's problem lies between its bounds.
        return u, on_walls(u[None], X, 1e-9)[0]
