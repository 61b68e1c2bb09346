r"""The optimum to sixty digits, and which directions are truly tight.

A direction is tight when the dual constraint holds with equality there. Two directions half a
thousandth of a radian apart can differ in their slack by :math:`10^{-10}` only, which floats cannot
tell from equality. On the faces of the optimum the problem is smooth, so Newton's method reaches
any number of digits: gradients with sixty digits, steps with floats. True ties are then left with a
slack of :math:`10^{-50}`, or with what the rounding of the data explains, false ones with what they
have (derived here).
"""

import mpmath
import numpy as np

from ..arrangement import exact
from ..arrangement.lines import orthogonal
from ..walls import ROUNDING

_DIGITS = 60
# the rounding of the data, which is all that may part two directions meant to be tied
_EXACT = 1e-45  # dots of points that vanish on a face are this small
_MEANT = 8 * np.finfo(float).eps


class Sharpened:
    r"""The minimiser of :math:`\frac1n\|\sum_j s_jD_jXv_j-y\|^2+2\lambda\sum_j\|v_j\|` over vectors
    :math:`v_j` in the spans of faces.

    Parameters
    ----------
    X, y, lam
        The problem.
    directions, signs, weights : arrays (k, d), (k,), (k,)
        The optimum as floats have it.
    vanishing : bool array (k, n)
        The points that vanish on each face.

    Attributes
    ----------
    found : bool
        Whether Newton's method converged, to vectors that lie in their faces.
    nu : list of n mpf
        The dual vector.
    """

    def __init__(self, X, y, lam, directions, signs, weights, vanishing):
        self.X, (whole, exponent) = X, exact.integers(X)
        self._rows = whole.tolist()
        self.found = False
        with mpmath.workdps(_DIGITS):
            self._unit = mpmath.mpf(2) ** exponent
            self._y, self._lam = [mpmath.mpf(float(v)) for v in y], mpmath.mpf(float(lam))
            chosen, _, _ = exact.echelon(self._rows)
            self._span = [self._rows[i] for i in chosen]
            self._faces = [
                self._face(*face) for face in zip(directions, signs, vanishing, strict=True)
            ]
            self.nu = []
            if all(B.rows for B, _, _ in self._faces):  # else only the zero vector lies on a face
                self.found = self._newton(directions, weights) and self._stays_in_its_faces()
                self.nu = [2 * r / len(self._y) for r in self._residual()]

    def slack(self, sign, zero, active):
        r"""How far :math:`s\,\nu^\top\sigma(Xu)` stays below :math:`2\lambda` at the critical point
        of a face, as a share of it.

        `zero` and `active` (n,) are the points that vanish and that are active on the face.
        """
        with mpmath.workdps(_DIGITS):
            longest = mpmath.norm(self._critical(sign, zero, active))
            return float(1 - longest / (2 * self._lam))

    def _critical(self, sign, zero, active):
        """The gradient on a face, projected to its span: the direction of its critical point."""
        g = self._pull([int(sign) * nu if a else 0 for nu, a in zip(self.nu, active, strict=True)])
        rows = [row for row, z in zip(self._rows, zero, strict=True) if z]
        chosen, _, _ = exact.echelon(rows)
        if chosen:
            N = mpmath.matrix([rows[i] for i in chosen])
            g = g - N.T * mpmath.lu_solve(N * N.T, N * g)
        return g

    def tight(self, sign, zero, active):
        """Whether the critical point of a face is tight: True, False, or None where that stays
        open."""
        slack = self.slack(sign, zero, active)
        prices = np.abs(np.array(self.nu, dtype=float))
        meant = _MEANT * (prices @ np.linalg.norm(self.X, axis=1)) / (2 * float(self._lam))
        return True if abs(slack) <= meant else False if slack > meant else None

    def walls(self):
        """The points on whose walls the vectors lie, bool (k, n), up to the rounding of the
        data."""
        with mpmath.workdps(_DIGITS):
            return np.array(
                [
                    self._vanishing(B.T * z)
                    for (B, _, _), z in zip(self._faces, self._z, strict=True)
                ]
            )

    def walls_of(self, sign, zero, active):
        """The same of the critical point of a face."""
        with mpmath.workdps(_DIGITS):
            return self._vanishing(self._critical(sign, zero, active))

    def _vanishing(self, v):
        rows = mpmath.matrix(self._rows)
        size = mpmath.norm(v)
        return np.array(
            [
                abs(dot) <= ROUNDING * size * mpmath.norm(rows[k, :])
                for k, dot in enumerate(rows * v)
            ]
        )

    def _face(self, u, sign, zero):
        """Of one face: an integer basis of its span, as floats too, and the fits of its vectors."""
        products = [
            [exact.dot(row, other) for other in self._span]
            for row, z in zip(self._rows, zero, strict=True)
            if z
        ]
        shares = exact.null_space(products, len(self._span))
        if not shares:
            return mpmath.matrix(0, len(self._rows[0])), None, None
        basis = np.array(shares, dtype=object).dot(np.array(self._span, dtype=object))  # (q, d)
        basis = orthogonal(basis.tolist())  # so that the floats below are well conditioned
        scaled = mpmath.matrix([[mpmath.mpf(v) / max(map(abs, row)) for v in row] for row in basis])
        active = (~zero) & (self.X @ u > 0)
        fits = mpmath.matrix(self._rows) * scaled.T * self._unit
        for k in np.flatnonzero(~active):
            fits[int(k), :] = mpmath.zeros(1, fits.cols)
        return scaled, fits * int(sign), active

    def _stays_in_its_faces(self):
        """Whether every vector lies in its closed face: only there its fit is what it is taken
        for."""
        for (B, _, active), z in zip(self._faces, self._z, strict=True):
            dots = mpmath.matrix(self._rows) * (B.T * z)
            room = [dot if on else -dot for dot, on in zip(dots, active, strict=True)]
            if min(room) < -_EXACT * max(abs(dot) for dot in dots):
                return False
        return True

    def _newton(self, directions, weights):
        bases = [np.array(B.tolist(), dtype=float) for B, _, _ in self._faces]
        fits = np.hstack([np.array(F.tolist(), dtype=float) for _, F, _ in self._faces])
        block = np.repeat(np.arange(len(bases)), [len(B) for B in bases])
        self._z = [
            mpmath.matrix(np.linalg.lstsq(B.T, c * u, rcond=None)[0].tolist())
            for B, u, c in zip(bases, directions, weights, strict=True)
        ]
        smallest = np.inf
        for _ in range(40):
            gradient = self._gradient()
            size = float(mpmath.norm(mpmath.matrix(gradient), mpmath.inf)) / float(self._lam)
            if size < 1e-52:
                return True
            if size > 10 * smallest:
                return False
            smallest = min(size, smallest)
            z = np.concatenate([np.array(part.tolist(), dtype=float).ravel() for part in self._z])
            H = 2 / len(self._y) * fits.T @ fits
            for j, B in enumerate(bases):
                own = block == j
                v, gram = z[own] @ B, B @ B.T
                length = np.linalg.norm(v)
                H[np.ix_(own, own)] += (
                    2 * float(self._lam) * (gram - np.outer(B @ v, B @ v) / length**2) / length
                )
            scale = max(abs(value) for value in gradient)
            step = np.linalg.lstsq(H, [float(value / scale) for value in gradient], rcond=1e-15)[0]
            for j in range(len(bases)):
                self._z[j] -= scale * mpmath.matrix(step[block == j].tolist())
        return False

    def _residual(self):
        fit = [mpmath.mpf(0)] * len(self._y)
        for (_, F, _), z in zip(self._faces, self._z, strict=True):
            part = F * z
            fit = [value + part[k] for k, value in enumerate(fit)]
        return [label - value for label, value in zip(self._y, fit, strict=True)]

    def _gradient(self):
        residual, n = mpmath.matrix(self._residual()), len(self._y)
        gradient = []
        for (B, F, _), z in zip(self._faces, self._z, strict=True):
            v = B.T * z
            pull = F.T * residual * (-mpmath.mpf(2) / n) + B * v * (2 * self._lam / mpmath.norm(v))
            gradient += list(pull)
        return gradient

    def _pull(self, nu):
        d = len(self._rows[0])
        total = [
            mpmath.fsum(value * row[j] for value, row in zip(nu, self._rows, strict=True) if value)
            for j in range(d)
        ]
        return mpmath.matrix(total) * self._unit
