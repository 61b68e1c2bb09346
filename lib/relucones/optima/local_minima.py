r"""Is a network a local minimum? Decided where no accident is in the way.

A balanced network whose neurons are all non-zero, with linearly independent points on the walls of
each of them, is a local minimum exactly if it is stationary (Clarke) and
:math:`s_j\nu_k\le0` for every point k on a wall of a neuron j; it is a strict one, apart from
rescaling, exactly if the fits of its neurons are independent (derived here). A network with a zero
neuron is a local minimum only if it is a global one, since the zero neuron can grow in any
direction that violates the dual constraint.
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..convex import certify, faces_of
from ..network import Network
from ..walls import POLISHED, on_walls

_DEPENDENT = 1e-8


@dataclass(frozen=True, eq=False)
class Verdict:
    """What `local_minimum` found.

    Attributes
    ----------
    kind : str
        ``"global minimum"``, ``"local minimum"``, ``"saddle"``, ``"not stationary"``, or
        ``"undecided"`` where points on a wall depend on one another.
    strict : bool or None
        For minima: whether no other network near it is as low, apart from rescaling; None where it
        is not known.
    escape : Network or None
        For saddles: a network near it with a lower loss.
    """

    kind: str
    strict: bool | None
    escape: Network | None


def local_minimum(network, X, y, lam):
    r"""Whether a network is a strict local minimum, another one, or neither.

    Parameters
    ----------
    network : Network
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> from relucones import Network
    >>> X, y = [[1.0, 0.0], [-0.6, 0.8]], [1.3, 0.624]
    >>> bad = Network.from_directions([[1.0, 0.0], [0.28, 0.96]], [1, 1], [1.0, 1.0])
    >>> local_minimum(bad, X, y, lam=0.01).kind
    'local minimum'
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    certificate = certify(network, X, y, lam)
    fits = (np.sign(network.a)[:, None] * np.maximum(network.W @ X.T, 0)).T
    zero = ~network.W.any(axis=1) & (network.a == 0)
    independent = not zero.any() and _independent(fits.T)
    if certificate.is_global:
        return Verdict("global minimum", independent if not zero.any() else None, None)
    if not certificate.is_stationary:
        return Verdict("not stationary", None, None)
    nu = 2 / len(y) * (y - network.predict(X))
    if zero.any():
        return Verdict("saddle", None, _grown(network, X, y, lam, nu, int(zero.argmax())))
    walls = on_walls(network.W, X, POLISHED) & X.any(axis=1)
    prices = np.sign(network.a)[:, None] * nu
    small = POLISHED * np.abs(nu).max()
    concave = np.argwhere(walls & (prices > small))
    for j, k in concave:
        escape = _turned(network, X, y, lam, int(j), int(k), walls[j])
        if escape is not None:
            return Verdict("saddle", None, escape)
    if len(concave) or not all(_independent(X[on]) for on in walls):
        return Verdict("undecided", None, None)
    return Verdict("local minimum", independent, None)


def _independent(rows):
    if not len(rows):
        return True
    lengths = np.linalg.norm(rows, axis=1)
    if not lengths.all() or len(rows) > rows.shape[1]:
        return False
    return bool(
        np.linalg.svd(rows / lengths[:, None], compute_uv=False)[-1] > _DEPENDENT
    )


def _lower(network, X, y, lam, change):
    """The first of ever shorter changes of the network that lowers the loss, or None."""
    value = network.loss(X, y, lam)
    for size in 0.5 ** np.arange(1, 30):
        moved = change(size)
        if moved.loss(X, y, lam) < value:
            return moved
    return None


def _grown(network, X, y, lam, nu, j):
    """The network with its zero neuron j a little way along the direction that pays most."""
    top = faces_of(X).maximisers(nu, above=2 * lam, most=1)

    def change(size):
        W, a = network.W.copy(), network.a.copy()
        W[j], a[j] = size * top.directions[0], size * top.signs[0]
        return Network(W, a)

    return _lower(network, X, y, lam, change) if len(top.values) else None


def _turned(network, X, y, lam, j, k, walls):
    """The network with neuron j turned towards point k, along the walls of its other points."""
    others = X[walls & (np.arange(len(y)) != k)]
    along = X[k] - (np.linalg.pinv(others) @ (others @ X[k]) if len(others) else 0)
    if np.linalg.norm(along) <= _DEPENDENT * np.linalg.norm(X[k]):
        return None
    along *= np.linalg.norm(network.W[j]) / np.linalg.norm(along)

    def change(sign):
        def turned(size):
            W = network.W.copy()
            W[j] += sign * size * along
            return Network(W, network.a)

        return turned

    up = _lower(network, X, y, lam, change(1))
    return up if up is not None else _lower(network, X, y, lam, change(-1))
