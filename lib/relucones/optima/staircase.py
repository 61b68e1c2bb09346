r"""Into how many pieces the set of optimal networks falls, for every width.

Let :math:`\Theta^\star(m)` be the optimal networks of width m, and P the polytope of optima. With
:math:`H_m` the graph whose nodes are the vertices of P with at most m - 1 directions, and whose
edges are those of P that use at most m directions,

.. math:: \#\{\text{components of }\Theta^\star(m)\}
          = m!\,\#\{V : |V| = m\} + \#\{\text{components of } H_m\}

(derived here, after the staircase of Kim, Mishkin and Pilanci, arXiv 2411.07729). Up to the order
of the neurons m! is replaced by 1. The proof stands in the chapter on the staircase: one free slot
lets every neuron move anywhere, so only a vertex that fills all slots is fixed to its place.
"""

from dataclasses import dataclass
from math import factorial

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components


@dataclass(frozen=True)
class Stair:
    """The optimal networks of one width: a row of the staircase, read by name or as ``row["m"]``.

    Attributes
    ----------
    m : int
        The width.
    components : int
        The number of connected components.
    isolated : int
        How many of them are single networks.
    classes : int
        The number of components up to the order of the neurons.
    dimension : int
        The largest dimension of a component; -1 where there is no optimal network.
    """

    m: int
    components: int
    isolated: int
    classes: int
    dimension: int

    def __getitem__(self, name):
        return getattr(self, name)


def stair(polytope, m):
    """The `Stair` of width m."""
    sizes = polytope.supports.sum(axis=1)
    smallest = int(sizes.min())
    if smallest == 0:  # the zero network alone is optimal
        return Stair(m, 1, 1, 1, 0)
    filling, groups = int((sizes == m).sum()), pieces(polytope, m)
    fat = int(groups.max(initial=-1)) + 1
    alone = factorial(m) * filling
    dimension = m - smallest if m >= smallest else -1
    return Stair(m, alone + fat, alone, filling + fat, dimension)


def pieces(polytope, m):
    """The component of :math:`H_m` in which a vertex lies, (V,); -1 for vertices that are not in
    it."""
    supports = polytope.supports
    inside = supports.sum(axis=1) <= m - 1
    return _labelled(inside, _short_edges(polytope, m))


def shortest_way(polytope, m, here, there):
    """The vertices of a shortest way in :math:`H_m` between two of one component, both ends
    included."""
    edges, V = _short_edges(polytope, m), len(polytope.supports)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(V, V)).tocsr()
    before = breadth_first_order(graph, there, directed=False)[1]
    way = [here]
    while way[-1] != there:
        way.append(int(before[way[-1]]))
    return way


def _short_edges(polytope, m):
    edges, supports = polytope.edges, polytope.supports
    return edges[(supports[edges[:, 0]] | supports[edges[:, 1]]).sum(axis=1) <= m]


def _labelled(inside, edges):
    V = len(inside)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(V, V))
    labels = connected_components(graph, directed=False)[1]
    found = np.full(V, -1)
    found[inside] = np.unique(labels[inside], return_inverse=True)[1]
    return found


def connected_from(polytope):
    """The least width from which on all optimal networks are connected."""
    sizes = polytope.supports.sum(axis=1)
    if sizes.min() == 0:
        return 1
    # From rank + 1 on all edges are short enough.
    for m in range(polytope.rank + 1, int(sizes.min()) - 1, -1):
        if stair(polytope, m).components != 1:
            return m + 1
    return int(sizes.min())
