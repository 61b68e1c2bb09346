r"""Always a way down: from any network of width n + 1 to any global minimum, the loss never rising.

With :math:`h(c) = (Gc, \sum c)` for levels c of directions with fits G, the loss is a convex
function of h. From the start's h to the target's it is followed straight, so it never rises, the
target's being the least. Levels that write :math:`h_t` are chosen by a linear program with costs
in general position: its solution is unique, so it moves continuously, and basic, so it takes at
most n + 1 directions, and one that ends makes room for the one that begins.

Source: Kim, Mishkin and Pilanci (arXiv 2411.07729) for the theorem; this proof is derived here.
"""

import numpy as np

from .. import checks
from ..convex import certify
from ..network import Network
from .walk import Path, Rescaling, Walk

_OPTIMAL = 1e-9  # the relative gap to which the target must be a global minimum
_NONE = 1e-12  # levels below this share of the largest are rounding


def descent_path(network, target, X, y, lam):
    r"""A path from a network to a global minimum along which the loss never rises.

    Parameters
    ----------
    network, target : Network
        Both of one width m, at least n + 1; the target a global minimum.
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.

    Returns
    -------
    Path
        From `network` to `target`.

    Raises
    ------
    ValueError
        For bad input; if the width is below n + 1, where a strict bad local minimum may be in the
        way; if the target is not a global minimum.

    Examples
    --------
    >>> from relucones import Network
    >>> start = Network([[1.0], [0.0]], [-1.0, 0.0])
    >>> end = Network([[0.0], [0.8**0.5]], [0, 0.8**0.5])
    >>> losses = descent_path(start, end, [[1.0]], [1.0], lam=0.2).losses()
    >>> bool((np.diff(losses) <= 1e-12).all()), round(float(losses[-1]), 6)
    (True, 0.36)
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    _check_ends(network, target, X, y, lam)
    m = network.width
    path = Path(X, y, lam, [Rescaling(network)])
    U0, s0, c0 = _as_levels(network)
    U1, s1, c1 = _as_levels(target)
    # The target's own way to independent fits, to be gone backwards in the end.
    back = Walk(Path(X, y, lam), U1, s1, _own_slots(c1), c1)
    back.reduce()
    walk = Walk(
        path,
        np.vstack([U0, U1]),
        np.concatenate([s0, s1]),
        _own_slots(c0),
        np.concatenate([c0, np.zeros(m)]),
    )
    walk.reduce()
    goal = np.concatenate([np.zeros(m), back.levels])
    _straight_on(walk, goal)
    _along_the_optima(walk, goal)
    walk.arrange([atom + m if atom >= 0 else -1 for atom in back.slots])
    path.pieces += back.path.reversed().pieces + [Rescaling(target, backwards=True)]
    return path


def prune(network, X, y, lam):
    r"""The path on which a network loses neurons until its fits are independent: the fit stays, and
    the penalty never rises.

    A global minimum ends at a vertex of the polytope of optima.

    Examples
    --------
    >>> from relucones import Network
    >>> doubled = Network([[1.0, 0.0], [1.0, 0.0]], [1.0, 1.0])
    >>> ended = prune(doubled, [[1.0, 0.0]], [2.0], lam=0.1).at(1)
    >>> int((ended.a != 0).sum()), ended.predict([[1.0, 0.0]]).round(9)
    (1, array([2.]))
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    U, s, c = _as_levels(network)
    walk = Walk(Path(X, y, lam, [Rescaling(network)]), U, s, _own_slots(c), c)
    walk.reduce()
    return walk.path


def _check_ends(network, target, X, y, lam):
    for name, one in (("network", network), ("target", target)):
        if not isinstance(one, Network):
            raise checks.BadInput(f"{name} must be a Network, but it is a {type(one).__name__}")
        if one.dimension != X.shape[1]:
            raise checks.BadInput(
                f"{name} must take {X.shape[1]} inputs, but it takes {one.dimension}"
            )
    if network.width != target.width:
        raise checks.BadInput(
            f"target must have the width of network, {network.width}, but it has {target.width}"
        )
    if network.width < len(y) + 1:
        raise checks.BadInput(
            f"network must have at least n + 1 = {len(y) + 1} neurons, but it has "
            f"{network.width}: below that a strict bad local minimum can be in the way"
        )
    if not certify(target, X, y, lam, tol=_OPTIMAL).is_global:
        raise checks.BadInput("target must be a global minimum, to a relative gap of 1e-9")


def _as_levels(network):
    """Unit directions, signs and levels of the balanced neurons."""
    inner = np.linalg.norm(network.W, axis=1)
    levels = inner * np.abs(network.a)
    units = np.divide(
        network.W, inner[:, None], out=np.zeros_like(network.W), where=inner[:, None] > 0
    )
    return units, np.where(network.a < 0, -1, 1), levels


def _own_slots(levels):
    return [j if level > 0 else -1 for j, level in enumerate(levels)]


