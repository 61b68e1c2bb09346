r"""Where training leads from a network, told from the network: the finishing step of
`relucones.training`.

Derived here:

* **A candidate.** If a run stays in the cones that its neurons touch, its limit is the optimum of
  the convex program over their signed patterns.
* **Small neurons live in a fixed field.** Near a stationary point with
  :math:`\nu = \frac2n(y - f(X))` a neuron moves up the function :math:`s_j\nu^\top\sigma(Xu)` of
  its direction u, and its size changes at the rate that this function minus
  :math:`2\lambda` tells. So whether the network stays near the point can be read off by following
  the directions alone.
* **In descent a neuron has both signs.** A finite step lets the outer weight of a dying neuron
  cross zero (see `relucones.training.descent`), anywhere on its way. Then it moves up the function
  with the other sign. So the network stays near the point only if it does not grow with that sign
  either.
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..convex import certify, shortest_subgradient, solve_cone
from ..convex.certificate import STATIONARITY
from ..network import Network, relu

ROUNDING = 1e-12  # the sine of the angle to a wall below which a point is off
_NEAR = 0.01  # how near the limit must be, as a share of its size
_ARRIVED = 1e-6  # nearer than this a run need not come: solver and flow err by about as much
_GROWS = 1e-4  # the excess over 2 lam above which a neuron grows, far above errors of a limit
_CLOSE = 0.2  # of lam: by how much the price of a direction may differ between network and limit
_MOST_PATTERNS = 200  # signed patterns beyond which no limit is looked for
_LIVE, _SMALL, _SMALLEST = (
    1e-300,
    1e-3,
    1e-6,
)  # sizes: what counts at all, and shares of the sum that are touched first
_WITHIN = 0.02  # radians within which a neuron has arrived at a direction of the limit


@dataclass(frozen=True, eq=False)
class Claim:
    """A limit that a network in training may be heading for; see `claimed_limit`.

    Attributes
    ----------
    limit : Network
        The limit, parallel neurons merged.
    end : Network or None
        The limit with the network's own width: every neuron at the place it tends to, as long as
        its share. None if refused before that was found out.
    certificate : Certificate or None
        Of the limit; None when it is not stationary.
    distance : float
        How far the neurons are from `end`, in :math:`v_j = |a_j| w_j`, as a share of
        :math:`\\sum\\|v_j\\|`.
    refusal : str
        Why the limit is not accepted; empty when it is.
    resolution : float
        The distance that one step of descent may move neurons back and forth, in the same units; 0
        for the flow.
    """

    limit: Network
    end: Network
    certificate: object
    distance: float
    refusal: str
    resolution: float = 0.0


class Approach:
    """The looks at one run that found the same limit, ever nearer, or as near as its steps can
    tell."""

    def __init__(self):
        self.distances, self.value = [], np.nan

    def completed_by(self, claim):
        """Whether this look is the third in a row."""
        if claim is None or claim.refusal:
            self.distances = []
            return False
        value, near = claim.certificate.value, max(_ARRIVED, claim.resolution)
        nearer = not self.distances or claim.distance < self.distances[-1] or claim.distance < near
        if not (nearer and abs(value - self.value) <= 1e-9 * value):
            self.distances = []
        self.distances.append(claim.distance)
        self.value = value
        return len(self.distances) >= 3


@dataclass(frozen=True, eq=False)
class _Limit:
    """The optimum over some signed patterns: its active directions with signs and weights."""

    directions: np.ndarray
    signs: np.ndarray
    weights: np.ndarray
    network: Network
    certificate: object  # None if it is not stationary


@dataclass(frozen=True, eq=False)
class _Neurons:
    """The neurons of a network: lengths of a_j w_j, unit directions, signs, and whether each is on
    somewhere."""

    sizes: np.ndarray
    directions: np.ndarray
    signs: np.ndarray
    live: np.ndarray

    @classmethod
    def of(cls, network, X):
        largest = np.abs(network.W).max(axis=1, initial=0.0)
        scaled = (
            network.W / np.where(largest > 0, largest, 1.0)[:, None]
        )  # squares of tiny numbers would vanish
        lengths = np.linalg.norm(scaled, axis=1)
        directions = scaled / np.where(lengths > 0, lengths, 1.0)[:, None]
        live = (largest > _LIVE) & (directions @ X.T > 0).any(axis=1)
        sizes = np.abs(network.a) * lengths * largest
        return cls(sizes, directions, np.where(network.a < 0, -1, 1), live)


def claimed_limit(network, X, y, lam, known=None, *, both_signs=False, step=0.0):
    r"""Where training leads from `network`, if it is near enough to tell.

    The limit is the optimum of the convex program over signed patterns (`solve_cone`): first those
    that the large neurons have, then, if that is not where the run is, those that all but the
    smallest are heading for. It is refused unless

    1. it is stationary, and its loss is not above the network's but near it;
    2. every neuron that is on somewhere, however small, moves up :math:`s_j\nu^\top\sigma(Xu)`
       either to a direction of the limit or to a value of at most :math:`2\lambda`, so that it does
       not grow: :math:`\nu` is the limit's dual vector;
    3. the vectors :math:`v_j = |a_j| w_j`, added up over the neurons with one destination, are near
       the limit's, and those of the neurons that will vanish are small;
    4. the residual is near the limit's.

    At a saddle that a small network lingers at, some tiny neuron grows: 2 refuses. Derived here; it
    is a criterion that the experiments confirm, not a theorem about training.

    Parameters
    ----------
    network : Network
        An iterate of the flow or of descent.
    X, y : arrays (n, d), (n,)
    lam : float
    known : dict, optional
        The limits of sets of signed patterns solved before on the same data; new ones are added.
    both_signs : bool
        Whether a neuron that vanishes may turn round on its way, as in descent with finite steps:
        then 2 must hold for the other sign, too, from where it is and from where it is heading. By
        default the signs are kept, as in the flow.
    step : float
        The step of descent, by which neurons may jump back and forth about a wall.

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

    The second neuron dies, with the sign that it has; the other sign would make it grow.

    >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, -4.0]
    >>> dying = Network([[1.41421356, -1e-3], [0.0, 1e-9]], [1.41421356, 1e-9])
    >>> claimed_limit(dying, X, y, lam=0.5).refusal
    ''
    >>> claimed_limit(dying, X, y, lam=0.5, both_signs=True).refusal
    'a neuron may turn its sign and grow'
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    nu = 2 / len(y) * (y - network.predict(X))
    neurons = _Neurons.of(network, X)
    total = neurons.sizes[neurons.live].sum(initial=0.0)
    known = {} if known is None else known
    claim = None
    # The patterns that the large neurons have; failing these, those that all but the smallest are
    # heading for.
    for least, climbs in ((_SMALL, False), (_SMALLEST, True)):
        touched = neurons.live & (neurons.sizes > least * total)
        U, s = neurons.directions[touched], neurons.signs[touched]
        patterns, kinds = _touched_patterns(_climbed(U, s, nu, X, _STRIDES) if climbs else U, s, X)
        if len(patterns) > _MOST_PATTERNS:
            continue
        key = patterns.tobytes(), kinds.tobytes()
        if key not in known:
            known[key] = _limit_over(patterns, kinds, X, y, lam)
        if known[key] is None:
            continue
        claim = _judged(network, neurons, known[key], X, y, lam, both_signs, step)
        if claim.end is not None:  # loss and residual agree: if it is refused, it is too early
            break
    return claim


