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
from ..convex import Faces, solve_global
from ..convex.polytope import _supports
from ..walls import ROUNDING, TIED, on_walls

KNOWN = 1e-7  # the relative gap that the optimum must be known to, before its coupons are named
# the relative slack of the dual constraint above which a direction is surely not tight
MAYBE_TIGHT = 1e-6


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
    solution = solve_global(X, y, lam, tol=1e-12, faces=faces)
    if solution.gap > KNOWN * solution.value:
        relative = solution.gap / solution.value
        raise checks.BadInput(
            f"lam is {lam:g}, too small here: a relative gap of {relative:.1e} is left, "
            "too much to "
            "name the coupons"
        )
    directions, signs, vanishing, fits = _tight_directions(faces, solution, y, lam)
    fit = solution.network.predict(X)
    supports = _supports(fits, fit)
    if supports is not None:
        used = sorted(set().union(*supports))
        position = {atom: i for i, atom in enumerate(used)}
        supports = [tuple(position[i] for i in support) for support in supports]
        directions, signs, vanishing, fits = (
            directions[used],
            signs[used],
            vanishing[used],
            fits[used],
        )
    patterns, pattern_signs, holds = _holders(faces.arrangement, directions, signs, vanishing)
    count = faces.arrangement.number_of_cells
    holders = patterns, pattern_signs, holds, count
    return Coupons(X, directions, signs, supports, *holders, vanishing, fits, fit)


def _tight_directions(faces, solution, y, lam):
    """Every direction at which the optimal dual vector meets its constraint, each once."""
    X = faces.X
    directions, signs = solution.directions, solution.signs
    vanishing = solution.vanishing
    if len(signs):
        more = _truly_tight(faces, solution, y, lam)
        directions, signs, vanishing = (
            np.concatenate([own, other])
            for own, other in zip((directions, signs, vanishing), more, strict=True)
        )
    vanishing = vanishing | on_walls(directions, X, ROUNDING) | ~X.any(axis=1)
    fits = signs[:, None] * np.where(vanishing, 0.0, np.maximum(directions @ X.T, 0.0))
    return directions, signs, vanishing, fits


def _truly_tight(faces, solution, y, lam):
    """The tight directions that the solution does not use itself, with their signs and the points
    that vanish there, told with sixty digits."""
    maybe = faces.maximisers(solution.dual, above=2 * lam * (1 - MAYBE_TIGHT))
    n, d = faces.X.shape
    none = np.zeros((0, d)), np.zeros(0, int), np.zeros((0, n), bool)
    if not _others(maybe, solution):
        return none
    from ..convex.sharpened import Sharpened  # slow to import, and rarely needed

    used = (solution.directions, solution.signs, solution.weights, solution.vanishing)
    sharpened = Sharpened(faces.X, y, lam, *used)
    open_still = True
    if sharpened.found:
        # Priced anew, now that the dual vector is known to rounding: nothing tight is overlooked.
        nu = np.array(sharpened.nu, dtype=float)
        maybe = faces.maximisers(nu, above=2 * lam * (1 - MAYBE_TIGHT))
        others = _others(maybe, solution)
        tight = [
            sharpened.tight(maybe.signs[i], maybe.vanishing[i], maybe.fits[i] != 0) for i in others
        ]
        open_still = None in tight
    if open_still:
        raise checks.BadInput(
            f"lam is {lam:g}, and with these data it stays open which directions an optimum can "
            "use; another lam, or points that are not nearly parallel, would help"
        )
    chosen = [i for i, yes in zip(others, tight, strict=True) if yes]
    return maybe.directions[chosen], maybe.signs[chosen], maybe.vanishing[chosen]


def _others(maybe, solution):
    """The places of those directions that the solution does not use, each once."""
    others = []
    for i, (u, s) in enumerate(zip(maybe.directions, maybe.signs, strict=True)):
        same = [maybe.directions[j] for j in others if maybe.signs[j] == s]
        known = np.array([*solution.directions[solution.signs == s], *same]).reshape(-1, len(u))
        if not (np.linalg.norm(known - u, axis=1) < TIED).any():
            others.append(i)
    return others


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
