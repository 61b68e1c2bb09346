r"""Bounds from the dual, without rounding: what a dual vector proves, and whether a network
contradicts it.

.. math:: \max_\nu\; y^\top\nu - \frac n4\|\nu\|^2 \quad\text{s.t.}\quad
          |\nu^\top\sigma(Xu)| \le 2\lambda \;\;\forall\, \|u\| \le 1

Every feasible :math:`\nu` bounds the loss of every network of every width from below (weak
duality). The bound that is handed out is computed with fractions and rounded down, so it is one on
the floats that were given.
"""

from fractions import Fraction
from math import nextafter

import numpy as np

from .. import checks
from ..arrangement import exact
from .exact_ceiling import rounded_down, rounded_up
from .faces import Faces


def lambda_max(X, y):
    r"""The smallest :math:`\lambda` for which the zero network is optimal: :math:`\max_{\|u\|\le1}
    |y^\top\sigma(Xu)| / n`.

    Derived here: at the zero network :math:`\nu = 2y/n`, and optimality is
    :math:`|\nu^\top\sigma(Xu)| \le 2\lambda`.

    Examples
    --------
    >>> lambda_max([[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0])
    2.5
    """
    X, y = checks.data(X, y)
    return Faces(X).largest(y) / len(y)


def dual_bound(faces, y, lam, nu, candidates=None):
    r"""The lower bound that the vector `nu` proves, after scaling it into the feasible set of the
    dual.

    Every multiple :math:`t\nu` with :math:`t \max_u|\nu^\top\sigma(Xu)| \le 2\lambda` is feasible,
    so
    :math:`t\,y^\top\nu - \frac n4 t^2\|\nu\|^2` bounds the loss of every network from
    below; the best t is taken.
    `candidates` are those of `nu` above :math:`2\lambda`, where they are known already.

    Returns
    -------
    bound : float
        Rounded down from an exact value.
    feasible : array (n,)
        The scaled vector.
    maximisers : Maximisers
        The directions at which `nu` violates the constraint.
    """
    if candidates is None:
        candidates = faces.candidates(nu, 2 * lam)
    ceiling = faces.ceiling(nu, 2 * lam, candidates)
    linear, square = _products(y, nu)
    t = 0.0
    if linear > 0 and np.isfinite(ceiling):
        t = float(min(2 * Fraction(lam) / Fraction(ceiling), 2 * linear / (len(y) * square)))
        while Fraction(t) * Fraction(ceiling) > 2 * Fraction(lam):
            t = nextafter(t, 0.0)
    bound = Fraction(t) * linear - Fraction(len(y), 4) * Fraction(t) ** 2 * square
    return rounded_down(bound), t * nu, faces.described(nu, candidates, 2 * lam)


def _products(y, nu):
    """The exact inner products of nu with y and with itself, as fractions."""
    (labels, e), (prices, f) = exact.integers(y), exact.integers(nu)
    linear = exact.dot(labels.tolist(), prices.tolist())
    square = exact.dot(prices.tolist(), prices.tolist())
    return linear * Fraction(2) ** (e + f), square * Fraction(4) ** f


def zero_loss(y):
    """The loss of the zero network, the mean of the squared labels, rounded down."""
    whole, exponent = exact.integers(y)
    squares = exact.dot(whole.tolist(), whole.tolist())
    return rounded_down(Fraction(squares, len(y)) * Fraction(4) ** exponent)


def surely_zero(X, y, lam):
    r"""Whether :math:`n\lambda \ge \|X\|\|y\|`, told exactly: then :math:`\nu = 2y/n` is feasible,
    and the zero network is optimal."""
    squares = Fraction(1)
    for part in (X, y):
        whole, exponent = exact.integers(part)
        entries = whole.ravel().tolist()
        squares *= exact.dot(entries, entries) * Fraction(4) ** exponent
    return (len(y) * Fraction(lam)) ** 2 >= squares


def exact_loss(network, X, y, lam):
    r"""The regularised loss of a network as a `Fraction`: no rounding.

    Examples
    --------
    >>> from relucones import Network
    >>> exact_loss(Network([[1.0]], [1.0]), np.array([[1.0], [3.0]]), np.array([0.0, 1.0]), 0.25)
    Fraction(3, 1)
    """
    (W, e), (points, f), (a, g), (labels, h) = map(exact.integers, (network.W, X, network.a, y))
    heights = np.maximum(points.dot(W.T), 0)
    residual = [
        fit * Fraction(2) ** (e + f + g) - label * Fraction(2) ** h
        for fit, label in zip(heights.dot(a).tolist(), labels.tolist(), strict=True)
    ]
    norm = exact.dot(W.ravel(), W.ravel()) * Fraction(4) ** e + exact.dot(a, a) * Fraction(4) ** g
    return sum((r * r for r in residual), Fraction(0)) / len(y) + Fraction(lam) * norm


def reconciled(network, X, y, lam, bound):
    """The loss of `network`, which no bound for all networks can exceed: where rounding says
    otherwise, it is told exactly.

    Raises
    ------
    ArithmeticError
        If the loss is truly below the bound: then the bound is false, and so is the code that found
        it.
    """
    value = network.loss(X, y, lam)
    if bound <= value:
        return value
    true = exact_loss(network, X, y, lam)
    if true < Fraction(bound):
        raise ArithmeticError(
            f"a network with the loss {float(true)!r} contradicts the lower bound {bound!r} on "
            "the loss of every network"
        )
    return rounded_up(true)
