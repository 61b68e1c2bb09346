r"""Who holds which coupon: how likely a random activation cone contains a global minimum.

The optimal directions :math:`u_1, \dots, u_k` are coupons. A cone of m signed patterns contains a
global minimum when, for every i, it holds a signed pattern from :math:`T_i`: the patterns whose
closed cone contains :math:`u_i`, with the right sign. No signed pattern holds two coupons: on one
closed cone the dual constraint is linear, so at most one unit vector there meets it. For m
independent draws inclusion and exclusion therefore gives (derived as `thm-exact-probability`)

.. math:: \Pr = \sum_{I\subseteq[k]} (-1)^{|I|} \bigl(1 - \textstyle\sum_{i\in I}\mu(T_i)\bigr)^m .

Where several optima exist, a cone is good when it holds all coupons of one of them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from .. import checks
from ..arrangement import activation_patterns
from ..convex import Faces
from ..convex.polytope import supports as sufficient
from ..convex.tight import tight_directions


@dataclass(frozen=True, eq=False)
class Coupons:
    r"""The coupons of a problem and the signed patterns that hold them.

    Attributes
    ----------
    directions : array (k, d)
        The unit directions that some optimum uses.
    signs : array (k,)
        Their signs.
    supports : list of tuples, or None
        The sets of coupons that suffice: one tuple when the optimum is unique, the empty tuple when
        it is zero. None when there are too many to list; `suffice` tells then too.
    patterns : bool array (t, n)
        Every activation pattern that holds a coupon, with its sign in `pattern_signs` (t,).
    holds : bool array (t, k)
        Whether a signed pattern holds a coupon: exactly one in every row; the column sums are the
        sizes :math:`|T_i|`.
    count : int
        The number N of activation patterns; there are 2N signed ones.
    vanishing : bool array (k, n)
        The points on whose walls a coupon lies.
    fits : array (k, n)
        The fits :math:`s_i\sigma(Xu_i)` of the coupons.
    fit : array (n,)
        The optimal fit, which is unique.
    """

    X: np.ndarray
    directions: np.ndarray
    signs: np.ndarray
    supports: list | None
    patterns: np.ndarray
    pattern_signs: np.ndarray
    holds: np.ndarray
    count: int
    vanishing: np.ndarray
    fits: np.ndarray
    fit: np.ndarray

    def collected_by(self, patterns, signs):
        """Whether the cone of these signed patterns, (m, n) and (m,), contains a global minimum."""
        patterns = checks.patterns(patterns, "patterns", self.X.shape[0])
        signs = checks.signs(signs, "signs", len(patterns))
        got = np.zeros(len(self.signs), dtype=bool)
        for key in _keys(patterns, signs):
            got |= self._held_by.get(key, False)
        return self.suffice(got)

    @cached_property
    def _held_by(self):
        return dict(zip(_keys(self.patterns, self.pattern_signs), self.holds, strict=True))

    def suffice(self, held):
        """Whether the coupons marked in `held`, bool (k,), are all that some optimum uses."""
        if self.supports is not None:
            return any(held[list(support)].all() for support in self.supports)
        return bool(held.any()) and scipy.optimize.nnls(self.fits[held].T, self.fit)[
            1
        ] <= 1e-7 * np.linalg.norm(self.fit)


def find_coupons(X, y, lam, faces=None):
    """Solve the problem and return its `Coupons`; `faces` as in `solve_global`.

    Examples
    --------
    >>> find_coupons([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], 0.1).holds.sum(axis=0)
    array([2, 2])
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    faces = faces or Faces(X)
    tight = tight_directions(X, y, lam, faces)
    if tight.undecided:
        raise checks.BadInput(
            f"lam is {lam:g}, and with these data it stays open which directions an optimum can "
            "use; another lam, or points that are not nearly parallel, would help"
        )
    enough, fit = sufficient(tight.fits, tight.fit), tight.fit
    used = sorted(set().union(*enough)) if enough is not None else list(range(len(tight.signs)))
    place = {atom: i for i, atom in enumerate(used)}
    if enough is not None:
        enough = [tuple(place[i] for i in support) for support in enough]
    directions, signs = tight.directions[used], tight.signs[used]
    vanishing, fits = tight.vanishing[used], tight.fits[used]
    patterns, pattern_signs, holds = _holders(faces.arrangement, directions, signs, vanishing)
    count = faces.arrangement.number_of_cells
    holders = patterns, pattern_signs, holds, count
    return Coupons(X, directions, signs, enough, *holders, vanishing, fits, fit)


def _holders(arrangement, directions, signs, vanishing):
    """All signed patterns that hold a coupon, and which coupon each of them holds."""
    X = arrangement.X
    k, n = len(signs), len(X)
    table = {}
    # Points that are parallel up to rounding stay so among few, where the columns' sizes differ.
    meant = arrangement.scale[:, None] * arrangement.lines[arrangement.line] if k else X
    for i, (u, s, zero) in enumerate(zip(directions, signs, vanishing, strict=True)):
        around = (X @ u > 0)[None]
        if zero.any():
            local = activation_patterns(meant[zero])
            around = np.repeat(around, len(local), axis=0)
            around[:, zero] = local
        for pattern, key in zip(around, _keys(around, np.full(len(around), s)), strict=True):
            table.setdefault(key, (pattern, s, np.zeros(k, dtype=bool)))[2][i] = True
    patterns, pattern_signs, holds = zip(*table.values(), strict=True) if table else ((), (), ())
    return (
        np.array(patterns, dtype=bool).reshape(-1, n),
        np.array(pattern_signs, dtype=int),
        np.array(holds, dtype=bool).reshape(len(holds), k),
    )


def _keys(patterns, signs):
    packed = np.packbits(np.column_stack([signs > 0, patterns]), axis=1)
    return [row.tobytes() for row in packed]
