r"""Every direction that an optimum can use: where the optimal dual vector meets its constraint.

The dual vector :math:`\nu=\frac2n(y-f^\star)` is the same for all optima, so every optimum is made
of the directions u with :math:`s\,\nu^\top\sigma(Xu) = 2\lambda`, the *tight* ones. Floats tell
tight from nearly tight only where nothing is near; elsewhere sixty digits do (`sharpened`).
"""

from dataclasses import dataclass, replace

import numpy as np

from ..checks import BadInput
from ..walls import POLISHED, ROUNDING, TIED, on_walls
from .faces import Faces
from .programs import solve_global
from .solution import Columns, Solution, exact_weights

_KNOWN = 1e-7  # the relative gap that the optimum must be known to, before directions are named
# the relative slack of the dual constraint above which a direction is surely not tight
_MAYBE = 1e-6
_NOTHING = 1e-12  # weights below this share of the largest are rounding
_BESIDE = 0.05  # the distance of two directions of which one may be a copy that rounding made


@dataclass(frozen=True, eq=False)
class Tight:
    r"""The tight directions of a problem, those of the solution first.

    Attributes
    ----------
    directions, signs : arrays (k, d), (k,)
        Unit directions :math:`u_i` with their signs :math:`s_i`, each once.
    vanishing : bool array (k, n)
        The points on whose walls a direction lies.
    fits : array (k, n)
        Their fits :math:`s_i\sigma(Xu_i)`.
    fit : array (n,)
        The optimal fit :math:`f^\star`, which is unique.
    solution : Solution
        The optimum that the dual vector comes from.
    undecided : bool
        Whether it stays open if some direction is tight; then the solution's own are listed.
    """

    directions: np.ndarray
    signs: np.ndarray
    vanishing: np.ndarray
    fits: np.ndarray
    fit: np.ndarray
    solution: Solution
    undecided: bool


def tight_directions(X, y, lam, faces=None):
    """Solve the problem and return its `Tight` directions; `faces` as in `solve_global`.

    Raises
    ------
    ValueError
        If the optimum is not known well enough for directions to be named.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, -1.0])
    >>> tight_directions(X, y, 0.1).signs.tolist()
    [1, -1]
    """
    faces = faces or Faces(X)
    solution = solve_global(X, y, lam, tol=1e-12, faces=faces)
    if solution.gap > _KNOWN * solution.value:
        raise BadInput(
            f"lam is {lam:g}, too small here: a relative gap of {solution.relative_gap:.1e} is "
            "left, too much to name the directions of an optimum"
        )
    atoms, weights = _at_work(solution)
    undecided = False
    if len(atoms.signs):
        atoms, undecided = _with_ties(faces, atoms, weights, solution.dual, y, lam)
    vanishing = atoms.vanishing | on_walls(atoms.directions, X, ROUNDING) | ~X.any(axis=1)
    fits = atoms.signs[:, None] * np.where(vanishing, 0.0, np.maximum(atoms.directions @ X.T, 0.0))
    fit = solution.network.predict(X)
    return Tight(atoms.directions, atoms.signs, vanishing, fits, fit, solution, undecided)


def _at_work(solution):
    """The neurons of a solution as columns, and their weights, without those that are rounding:
    where such a direction is tight, it is found as a tie."""
    n, k = solution.vanishing.shape[1], len(solution.weights)
    whole = Columns(solution.directions, solution.signs, np.zeros((n, k)), solution.vanishing)
    kept = solution.weights > _NOTHING * solution.weights.max(initial=0.0)
    return whole.kept(kept), solution.weights[kept]


def _with_ties(faces, own, weights, dual, y, lam):
    """The solution's directions and all others that are tight, and whether that stays open."""
    maybe = faces.maximisers(dual, above=2 * lam * (1 - _MAYBE))
    near = on_walls(own.directions, faces.X, POLISHED)
    beside = near & ~on_walls(own.directions, faces.X, ROUNDING) & ~own.vanishing
    if not _others(maybe, own) and not beside.any():
        return own, False
    from .sharpened import Sharpened  # slow to import, and rarely needed

    for used, c in _readings(faces.X, own, weights, y, lam):
        sharpened = Sharpened(faces.X, y, lam, used.directions, used.signs, c, used.vanishing)
        if not sharpened.found:
            continue
        # Priced anew, now that the dual vector is known to rounding: nothing tight is overlooked.
        nu = np.array(sharpened.nu, dtype=float)
        maybe = faces.maximisers(nu, above=2 * lam * (1 - _MAYBE))
        others = _others(maybe, used)
        of_face = [(maybe.signs[i], maybe.vanishing[i], maybe.fits[i] != 0) for i in others]
        tight = [sharpened.tight(*face) for face in of_face]
        if None not in tight:  # None: more than tight, so these are not the optimum's directions
            chosen = [i for i, yes in zip(others, tight, strict=True) if yes]
            ties = [face for face, yes in zip(of_face, tight, strict=True) if yes]
            more = [sharpened.walls_of(*face) for face in ties]
            found = used.extended(Columns.of(maybe).kept(chosen))
            walls = np.concatenate([sharpened.walls(), np.array(more, bool).reshape(-1, len(y))])
            return replace(found, vanishing=found.vanishing | walls), False
    return own, True


def _readings(X, own, weights, y, lam):
    """The solution as it is, and then with one of two neighbouring directions left out, which may
    be a copy that rounding made."""
    yield own, weights
    U, signs = own.directions, own.signs
    for i, j in np.argwhere(np.triu(np.linalg.norm(U[:, None] - U[None], axis=2) < _BESIDE, 1)):
        if signs[i] != signs[j]:
            continue
        for left_out, heir in ((j, i), (i, j)):
            kept = np.arange(len(signs)) != left_out
            columns, moved = own.kept(kept), weights.copy()
            moved[heir] += weights[left_out]
            fits = (columns.signs[:, None] * np.maximum(columns.directions @ X.T, 0)).T
            yield columns, exact_weights(fits, moved[kept], y, lam)[0]


def _others(maybe, used):
    """The places of those directions that are not used, each once."""
    others = []
    for i, (u, s) in enumerate(zip(maybe.directions, maybe.signs, strict=True)):
        same = [maybe.directions[j] for j in others if maybe.signs[j] == s]
        known = np.array([*used.directions[used.signs == s], *same]).reshape(-1, len(u))
        if not (np.linalg.norm(known - u, axis=1) < TIED).any():
            others.append(i)
    return others
