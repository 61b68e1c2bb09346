r"""All optimal networks of a problem, from one certificate.

Every optimum is made of the tight directions (`relucones.convex.tight`) and writes one and the same
fit, so up to the order and the splitting of neurons the optima are the polytope

.. math:: P = \{c\ge0 : \sum_i c_i\,s_i\sigma(Xu_i) = f^\star\}.

Source: Kim, Mishkin and Pilanci (arXiv 2411.07729).
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..convex.polytope import Polytope, polytope
from ..convex.tight import tight_directions
from ..network import Network
from ..walls import TIED
from .staircase import connected_from, pieces, shortest_way, stair
from .walk import Path, Rescaling, Walk

_BALANCED = 1e-6  # how far |w_j| and |a_j| may be apart, as a share, in an optimal network


@dataclass(frozen=True, eq=False)
class OptimalSet:
    r"""All optimal networks of a problem.

    Attributes
    ----------
    directions, signs : arrays (k, d), (k,)
        The directions that some optimum uses, with the signs of their outer weights.
    fits : array (k, n)
        Their fits :math:`s_i\sigma(Xu_i)`.
    fit : array (n,)
        The fit :math:`f^\star` of all optima.
    dual : array (n,)
        The dual vector :math:`\nu=\frac2n(y-f^\star)`.
    value, lower_bound : float
        The optimal loss, and a proved bound below it.
    unused : int
        How many further directions are tight, but used by no optimum.
    undecided : bool
        Whether it stays open if some other direction is tight; then the set may be larger.
    polytope : Polytope
        The coefficients of all optima.
    """

    X: np.ndarray
    y: np.ndarray
    lam: float
    directions: np.ndarray
    signs: np.ndarray
    fits: np.ndarray
    fit: np.ndarray
    dual: np.ndarray
    value: float
    lower_bound: float
    unused: int
    undecided: bool
    polytope: Polytope

    @property
    def vertices(self):
        """The optima with independent fits, as coefficients of the directions (V, k), fewest
        first."""
        return self.polytope.vertices

    @property
    def edges(self):
        """The pairs of vertices that an edge of the polytope joins, (E, 2)."""
        return self.polytope.edges

    @property
    def rank(self):
        """The rank of the fits."""
        return self.polytope.rank

    @property
    def dimension(self):
        """The dimension of the polytope: 0 when the optimum is unique."""
        return self.polytope.dimension

    @property
    def m_star(self):
        """The least width of an optimal network; 0 when the zero network is optimal."""
        return int(self.polytope.supports.sum(axis=1).min())

    @property
    def M_star(self):
        """The most neurons of an optimum with independent fits."""
        return int(self.polytope.supports.sum(axis=1).max())

    @property
    def connected_from(self):
        """The least width from which on the optimal networks are connected."""
        return connected_from(self.polytope)

    def staircase(self, widths=None):
        """The `Stair` of each width: into how many pieces the optimal networks fall.

        Parameters
        ----------
        widths : sequence of int, optional
            From `m_star` (at least 1) to one more than the rank, if not given.
        """
        if widths is None:
            widths = range(max(self.m_star, 1), self.rank + 2)
        return [stair(self.polytope, checks.count(m, "widths")) for m in widths]

    def network(self, coefficients):
        """The balanced network with these coefficients (k,) of the directions, one neuron each
        where they are positive."""
        c = checks.vector(coefficients, "coefficients", length=len(self.signs))
        if (c < 0).any():
            raise checks.BadInput("coefficients must not be negative")
        kept = c > 0
        return Network.from_directions(self.directions[kept], self.signs[kept], c[kept])

    def coefficients(self, network):
        """What a network's neurons use of each direction, (k,), or None where some neuron is no
        part of an optimum."""
        used = self.slots(network)
        if used is None:
            return None
        atoms, sizes = used
        return np.bincount(atoms[atoms >= 0], sizes[atoms >= 0], len(self.signs))

    def slots(self, network):
        """The direction that each neuron has, (m,), -1 for zero neurons, and its size |v_j|, (m,);
        None where some neuron is no part of an optimum."""
        if network.dimension != self.X.shape[1]:
            raise checks.BadInput(
                f"network must take {self.X.shape[1]} inputs, but it takes {network.dimension}"
            )
        inner, outer = np.linalg.norm(network.W, axis=1), np.abs(network.a)
        largest = np.sqrt(self.vertices.max(initial=0.0))
        zero = np.maximum(inner, outer) <= _BALANCED * largest
        if (np.abs(inner - outer) > _BALANCED * largest)[~zero].any():
            return None
        atoms, sizes = np.full(network.width, -1), np.where(zero, 0.0, inner * outer)
        for j in np.flatnonzero(~zero):
            far = np.linalg.norm(self.directions - network.W[j] / inner[j], axis=1)
            far[self.signs != np.sign(network.a[j])] = np.inf
            if not len(far) or far.min() > TIED * max(1.0, np.sqrt(largest / inner[j])):
                return None
            atoms[j] = far.argmin()
        return atoms, sizes

    def contains(self, network):
        """Whether a network is optimal: all its neurons are balanced along the directions of the
        set, and it has the optimal fit."""
        c = self.coefficients(network)
        if c is None:
            return False
        size = np.linalg.norm(self.fit) or np.linalg.norm(self.y)
        return bool(np.linalg.norm(c @ self.fits - self.fit) <= TIED * size)

    def is_isolated(self, network):
        """Whether no other optimal network of its width is near: all neurons at work, with
        independent fits."""
        if not self.contains(network):
            raise checks.BadInput("network must be optimal to be isolated among the optima")
        atoms, _ = self.slots(network)
        if not len(self.signs):
            return True
        if (atoms < 0).any() or len(set(atoms.tolist())) < len(atoms):
            return False
        at_work = np.isin(np.arange(len(self.signs)), atoms)
        return bool((self.polytope.supports == at_work).all(axis=1).any())

    def path(self, network, other):
        r"""A path of optimal networks between two of one width, if they lie in one component.

        Each loses neurons until its fits are independent; between the vertices reached the way
        leads along edges of the polytope; free slots bring every neuron to its place.

        Raises
        ------
        ValueError
            If a network is not optimal, if widths differ, or if there is no path: then it says so.
        """
        m = network.width
        if other.width != m:
            raise checks.BadInput(f"other must have width {m}, but it has {other.width}")
        for name, one in (("network", network), ("other", other)):
            if not self.contains(one):
                raise checks.BadInput(f"{name} must be an optimal network")
        begin, back = self._reduced(network), self._reduced(other)
        way = self._way(begin.levels, back.levels, m)
        if way is None:
            if np.allclose(network.W, other.W) and np.allclose(network.a, other.a):
                return Path(self.X, self.y, self.lam, [begin.path.pieces[0]])
            pieces = self.staircase([m])[0].components
            raise checks.BadInput(
                f"there is no path of optimal networks from network to other: at width {m} they "
                f"fall into {pieces:,} components"
            )
        for vertex in way:
            begin.to(self.vertices[vertex])
        begin.arrange(back.slots)
        begin.path.pieces += back.path.reversed().pieces
        return begin.path

    def _reduced(self, network):
        """A walk from an optimal network to a vertex, on the directions of the set."""
        atoms, sizes = self.slots(network)
        k, m = len(self.signs), network.width
        own = Walk(
            Path(self.X, self.y, self.lam, [Rescaling(network)]),
            self.directions[atoms] if k else np.zeros((m, self.X.shape[1])),
            self.signs[atoms] if k else np.ones(m, int),
            [j if atom >= 0 else -1 for j, atom in enumerate(atoms)],
            sizes,
        )
        own.reduce()
        levels = np.zeros(k)
        held = own.held
        levels[atoms[held]] = own.levels[held]
        slots = [int(atoms[j]) if j >= 0 else -1 for j in own.slots]
        return Walk(own.path, self.directions, self.signs, slots, levels)

    def _way(self, begin, end, m):
        """The vertices on a shortest way between those with the given levels, through short
        edges; None where there is none."""
        here, there = (
            int(np.flatnonzero((self.polytope.supports == (c > 0)).all(axis=1))[0])
            for c in (begin, end)
        )
        label = pieces(self.polytope, m)
        if label[here] < 0 or label[here] != label[there]:
            return None if self.m_star else [here]
        return shortest_way(self.polytope, m, here, there)

    def even_part(self):
        r"""The optima as an even function and a linear one, where :math:`X^\top\nu=0`.

        Then the tight directions come in pairs :math:`\pm u_i`; with
        :math:`b_i = c_{u_i} + c_{-u_i}` and :math:`\delta_i = c_{u_i} - c_{-u_i}` every optimum is
        :math:`\frac12\sum_i s_ib_i|u_i\cdot x| + \frac12\bigl(\sum_i s_i\delta_iu_i\bigr)\cdot x`,
        and the linear part costs nothing while :math:`|\delta_i|\le b_i` (derived here).

        Returns
        -------
        tuple or None
            The directions (p, d), their b with sign (p,), and the linear part (d,), from the mean
            of all vertices; None where :math:`X^\top\nu\ne0`.
        """
        pull = self.X.T @ self.dual
        if not len(self.signs) or np.linalg.norm(pull) > TIED * 2 * self.lam:
            return None
        c = self.vertices.mean(axis=0)
        linear = (self.signs * c) @ self.directions / 2
        pairs, left = [], list(range(len(self.signs)))
        while left:
            i = left.pop(0)
            twin = [
                j
                for j in left
                if self.signs[j] == self.signs[i]
                and np.linalg.norm(self.directions[i] + self.directions[j]) < TIED
            ]
            left = [j for j in left if j not in twin]
            pairs.append((self.directions[i], self.signs[i] * (c[i] + sum(c[j] for j in twin))))
        directions, b = zip(*pairs, strict=True)
        return np.array(directions), np.array(b), linear

    def __repr__(self):
        return (
            f"OptimalSet({len(self.vertices)} vertices, dimension {self.dimension}, "
            f"m*={self.m_star}, M*={self.M_star})"
        )


def optimal_set(X, y, lam, faces=None, most=20_000):
    r"""All optimal networks of a problem, as an `OptimalSet`.

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    faces : Faces, optional
        The faces of the arrangement of `X`, where they have been listed already.
    most : int
        The largest number of vertices to list.

    Raises
    ------
    ValueError
        For bad input; if the optimum is not known well enough for its directions to be named; if
        there are more vertices than `most`.

    Examples
    --------
    >>> from math import sqrt
    >>> optima = optimal_set([[1, sqrt(3)], [1, -sqrt(3)]], [1, 1], lam=0.1)
    >>> optima
    OptimalSet(2 vertices, dimension 1, m*=1, M*=2)
    >>> [row.components for row in optima.staircase([1, 2, 3])]
    [1, 3, 1]
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    most = checks.count(most, "most")
    tight = tight_directions(X, y, lam, faces)
    solution = tight.solution
    whole = polytope(tight.fits, tight.fit, most)
    used = whole.used
    return OptimalSet(
        X,
        y,
        lam,
        tight.directions[used],
        tight.signs[used],
        tight.fits[used],
        tight.fit,
        2 / len(y) * (y - tight.fit),
        solution.value,
        solution.lower_bound,
        int((~used).sum()),
        tight.undecided,
        Polytope(whole.vertices[:, used], whole.rank),
    )
