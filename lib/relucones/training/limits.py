r"""Where descent from a network leads, told from the network: the finishing step of `relucones.training`.

Derived here:

* **A candidate.** If descent stays in the cones that its neurons touch, its limit is the optimum of the convex program
  over their signed patterns.
* **Small neurons live in a fixed field.** Near a stationary point with :math:`\nu = \frac2n(y - f(X))` a neuron moves up the
  function :math:`s_j\nu^\top\sigma(Xu)` of its direction u, and its size changes at the rate that this function minus
  :math:`2\lambda` tells. So whether the network stays near the point can be read off by following the directions alone.
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..certificate import STATIONARITY, certify, shortest_subgradient
from ..convex import solve_cone
from ..network import Network, relu

ROUNDING = 1e-12  # the sine of the angle to a wall below which a point is off


@dataclass(frozen=True, eq=False)
class Claim:
    """A limit that a network under descent may be heading for; see `claimed_limit`.

    Attributes
    ----------
    limit : Network
        The limit, parallel neurons merged.
    end : Network or None
        The limit with the network's own width: every neuron at the place it tends to, as long as its share. None if refused
        before that was found out.
    certificate : Certificate or None
        Of the limit; None when it is not stationary.
    distance : float
        How far the neurons are from `end`, in :math:`v_j = |a_j| w_j`, as a share of :math:`\\sum\\|v_j\\|`.
    refusal : str
        Why the limit is not accepted; empty when it is.
    """

    limit: Network
    end: Network
    certificate: object
    distance: float
    refusal: str


_NEAR = 0.01  # how near the limit must be
_MOST_PATTERNS = 200  # signed patterns beyond which no limit is looked for


class Approach:
    """The looks at one run that found the same limit, ever nearer."""

    def __init__(self):
        self.distances, self.value = [], np.nan

    def completed_by(self, claim):
        """Whether this look is the third in a row."""
        if claim is None or claim.refusal:
            self.distances = []
            return False
        value = claim.certificate.value
        nearer = not self.distances or claim.distance < self.distances[-1] or claim.distance < 1e-9
        if not (nearer and abs(value - self.value) <= 1e-9 * value):
            self.distances = []
        self.distances.append(claim.distance)
        self.value = value
        return len(self.distances) >= 3


def claimed_limit(network, X, y, lam, known=None):
    r"""Where descent from `network` leads, if it is near enough to tell.

    The limit is the optimum of the convex program over signed patterns (`solve_cone`): first those that the large neurons
    have, then, if that is not where the run is, those that all but the smallest are heading for. It is
    refused unless

    1. it is stationary, and its loss is not above the network's but near it;
    2. every neuron that is on somewhere, however small, moves up :math:`s_j\nu^\top\sigma(Xu)` either to a direction of the
       limit or to a value of at most :math:`2\lambda`, so that it does not grow: :math:`\nu` is the limit's dual vector;
    3. the vectors :math:`v_j = |a_j| w_j`, added up over the neurons with one destination, are near the limit's, and those of
       the neurons that will vanish are small;
    4. the residual is near the limit's.

    At a saddle that a small network lingers at, some tiny neuron grows: 2 refuses. Derived here; it is a criterion that the
    experiments confirm, not a theorem about descent.

    Parameters
    ----------
    network : Network
        An iterate of descent.
    X, y : arrays (n, d), (n,)
    lam : float
    known : dict, optional
        The limits of sets of signed patterns solved before on the same data; new ones are added.

    Returns
    -------
    Claim or None
        None when there are too many signed patterns to try.

    Examples
    --------
    >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0]
    >>> near = claimed_limit(Network([[1.2, 1.61], [1e-9, -1e-9]], [2.0, 1e-9]), X, y, lam=0.5)
    >>> near.limit.W.round(6), near.refusal
    (array([[1.2, 1.6]]), '')
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    nu = 2 / len(y) * (y - network.predict(X))
    sizes, live, s = _weighed(network, X)
    known = {} if known is None else known
    claim = None
    # The patterns that the large neurons have; failing these, the patterns that all but the smallest are heading for.
    for least, climbs in ((1e-3, False), (1e-6, True)):
        touched = live & (sizes > least * sizes[live].sum(initial=0.0))
        headed = _climbed(network.W[touched], s[touched], nu, X, _FAR) if climbs else network.W[touched]
        patterns, kinds = _touched_patterns(headed, s[touched], X)
        if len(patterns) > _MOST_PATTERNS:
            continue
        key = patterns.tobytes(), kinds.tobytes()
        if key not in known:
            known[key] = _limit_over(patterns, kinds, X, y, lam)
        if known[key] is None:
            continue
        claim = _judged(network, X, y, lam, nu, *known[key])
        if claim.end is not None:  # loss and residual agree: if it is refused, it is too early
            break
    return claim


def _weighed(network, X):
    """Of every neuron its size, whether it is on somewhere, and its sign."""
    sizes = np.abs(network.a) * np.linalg.norm(network.W, axis=1)
    return sizes, (sizes > 1e-200) & (network.W @ X.T > 0).any(axis=1), np.where(network.a < 0, -1, 1)


