"""Non-negative least squares in rationals, for the few cells where floats do not suffice."""

from fractions import Fraction

from ..arrangement.exact import dot


def nonnegative_least_squares(walls, target, support=(), enough=-1):
    r"""Exact :math:`\mu\ge0` that minimise :math:`\|t + \sum_k \mu_k b_k\|`, in rationals.

    The active set method of Lawson and Hanson (1974). Without rounding it ends: the residual falls
    at every pass, and there are finitely many supports.

    Parameters
    ----------
    walls : n lists of d Fractions
        The vectors b_k.
    target : d Fractions
        The vector t.
    support : list of int
        Where mu may be positive in the end; a guess to start from.
    enough : Fraction
        Stop as soon as the square of the residual is at most this.

    Returns
    -------
    multipliers : dict
        The positive mu_k.
    square : Fraction
        The squared length of the residual.

    Examples
    --------
    >>> one, two = Fraction(1), Fraction(2)
    >>> nonnegative_least_squares([[one, 0 * one], [-one, one]], [two, one])
    ({1: Fraction(1, 2)}, Fraction(9, 2))
    """
    mu = _least_squares(walls, target, list(support))
    if mu is None or min(mu.values(), default=1) <= 0:
        mu = {}
    while True:
        residual = list(target)
        for k, v in mu.items():
            residual = [r + v * x for r, x in zip(residual, walls[k], strict=True)]
        square = dot(residual, residual)
        if square <= enough:
            return mu, square
        gains = {k: -dot(wall, residual) for k, wall in enumerate(walls) if k not in mu}
        gains = {k: gain**2 / dot(walls[k], walls[k]) for k, gain in gains.items() if gain > 0}
        if not gains:
            return mu, square
        mu = _with_one_more(walls, target, mu, max(gains, key=gains.get))


def _with_one_more(walls, target, mu, new):
    """Least squares with one more vector, less those whose multipliers would become negative."""
    mu = {**mu, new: Fraction(0)}
    while True:
        better = _least_squares(walls, target, list(mu))
        if min(better.values()) > 0:
            return better
        step = min(mu[k] / (mu[k] - better[k]) for k in mu if better[k] <= 0)
        mu = {k: v + step * (better[k] - v) for k, v in mu.items()}
        mu = {k: v for k, v in mu.items() if v > 0}


def _least_squares(walls, target, support):
    """Multipliers of any sign on the support that minimise the residual; None if the b_k depend."""
    system = [
        [dot(walls[i], walls[j]) for j in support] + [-dot(walls[i], target)] for i in support
    ]
    for c in range(len(support)):
        pivot = next((r for r in range(c, len(support)) if system[r][c]), None)
        if pivot is None:
            return None
        system[c], system[pivot] = system[pivot], system[c]
        system[c] = [x / system[c][c] for x in system[c]]
        for r in range(len(support)):
            if r != c and (factor := system[r][c]):
                system[r] = [x - factor * p for x, p in zip(system[r], system[c], strict=True)]
    return {k: row[-1] for k, row in zip(support, system, strict=True)}
