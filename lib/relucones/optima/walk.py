r"""Paths through networks of one width, in pieces along which the vectors of all neurons move
straight.

A neuron is its direction u, its sign s and its level c: the balanced neuron :math:`w=\sqrt c\,u`,
:math:`a=s\sqrt c`. Along a piece directions and signs stay, and levels change linearly; so the fit
moves straight and the penalty :math:`2\lambda\sum c` is linear. Where a level is 0 the slot is
free: there another direction can begin.
"""

from dataclasses import dataclass, field

import numpy as np

from .. import checks
from ..convex.solution import dependence, moved_along
from ..network import Network


@dataclass(eq=False)
class Path:
    """A continuous path of networks, from ``at(0)`` to ``at(1)``.

    Every piece takes the same share of [0, 1]; `breakpoints` are where pieces meet.
    """

    X: np.ndarray
    y: np.ndarray
    lam: float
    pieces: list = field(default_factory=list)

    @property
    def breakpoints(self):
        """The parameters at which pieces begin and end."""
        return np.linspace(0, 1, max(len(self.pieces), 1) + 1)

    def at(self, t):
        """The network at parameter t in [0, 1]."""
        t = checks.nonnegative(t, "t")
        if t > 1:
            raise checks.BadInput(f"t must lie between 0 and 1, but it is {t}")
        place = min(int(t * len(self.pieces)), len(self.pieces) - 1)
        return self.pieces[place].at(t * len(self.pieces) - place)

    def losses(self, per=20):
        """The regularised loss at `per` + 1 points of every piece, in order."""
        per = checks.count(per, "per")
        return np.array(
            [
                piece.at(share).loss(self.X, self.y, self.lam)
                for piece in self.pieces
                for share in np.linspace(0, 1, per + 1)
            ]
        )

    def reversed(self):
        """The same path the other way round."""
        return Path(self.X, self.y, self.lam, [piece.reversed() for piece in self.pieces[::-1]])


@dataclass(frozen=True, eq=False)
class Straight:
    """A piece along which levels change linearly."""

    directions: np.ndarray
    signs: np.ndarray
    begin: np.ndarray
    end: np.ndarray

    def at(self, share):
        """The network after this share of the piece."""
        root = np.sqrt((1 - share) * self.begin + share * self.end)
        return Network(root[:, None] * self.directions, self.signs * root)

    def reversed(self):
        """The piece the other way round."""
        return Straight(self.directions, self.signs, self.end, self.begin)


@dataclass(frozen=True, eq=False)
class Rescaling:
    """A piece along which every neuron becomes balanced, or, where it does nothing, zero: the fit
    stays, and the penalty falls."""

    network: Network
    backwards: bool = False

    def at(self, share):
        """The network after this share of the piece."""
        share = 1 - share if self.backwards else share
        if share == 0:
            return self.network
        inner, outer = np.linalg.norm(self.network.W, axis=1), np.abs(self.network.a)
        both = np.sqrt(inner) * np.sqrt(outer)
        works = both > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            grow = np.where(works, (outer / inner) ** (share / 2), 1 - share)
            shrink = np.where(works, (inner / outer) ** (share / 2), 1 - share)
        return Network(self.network.W * grow[:, None], self.network.a * shrink)

    def reversed(self):
        """The piece the other way round."""
        return Rescaling(self.network, not self.backwards)


class Walk:
    """Networks of m slots on the move; each move becomes a piece of `path`.

    Parameters
    ----------
    path : Path
    directions, signs : arrays (K, d), (K,)
        What a slot can hold.
    slots : list of int
        What each slot holds, -1 where it is free.
    levels : array (K,)
        The level of each direction, positive only where a slot holds it.
    """

    def __init__(self, path, directions, signs, slots, levels):
        self.path, self.directions, self.signs = path, directions, signs
        self.slots, self.levels = list(slots), np.array(levels, dtype=float)
        self.fits = (signs[:, None] * np.maximum(directions @ path.X.T, 0)).T  # (n, K)

    @property
    def held(self):
        """The directions that are at work."""
        return np.flatnonzero(self.levels > 0)

    def to(self, levels):
        """Move straight to these levels: what begins takes a free slot, what ends leaves its."""
        for atom in np.flatnonzero(levels > 0):
            if atom not in self.slots:
                self.slots[self.slots.index(-1)] = int(atom)
        begin = self._by_slot(self.levels)
        end = self._by_slot(levels)
        if (begin != end).any():
            atoms = np.maximum(self.slots, 0)
            piece = Straight(
                self.directions[atoms], self.signs[atoms].astype(float), begin, end
            )
            self.path.pieces.append(piece)
        self.levels = levels
        self.slots = [atom if atom >= 0 and levels[atom] > 0 else -1 for atom in self.slots]

    def shift(self, here, there):
        """Hand what one slot holds on to a free one."""
        atom = self.slots[here]
        atoms = np.maximum(self.slots, 0)
        atoms[there] = atom
        begin = self._by_slot(self.levels)
        end = begin.copy()
        end[there], end[here] = begin[here], 0.0
        signs = self.signs[atoms].astype(float)
        self.path.pieces.append(Straight(self.directions[atoms], signs, begin, end))
        self.slots[there], self.slots[here] = atom, -1

    def arrange(self, wanted):
        """Bring the directions into the wanted slots, through a free one."""
        while self.slots != list(wanted):
            ready = [
                k for k, atom in enumerate(wanted) if self.slots[k] == -1 and atom != -1
            ]
            if ready:
                self.shift(self.slots.index(wanted[ready[0]]), ready[0])
            else:  # what is left are cycles: open one
                wrong = next(k for k, atom in enumerate(wanted) if self.slots[k] != atom)
                self.shift(wrong, self.slots.index(-1))

    def reduce(self):
        """Caratheodory: move along dependences of the fits, the penalty never rising, until there
        are none."""
        while len(held := self.held):
            along = dependence(self.fits[:, held])
            if along is None:
                return
            levels = self.levels.copy()
            levels[held], _ = moved_along(levels[held], along)
            self.to(levels)

    def _by_slot(self, levels):
        return np.array([levels[atom] if atom >= 0 else 0.0 for atom in self.slots])
