"""The components of the set of optimal networks, counted without vertices or edges.

A cell of the complex is an assignment of directions to slots (or of none); it is feasible when some
optimum uses no other direction. Cells are convex, and two of them meet exactly when what they have
in common is feasible.
"""

from itertools import product

import numpy as np
from scipy.optimize import nnls


def feasible(fits, fit):
    """For every set of directions, as bits of a number, whether some optimum uses no other."""
    k, size = len(fits), np.linalg.norm(fit)
    found = np.zeros(1 << k, dtype=bool)
    for mask in range(1 << k):
        chosen = [i for i in range(k) if mask >> i & 1]
        rest = nnls(fits[chosen].T, fit)[1] if chosen else size
        found[mask] = rest <= 1e-7 * size
    return found


def count_pieces(fits, fit, m):
    """The number of components at width m, and up to the order of the neurons."""
    k, ok = len(fits), feasible(fits, fit)
    cells = [
        slots
        for slots in product(range(k + 1), repeat=m)
        if ok[sum(1 << i for i in set(slots) - {k})]
    ]
    parent = {cell: cell for cell in cells}

    def root(cell):
        while parent[cell] != cell:
            parent[cell] = cell = parent[parent[cell]]
        return cell

    for cell in cells:  # a cell is joined to those that it becomes when one free slot is filled
        for j in np.flatnonzero(np.array(cell) == k):
            for i in range(k):
                parent[root((*cell[:j], i, *cell[j + 1 :]))] = root(cell)
    ordered = len({root(cell) for cell in cells})
    for cell in cells:
        parent[root(tuple(sorted(cell)))] = root(cell)
    return ordered, len({root(cell) for cell in cells})