class _Program:
    """The linear program min cost c with ``A c = h``, c >= 0, in coordinates of the rows' span."""

    def __init__(self, fits, allowed):
        self.allowed = np.asarray(allowed)
        A = np.vstack([fits, np.ones(fits.shape[1])])[:, self.allowed]
        self._sizes = np.linalg.norm(A, axis=0)
        U, singular, _ = np.linalg.svd(A / self._sizes, full_matrices=False)
        self.span = U[:, singular > 1e-10 * singular[0]]
        self.A = self.span.T @ (A / self._sizes)

    def coordinates(self, levels):
        """The right-hand side that levels (K,) make, and the levels in the program's units."""
        c = levels[self.allowed] * self._sizes
        return self.A @ c, c

    def levels(self, c, K):
        """The program's c as levels of all K directions, without what is rounding."""
        levels = np.zeros(K)
        levels[self.allowed] = np.where(c > _NONE * c.max(initial=0.0), c / self._sizes, 0.0)
        return levels

    def basis(self, c):
        """A basis that holds all places where c is positive."""
        chosen = list(np.flatnonzero(c > 0))
        Q = np.linalg.qr(self.A[:, chosen])[0]
        for i in range(self.A.shape[1]):
            if len(chosen) == len(self.A):
                break
            rest = self.A[:, i] - Q @ (Q.T @ self.A[:, i])
            rest -= Q @ (Q.T @ rest)
            if i not in chosen and np.linalg.norm(rest) > 1e-7:
                chosen.append(i)
                Q = np.column_stack([Q, rest / np.linalg.norm(rest)])
        return chosen

    def prices(self, basis, cost):
        """The reduced costs, and the inverse of the basis."""
        inverse = np.linalg.inv(self.A[:, basis])
        return cost - cost[basis] @ inverse @ self.A, inverse


def _costs(free, rng):
    """Costs in general position: 0 where `free`, between 1 and 2 elsewhere."""
    return np.where(free, 0.0, rng.uniform(1, 2, len(free)))


def _straight_on(walk, goal):
    """From the levels of `walk` to levels with the goal's fit and penalty: a dual simplex method,
    whose right-hand side moves straight from the one to the other."""
    K, allowed = len(goal), np.flatnonzero((walk.levels > 0) | (goal > 0))
    if not len(allowed):
        return
    program = _Program(walk.fits, allowed)
    (h0, c), (h1, _) = program.coordinates(walk.levels), program.coordinates(goal)
    cost = _costs(c > 0, np.random.default_rng(0))
    basis, done = program.basis(c), 0.0
    for _ in range(100 * K):
        reduced, inverse = program.prices(basis, cost)
        begin, slope = inverse @ h0, inverse @ (h1 - h0)
        falling = slope < -1e-12 * max(np.abs(begin).max(), np.abs(slope).max())
        here = np.maximum(begin + done * slope, 0)
        ends = np.where(falling, here / -slope.clip(max=-1e-300), np.inf)
        leaving, step = int(ends.argmin()), min(ends.min(), 1 - done)
        if step > 0:
            c = np.zeros(len(cost))
            c[basis] = np.maximum(begin + (done + step) * slope, 0)
            if done + step < 1:
                c[basis[leaving]] = 0
            walk.to(program.levels(c, K))
            done += step
        if done >= 1:
            return
        row = inverse[leaving] @ program.A
        row[basis] = 0
        entering = np.flatnonzero(row < -1e-10)
        if not len(entering):
            if 1 - done > 1e-6:
                raise ArithmeticError("the way down was lost to rounding")
            return
        ratios = np.maximum(reduced[entering], 0) / -row[entering]
        basis[leaving] = int(entering[ratios.argmin()])
    raise ArithmeticError("the way down did not come to its end")


def _along_the_optima(walk, goal):
    """From one optimum with independent fits to another, along edges of the polytope of optima: a
    simplex method whose cost is what the goal does not use."""
    K, allowed = len(goal), np.flatnonzero((walk.levels > 0) | (goal > 0))
    if len(allowed):
        program = _Program(walk.fits, allowed)
        cost = _costs(goal[program.allowed] > 0, np.random.default_rng(1))
        _, c = program.coordinates(walk.levels)
        basis = program.basis(c)
        for _ in range(100 * K):
            reduced, inverse = program.prices(basis, cost)
            reduced[basis] = 0
            if reduced.min() > -1e-9:
                break
            entering = int(reduced.argmin())
            column = inverse @ program.A[:, entering]
            with np.errstate(divide="ignore"):
                steps = np.where(column > 1e-10, c[basis] / column.clip(min=1e-300), np.inf)
            leaving = int(steps.argmin())
            c[basis] = np.maximum(c[basis] - steps[leaving] * column, 0)
            c[basis[leaving]], c[entering] = 0, steps[leaving]
            walk.to(program.levels(c, K))
            basis[leaving] = entering
    far = np.abs(walk.levels - goal).max(initial=0)
    if far > 1e-6 * max(goal.max(initial=0), walk.levels.max(initial=0)):
        raise ArithmeticError(f"the way down ended beside the target, by {far:.1e}")
    walk.to(goal)
