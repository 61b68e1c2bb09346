r"""Is this network a global minimum, a stationary point that is not, or neither, and by how much?

Global optimality is decided by a bound from below, stationarity by the shortest element of the
subdifferential in which every ReLU at zero may take any derivative in [0, 1], as in the experiments
of Boursier et al. (arXiv 2505.22578).
"""

from dataclasses import dataclass

import numpy as np
import scipy

from .. import checks
from ..network import as_network, relu
from ..walls import POLISHED, on_walls
from .climbing import faces_of
from .dual import dual_bound, reconciled
from .programs import solve_global

# the relative length of the shortest subgradient up to which a network is called stationary
STATIONARITY = 1e-5


@dataclass(frozen=True)
class Certificate:
    r"""What is known about one network.

    Attributes
    ----------
    value : float
        Its regularised loss :math:`L_\lambda(\theta)`.
    lower_bound : float
        A number that the loss of no network, of any width, can be below.
    is_global : bool
        Whether ``gap <= tol * value``.
    stationarity : float
        The length of the shortest subgradient: 0 exactly at a Clarke-type stationary point.
    is_stationary : bool
        Whether `stationarity` is at most ``stationarity_tol`` times :math:`2\lambda\|\theta\|`, the
        length of the penalty's own gradient.
    zero_neurons : int
        How many neurons have :math:`w_j = 0` and :math:`a_j = 0`.
    """

    value: float
    lower_bound: float
    is_global: bool
    stationarity: float
    is_stationary: bool
    zero_neurons: int

    @property
    def gap(self):
        """How far the loss can at most lie above the global minimum."""
        return self.value - self.lower_bound

    @property
    def relative_gap(self):
        """The gap as a share of the loss; 0 where the loss is 0."""
        return self.gap / self.value if self.value > 0 else 0.0

    @property
    def verdict(self):
        """The certificate in the book's words."""
        if self.is_global:
            return "global minimum"
        return "spurious stationary point" if self.is_stationary else "not stationary"


def certify(network, X, y, lam, tol=1e-6, stationarity_tol=STATIONARITY, wall_tol=POLISHED):
    r"""Certify a network: global minimum, spurious stationary point, or neither.

    The bound from below is the dual value of the network's own residual :math:`\nu = \frac2n (y -
    f(X))`, scaled into
    :math:`|\nu^\top\sigma(Xu)| \le 2\lambda`; if that does not settle the matter, the
    global optimum is computed and its dual vector is used (thm-certificate). The bound holds for
    every width: the best network of a width that is too small for the global optimum is a
    stationary point above it, and is called spurious.

    :math:`\lambda` is half of torch's ``weight_decay`` for SGD and Adam on the mean squared
    error, weights and biases
    alike; AdamW is another thing.

    Parameters
    ----------
    network : Network, or a torch module (or state dict) as `Network.from_torch` reads it
        Where the first layer of a module has a bias, `X` may come as the module takes it, without
        the column of ones.
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    tol : float
        The relative gap below which the network is called a global minimum.
    stationarity_tol : float
        The length of the shortest subgradient, relative to :math:`2\lambda\|\theta\|`, below which
        the network is called stationary.
    wall_tol : float
        A neuron lies on the wall of a point if the sine of the angle between them, in balanced
        columns, is at most this (`relucones.walls`).

    Returns
    -------
    Certificate

    Examples
    --------
    >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0]
    >>> from relucones import Network
    >>> certify(Network([[1.2, 1.6]], [2.0]), X, y, lam=0.5).verdict
    'global minimum'
    >>> certify(Network([[0.0, 0.0]], [0.0]), X, y, lam=0.5).verdict
    'spurious stationary point'
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    tol, stationarity_tol = (
        checks.positive(tol, "tol"),
        checks.positive(stationarity_tol, "stationarity_tol"),
    )
    wall_tol = checks.nonnegative(wall_tol, "wall_tol")
    network, X = as_network(network, X)
    value = network.loss(X, y, lam)
    if not np.isfinite(value):
        raise checks.BadInput(
            "network must have a loss within the range of floats; its weights, the data or lam are "
            "too large"
        )
    faces = faces_of(X)
    bound, _, _ = dual_bound(faces, y, lam, 2 / len(y) * (y - network.predict(X)))
    if value - bound > tol * value:
        bound = max(bound, solve_global(X, y, lam, faces=faces).lower_bound)
    value = reconciled(network, X, y, lam, bound)
    shortest = np.linalg.norm(shortest_subgradient(network, X, y, lam, wall_tol))
    scale = 2 * lam * np.sqrt(network.squared_norm())
    return Certificate(
        value=value,
        lower_bound=bound,
        is_global=bool(value - bound <= tol * value),
        stationarity=float(shortest),
        is_stationary=bool(shortest <= stationarity_tol * scale),
        zero_neurons=int(np.sum((network.a == 0) & ~network.W.any(axis=1))),
    )


def shortest_subgradient(network, X, y, lam, wall_tol=POLISHED):
    r"""The shortest vector among the gradients of :math:`L_\lambda` with ReLU derivatives in [0, 1]
    on walls.

    For neuron j, with residual :math:`r = f(X) - y`, and :math:`\delta_k = 1[w_j^\top x_k > 0]` off
    the walls and free in [0, 1] on them:

    .. math:: \frac{\partial L}{\partial a_j} = \frac2n r^\top\sigma(Xw_j) + 2\lambda a_j, \qquad
              \frac{\partial L}{\partial w_j} = \frac{2a_j}{n}\sum_k r_k\delta_k x_k + 2\lambda w_j.

    Neurons are independent of each other here, and each is a least-squares problem with bounds.

    Returns
    -------
    array (m, d + 1)
        Row j holds the part for :math:`w_j`, then the one for :math:`a_j`.
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    n = len(y)
    pull = 2 / n * (network.predict(X) - y)
    nonzero = X.any(axis=1)
    on_wall_of = on_walls(network.W, X, wall_tol) & nonzero
    rows = np.empty((network.width, X.shape[1] + 1))
    for j, (w, a, on_wall) in enumerate(zip(network.W, network.a, on_wall_of, strict=True)):
        dots = X @ w
        active = (dots > 0) & ~on_wall
        fixed = a * (active * pull) @ X + 2 * lam * w
        if a != 0 and (on_wall & (pull != 0)).any():
            free = a * pull[on_wall, None] * X[on_wall]
            options = {"method": "bvls", "tol": 1e-14, "max_iter": 100 + 10 * len(free)}
            shares = scipy.optimize.lsq_linear(free.T, -fixed, bounds=(0, 1), **options).x
            fixed = fixed + shares @ free
        rows[j] = *fixed, pull @ relu(dots) + 2 * lam * a
    return rows
