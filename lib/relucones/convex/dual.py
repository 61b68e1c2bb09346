r"""Bounds from the dual: the weight decay that is too large, and the bound that a dual vector proves."""


from .. import checks
from .faces import Faces


def lambda_max(X, y):
    r"""The smallest :math:`\lambda` for which the zero network is optimal: :math:`\max_{\|u\|\le1} |y^\top\sigma(Xu)| / n`.

    Derived here: at the zero network :math:`\nu = 2y/n`, and optimality is :math:`|\nu^\top\sigma(Xu)| \le 2\lambda`.

    Examples
    --------
    >>> lambda_max([[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0])
    2.5
    """
    X, y = checks.data(X, y)
    values = Faces(X).maximisers(y).values
    return float(values[0] / len(y)) if len(values) else 0.0


def dual_bound(faces, y, lam, nu, maximisers=None):
    r"""The lower bound that the vector `nu` proves, after scaling it into the feasible set of the dual.

    Every multiple :math:`t\nu` with :math:`t \max_u|\nu^\top\sigma(Xu)| \le 2\lambda` is feasible, so
    :math:`t\,y^\top\nu - \frac n4 t^2\|\nu\|^2` bounds the loss of every network from below; the best t is taken.
    `maximisers` are those of `nu` above :math:`2\lambda`, where they are known already.

    Returns
    -------
    bound : float
    feasible : array (n,)
        The scaled vector.
    maximisers : Maximisers
        The directions at which `nu` violates the constraint.
    """
    if maximisers is None:
        maximisers = faces.maximisers(nu, above=2 * lam)
    largest = max(faces.ceiling(nu, maximisers), 2 * lam)
    square, linear = nu @ nu, y @ nu
    best = max(2 * linear / (len(y) * square), 0.0) if square > 0 else 0.0
    t = min(2 * lam / largest, best)
    return t * linear - len(y) / 4 * t**2 * square, t * nu, maximisers