def _judged(network, X, y, lam, nu, directions, signs, weights, limit, certificate):
    """The claim that `limit` is where descent from `network`, whose dual vector is nu, leads."""
    if certificate is None:
        return Claim(limit, None, None, np.inf, "the limit is not stationary")
    natural = np.linalg.norm(y) / (np.linalg.norm(X, 2) or 1.0) or 1.0  # the size of a neuron that fits the labels
    limit_nu = 2 / len(y) * (y - limit.predict(X))
    loss, slack = network.loss(X, y, lam), np.linalg.norm(nu - limit_nu) * np.linalg.norm(X, axis=1).max()
    refusal = _first(
        {
            "the loss is already below the limit's": loss < certificate.value * (1 - 1e-9),
            "the loss is not near the limit's": loss > certificate.value + _NEAR * (certificate.value or lam * natural),
            "the residual is not near the limit's": slack > 0.2 * lam,
        }
    )
    if refusal:
        return Claim(limit, None, certificate, np.inf, refusal)
    sizes, live, s = _weighed(network, X)
    destination, height = np.full(len(sizes), -1), np.zeros(len(sizes))
    destination[live], height[live] = _destinations(network.W[live], s[live], limit_nu, X, directions, signs)
    end, distance = _ended(network, sizes, destination, directions, signs, weights, natural)
    refusal = _first(
        {
            "a neuron grows near the limit": (height > 2 * lam * (1 + 1e-4)).any(),
            "the neurons are not near the limit": distance > _NEAR,
        }
    )
    return Claim(limit, end, certificate, float(distance), refusal)


def _first(reasons):
    return next((reason for reason, holds in reasons.items() if holds), "")


# Small steps of constant length slide along walls; then ever smaller ones settle.
_FAR = 0.03 * np.concatenate([np.ones(200), 0.85 ** np.arange(100)])
_CLOSE = 0.1 * _FAR[100:]


def _climbed(W, s, nu, X, steps):
    r"""Where the directions of W end when they move up :math:`s\nu^\top\sigma(Xu)` over the unit sphere in such steps."""
    U = W / np.linalg.norm(W, axis=1, keepdims=True)
    if not len(U):
        return U
    slopes, floor = s[:, None] * nu, ROUNDING * np.linalg.norm(X, axis=1)
    for step in steps:
        pull = ((floor < U @ X.T) * slopes) @ X
        length = np.linalg.norm(pull, axis=1, keepdims=True)
        U = U + step * np.divide(pull, length, out=np.zeros_like(pull), where=length > 0)
        U /= np.linalg.norm(U, axis=1, keepdims=True)
    return U


def _destinations(W, s, nu, X, directions, signs):
    """For each row of W the limit's direction to which it climbs, -1 for none, and the height it reaches.

    Rows that are close to a direction of the limit climb in finer steps, which do not lead across a narrow hill.
    """
    close = _nearest(W, s, directions, signs) >= 0
    ends = np.empty_like(W)
    ends[close] = _climbed(W[close], s[close], nu, X, _CLOSE)
    ends[~close] = _climbed(W[~close], s[~close], nu, X, _FAR)
    return _nearest(ends, s, directions, signs), s * (relu(ends @ X.T) @ nu)


def _touched_patterns(U, s, X):
    """The signed patterns of the directions U, each as it is: a point that has been switched off stays off, even at its wall."""
    blocks = np.unique(np.column_stack([s > 0, ROUNDING * np.linalg.norm(X, axis=1) < U @ X.T]), axis=0)
    return blocks[:, 1:], np.where(blocks[:, 0], 1, -1)


def _limit_over(patterns, signs, X, y, lam):
    """The optimum over these signed patterns, to rounding: directions, signs, weights, network, certificate if stationary."""
    directions, signs, weights = _optimum_over(patterns, signs, X, y, lam)
    if directions is None:
        return None
    limit = Network.from_directions(directions, signs, weights)
    # Most sets of patterns lead to no stationary point; the global optimum is not asked for on their account.
    shortest = np.linalg.norm(shortest_subgradient(limit, X, y, lam))
    stationary = shortest <= STATIONARITY * 2 * lam * np.sqrt(limit.squared_norm())
    return directions, signs, weights, limit, certify(limit, X, y, lam) if stationary else None


def _optimum_over(patterns, signs, X, y, lam):
    if not len(patterns):
        return np.zeros((0, X.shape[1])), np.zeros(0, int), np.zeros(0)
    try:
        solution = solve_cone(X, y, lam, patterns, signs)
    except ArithmeticError:
        return None, None, None
    return solution.directions, solution.signs, solution.weights


def _nearest(W, s, directions, signs, within=0.02):
    """The index of the limit's direction of the same sign within that angle, or -1."""
    if not len(directions) or not len(W):
        return np.full(len(W), -1)
    U = W / np.linalg.norm(W, axis=1, keepdims=True)
    apart = np.linalg.norm(U[:, None] - directions[None], axis=2) + 9.0 * (s[:, None] != signs)
    return np.where(apart.min(axis=1) <= within, apart.argmin(axis=1), -1)


def _ended(network, sizes, destination, directions, signs, weights, natural):
    """The network at the limit, neuron by neuron, and how far it is from there."""
    V = network.W * np.abs(network.a)[:, None]
    share = np.zeros(len(sizes))
    gap = 0.0
    live = (network.W != 0).any(axis=1)
    for i, (u, c) in enumerate(zip(directions, weights, strict=True)):
        mine = destination == i
        together = V[mine].sum(axis=0)
        gap += np.linalg.norm(together - c * u) + sizes[mine].sum() - np.linalg.norm(together)
        share[mine] = sizes[mine] / max(sizes[mine].sum(), 1e-300) * c
    end = network
    if len(directions):
        u, s = directions[destination], signs[destination]
        end = Network(np.sqrt(share)[:, None] * u, np.where(destination >= 0, s * np.sqrt(share), 0.0))
    else:
        end = Network(0 * network.W, 0 * network.a)
    gap += sizes[live & (destination < 0)].sum()
    return end, gap / (weights.sum() or natural)