def _judged(network, neurons, limit, X, y, lam, both_signs, step):
    """The claim that `limit` is where training leads from `network`."""
    certificate = limit.certificate
    if certificate is None:
        return Claim(limit.network, None, None, np.inf, "the limit is not stationary")
    natural = (
        np.linalg.norm(y) / (np.linalg.norm(X, 2) or 1.0) or 1.0
    )  # the size of a neuron that fits the labels
    residual = limit.network.predict(X) - network.predict(X)
    away = 2 / len(y) * np.linalg.norm(residual) * np.linalg.norm(X, axis=1).max()
    loss, value = network.loss(X, y, lam), certificate.value
    refusal = _first(
        {
            "the loss is already below the limit's": loss < value * (1 - 1e-9),
            "the loss is not near the limit's": loss > value + _NEAR * (value or lam * natural),
            "the residual is not near the limit's": away > _CLOSE * lam,
        }
    )
    if refusal:
        return Claim(limit.network, None, certificate, np.inf, refusal)
    nu = 2 / len(y) * (y - limit.network.predict(X))
    destination, height, turned = _destinations(neurons, nu, X, limit, both_signs)
    end, distance = _ended(network, neurons, destination, limit, natural)
    refusal = _first(
        {
            "a neuron grows near the limit": height > 2 * lam * (1 + _GROWS),
            "a neuron may turn its sign and grow": turned > 2 * lam * (1 + _GROWS),
            "the neurons are not near the limit": distance > _NEAR,
        }
    )
    # On a wall a step of descent moves v_j back and forth by the step times a_j^2 times a pull of
    # about 2 lam.
    resolution = 10 * step * 2 * lam
    return Claim(limit.network, end, certificate, float(distance), refusal, resolution)


def _first(reasons):
    return next((reason for reason, holds in reasons.items() if holds), "")


# ---- where directions climb ----------------------------------------------------------------------

# Small steps of constant length slide along walls; then ever smaller ones settle.
_STRIDES = 0.03 * np.concatenate([np.ones(200), 0.85 ** np.arange(100)])
_SHORT_STRIDES = 0.1 * _STRIDES[100:]


def _climbed(U, s, nu, X, strides):
    r"""Where the unit directions U end when they move up :math:`s\nu^\top\sigma(Xu)` in such
    steps."""
    if not len(U):
        return U
    slopes, floor = s[:, None] * nu, ROUNDING * np.linalg.norm(X, axis=1)
    for stride in strides:
        pull = ((floor < U @ X.T) * slopes) @ X
        length = np.linalg.norm(pull, axis=1, keepdims=True)
        U = U + stride * np.divide(pull, length, out=np.zeros_like(pull), where=length > 0)
        U /= np.linalg.norm(U, axis=1, keepdims=True)
    return U


def _destinations(neurons, nu, X, limit, both_signs):
    """For each neuron the limit's direction to which it climbs, -1 for none; the largest height
    that any reaches outside the limit; and the largest that any reaches after turning its sign (0
    if signs are kept).

    Neurons that are close to a direction of the limit climb in finer steps, which do not lead
    across a narrow hill.
    """
    live = neurons.live
    U, s = neurons.directions[live], neurons.signs[live]
    close = _nearest(U, s, limit) >= 0
    ends = np.empty_like(U)
    ends[close] = _climbed(U[close], s[close], nu, X, _SHORT_STRIDES)
    ends[~close] = _climbed(U[~close], s[~close], nu, X, _STRIDES)
    found = _nearest(ends, s, limit)
    destination = np.full(len(live), -1)
    destination[live] = found
    height = (s * (relu(ends @ X.T) @ nu)).max(initial=0.0)
    turned = 0.0
    if both_signs:
        dying = found < 0
        starts, other = np.vstack([U[dying], ends[dying]]), -np.tile(s[dying], 2)
        turned = (other * (relu(_climbed(starts, other, nu, X, _STRIDES) @ X.T) @ nu)).max(
            initial=0.0
        )
    return destination, height, turned


def _nearest(U, s, limit):
    """The index of the limit's direction of the same sign within reach, or -1."""
    if not len(limit.directions) or not len(U):
        return np.full(len(U), -1)
    apart = np.linalg.norm(U[:, None] - limit.directions[None], axis=2)
    apart[s[:, None] != limit.signs] = np.inf
    return np.where(apart.min(axis=1) <= _WITHIN, apart.argmin(axis=1), -1)


# ---- candidates ----------------------------------------------------------------------------------


def _touched_patterns(U, s, X):
    """The signed patterns of the directions U, each as it is: a point that is off stays off, even
    at its wall."""
    on = ROUNDING * np.linalg.norm(X, axis=1) < U @ X.T
    blocks = np.unique(np.column_stack([s > 0, on]), axis=0)
    return blocks[:, 1:], np.where(blocks[:, 0], 1, -1)


def _limit_over(patterns, signs, X, y, lam):
    """The optimum over these signed patterns, to rounding; None if the solver finds none."""
    if len(patterns):
        try:
            solution = solve_cone(X, y, lam, patterns, signs)
        except ArithmeticError:
            return None
        directions, signs, weights = solution.directions, solution.signs, solution.weights
    else:
        directions, signs, weights = np.zeros((0, X.shape[1])), np.zeros(0, int), np.zeros(0)
    network = Network.from_directions(directions, signs, weights)
    # Most sets of patterns lead to no stationary point; the global optimum is not asked for on
    # their account.
    shortest = np.linalg.norm(shortest_subgradient(network, X, y, lam))
    stationary = shortest <= STATIONARITY * 2 * lam * np.sqrt(network.squared_norm())
    return _Limit(
        directions, signs, weights, network, certify(network, X, y, lam) if stationary else None
    )


def _ended(network, neurons, destination, limit, natural):
    """The network at the limit, neuron by neuron, and how far it is from there."""
    sizes = neurons.sizes
    V = sizes[:, None] * neurons.directions
    share, gap = np.zeros(len(sizes)), 0.0
    for i, (u, c) in enumerate(zip(limit.directions, limit.weights, strict=True)):
        mine = destination == i
        together = V[mine].sum(axis=0)
        gap += np.linalg.norm(together - c * u) + sizes[mine].sum() - np.linalg.norm(together)
        share[mine] = sizes[mine] / max(sizes[mine].sum(), 1e-300) * c
    gap += sizes[destination < 0].sum()
    if not len(limit.directions):
        return Network(0 * network.W, 0 * network.a), gap / natural
    u, s = limit.directions[destination], limit.signs[destination]
    end = Network(np.sqrt(share)[:, None] * u, np.where(destination >= 0, s * np.sqrt(share), 0.0))
    return end, gap / (limit.weights.sum() or natural)
