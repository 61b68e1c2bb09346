r"""Networks with several outputs, solved exactly.

With rows :math:`w_j` and :math:`a_j\in\mathbb{R}^c`, and the penalty
:math:`\lambda\sum_j(\|w_j\|^2+\|a_j\|^2)`, the program and its dual are

.. math:: \min \frac1n\Bigl\|\sum_j\sigma(Xu_j)v_j^\top - Y\Bigr\|_F^2 + 2\lambda\sum_j\|v_j\|,
   \qquad \max_N \langle Y,N\rangle - \frac n4\|N\|_F^2
   \;\text{ s.t. }\; \|N^\top\sigma(Xu)\|\le2\lambda \;\;\forall\,\|u\|\le1 .

On a face of the arrangement, with the basis B of its span and the active points D, the square of
the constraint is the quadratic form of :math:`B^\top X^\top D NN^\top D X B`. A maximiser inside a
face is an eigenvector of the largest eigenvalue, by the condition of second order, so going through
all faces finds the largest value (derived here).
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..arrangement import Arrangement
from ..network import relu
from .skip import agreeing
from .stationary import faces_of_all_dimensions

_PASSES = 60
_NEAR = 1e-6  # the sine beside a wall up to which an eigenvector is taken to lie in its face
_ONE = 1e-9  # eigenvalues this near, as a share, are taken to be one
EPS = np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class VectorSolution:
    r"""An optimal network with several outputs.

    Attributes
    ----------
    value, lower_bound : float
        Its loss, and a number that no network of any width can be below.
    directions : array (k, d)
        Unit directions :math:`u_j` of the neurons.
    outputs : array (k, c)
        Their outgoing vectors :math:`v_j`, with all the length.
    dual : array (n, c)
        The feasible dual matrix behind the bound.
    """

    value: float
    lower_bound: float
    directions: np.ndarray
    outputs: np.ndarray
    dual: np.ndarray

    @property
    def relative_gap(self):
        """The gap as a share of `value`; 0 where that is 0."""
        return (self.value - self.lower_bound) / self.value if self.value > 0 else 0.0

    def predict(self, X):
        """The outputs on the rows of `X`, (n, c)."""
        X = checks.matrix(X, "X", columns=self.directions.shape[1])
        return relu(X @ self.directions.T) @ self.outputs


def solve_vector(X, Y, lam, tol=1e-8):
    r"""The least loss over networks of every width with c outputs, certified.

    .. math:: \frac1n\sum_k\|f(x_k)-y_k\|^2 + \lambda\sum_j(\|w_j\|^2+\|a_j\|^2)

    Parameters
    ----------
    X, Y : arrays (n, d), (n, c)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    tol : float
        The relative gap to reach.

    Returns
    -------
    VectorSolution

    Raises
    ------
    ValueError
        For bad input, or too many faces to list.

    Examples
    --------
    >>> best = solve_vector([[1.0, 0.2], [0.2, 1.0]], [[1.0, 0.0], [0.0, 1.0]], lam=0.05)
    >>> round(best.value, 9), best.relative_gap < 1e-8
    (0.197048611, True)
    """
    X, Y = checks.matrix(X, "X"), checks.matrix(Y, "Y")
    if len(X) != len(Y):
        raise checks.BadInput(f"Y must have {len(X)} rows, but it has {len(Y)}")
    lam = checks.penalty(lam)
    tol = checks.positive(tol, "tol")
    n = len(X)
    oracle = _Faces(X)
    U, V, where = np.zeros((0, X.shape[1])), np.zeros((0, Y.shape[1])), np.zeros(0, int)
    bound, dual = -np.inf, None
    N = 2 / n * Y
    value = float(np.mean((Y**2).sum(axis=1)))
    best = value, U, V
    for _ in range(_PASSES):
        ceiling, new, faces = oracle.largest(N, 2 * lam)
        proved, feasible = _bound(Y, N, lam, ceiling)
        if proved > bound:
            bound, dual = proved, feasible
        if best[0] - bound <= tol * best[0] or not len(new):
            break
        U, where = np.vstack([U, new]), np.append(where, faces)
        V = _group_lasso(relu(X @ U.T), Y, lam)
        U, V, where = _improved(oracle, Y, lam, U, V, where)
        value = _loss(X, Y, lam, U, V)
        best = min(best, (value, U, V), key=lambda one: one[0])
        N = 2 / n * (Y - relu(X @ U.T) @ V)
    value, U, V = best
    return VectorSolution(value, agreeing(bound, value), U, V, dual)


def _loss(X, Y, lam, U, V):
    misfit = relu(X @ U.T) @ V - Y
    lengths = np.linalg.norm(U, axis=1) * np.linalg.norm(V, axis=1)
    return float((misfit**2).sum() / len(X) + 2 * lam * lengths.sum())


def _bound(Y, N, lam, ceiling):
    """What a dual matrix proves after scaling, less all that rounding can have added."""
    n = len(Y)
    linear, square = (Y * N).sum(), (N**2).sum()
    t = min(2 * lam / ceiling * (1 - 8 * EPS), max(2 * linear / (n * square), 0.0)) if square else 0
    off = (Y.size + 8) * EPS * (t * np.abs(Y * N).sum() + n / 2 * t**2 * square)
    return t * linear - n / 4 * t**2 * square - off, t * N


class _Faces:
    """All faces of the arrangement, ready to maximise the dual constraint."""

    def __init__(self, X):
        self.X = X
        self._lengths = np.maximum(np.linalg.norm(X, axis=1), 1e-300)
        self.faces = list(faces_of_all_dimensions(Arrangement(X)))
        self._spread = np.linalg.norm(X)

    def largest(self, N, above):
        r"""A ceiling on :math:`\|N^\top\sigma(Xu)\|`, at least `above`, and the directions of local
        maximisers above it, the highest first, with the places of their faces."""
        rounding = 64 * len(self.X) * EPS * self._spread * np.linalg.norm(N)
        ceiling, found = above, []
        for place, face in enumerate(self.faces):
            weighed = (N[face.active].T @ self.X[face.active]) @ face.basis
            _, singular, Vt = np.linalg.svd(weighed, full_matrices=False)
            if not len(singular) or singular[0] + rounding <= above:
                continue
            u = self._maximiser(face, singular, Vt)
            if u is None:
                continue
            ceiling = max(ceiling, singular[0] + rounding)
            if singular[0] > above:
                found.append((singular[0], u, place))
        found.sort(key=lambda one: -one[0])
        directions = np.array([u for _, u, _ in found[:40]]).reshape(-1, self.X.shape[1])
        return ceiling, directions, [place for _, _, place in found[:40]]

    def _maximiser(self, face, singular, Vt):
        """A unit vector of the face that belongs to the largest eigenvalue, or None."""
        top = Vt[singular >= singular[0] * (1 - _ONE)] @ face.basis.T
        if len(top) == 1:
            return next((u for u in (top[0], -top[0]) if self.inside(u, face)), None)
        # A whole space of them: the one nearest to the middle of the face, if there is any.
        sides = np.where(face.active, 1.0, -1.0)[~face.vanishing, None]
        middle = _inner_point(sides * self.X[~face.vanishing] @ top.T)
        return None if middle is None else middle @ top

    def inside(self, u, face):
        """Whether a unit vector lies in a face, or a little beside it."""
        sines = self.X @ u / self._lengths
        off = ~face.active & ~face.vanishing
        return (sines[face.active] > -_NEAR).all() and (sines[off] < _NEAR).all()


def _inner_point(rows):
    """A unit vector z with ``rows @ z >= 0`` as far inside as can be, or None."""
    from scipy.optimize import linprog

    k = rows.shape[1]
    lengths = np.linalg.norm(rows, axis=1)
    found = linprog(
        np.append(np.zeros(k), -1.0),
        A_ub=np.column_stack([-rows, lengths]),
        b_ub=np.full(len(rows), _NEAR) * lengths,
        bounds=[(-1, 1)] * k + [(None, 1)],
        method="highs",
    )
    if found.status != 0 or found.x[-1] < -_NEAR or not found.x[:-1].any():
        return None
    return found.x[:-1] / np.linalg.norm(found.x[:-1])


def _group_lasso(fits, Y, lam):
    """Outgoing vectors (k, c) of fixed directions, by accelerated proximal steps with restarts."""
    n, k = fits.shape
    sizes = np.linalg.norm(fits, axis=0)
    unit, price = fits / sizes, 2 * lam / sizes
    H, G = 2 / n * unit.T @ unit, 2 / n * unit.T @ Y
    steepest = np.linalg.eigvalsh(H)[-1]
    V, ahead, t = np.zeros((k, Y.shape[1])), np.zeros((k, Y.shape[1])), 1.0
    for _ in range(5000):
        moved = ahead - (H @ ahead - G) / steepest
        lengths = np.maximum(np.linalg.norm(moved, axis=1), 1e-300)
        new = moved * np.maximum(1 - price / (steepest * lengths), 0)[:, None]
        t, before = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
        uphill = ((ahead - new) * (new - V)).sum() > 0
        ahead = new if uphill else new + (before - 1) / t * (new - V)
        change, V = np.abs(new - V).max(), new
        if change <= 1e-12 * max(np.abs(V).max(), 1e-300):
            break
    return V / sizes[:, None]


def _improved(oracle, Y, lam, U, V, where):
    """The same network without copies, and at rest within its faces: the better of several ways to
    tell copies apart."""
    lengths = np.linalg.norm(V, axis=1)
    kept = lengths > 1e-9 * max(lengths.max(initial=0), 1e-300)
    U, V, where = U[kept], V[kept], where[kept]
    tried = [(U, V, where)]
    for near in (1e-6, 1e-2, 0.1):
        tried.append(_at_rest(oracle, Y, lam, *_merged(U, V, where, near)))
    return min(
        (one for one in tried if one is not None),
        key=lambda one: (round(_loss(oracle.X, Y, lam, *one[:2]), 13), len(one[0])),
    )


def _merged(U, V, where, near):
    """Neurons of one face with nearly one direction and output, added up."""
    merged = []
    for j in np.argsort(-np.linalg.norm(V, axis=1)):
        ahead = V[j] / np.linalg.norm(V[j])
        for one in merged:
            u, v, face = one
            beside = np.linalg.norm(u / np.linalg.norm(u) - U[j])
            turned = np.linalg.norm(v / np.linalg.norm(v) - ahead)
            if face == where[j] and max(beside, turned) < near:
                size, more = np.linalg.norm(v), np.linalg.norm(V[j])
                one[0] = (size * u + more * U[j]) / (size + more)
                one[1] = v + V[j]
                break
        else:
            merged.append([U[j], V[j], where[j]])
    if not merged:
        return U[:0], V[:0], where[:0]
    units = np.array([u / np.linalg.norm(u) for u, _, _ in merged])
    return units, np.array([v for _, v, _ in merged]), np.array([face for _, _, face in merged])


def _at_rest(oracle, Y, lam, U, V, where):
    """The network after a quasi-Newton method on coordinates within its faces, where the loss is
    smooth; None where it leaves them."""
    from scipy.optimize import minimize

    if not len(U):
        return U, V, where
    X, (n, c), k = oracle.X, Y.shape, len(U)
    faces = [oracle.faces[place] for place in where]
    q = max(face.basis.shape[1] for face in faces)
    fits, spread = np.zeros((k, n, q)), np.zeros((k, X.shape[1], q))
    for j, face in enumerate(faces):
        spread[j, :, : face.basis.shape[1]] = face.basis
        fits[j] = (face.active[:, None] * X) @ spread[j]
    root = np.sqrt(np.linalg.norm(V, axis=1, keepdims=True))

    def loss(theta):
        z, A = theta[: k * q].reshape(k, q), theta[k * q :].reshape(k, c)
        heights = np.einsum("jnq,jq->nj", fits, z)
        misfit = heights @ A - Y
        value = (misfit**2).sum() / n + lam * (theta**2).sum()
        of_z = np.einsum("jnq,nj->jq", fits, 2 / n * misfit @ A.T)
        gradient = np.concatenate([of_z.ravel(), (2 / n * heights.T @ misfit).ravel()])
        return value, gradient + 2 * lam * theta

    begin = np.einsum("jdq,jd->jq", spread, U * root)
    end = minimize(
        loss,
        np.concatenate([begin.ravel(), (V / root).ravel()]),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 5000, "maxfun": 10_000, "maxcor": 40, "ftol": 0, "gtol": 1e-12},
    ).x
    W = np.einsum("jdq,jq->jd", spread, end[: k * q].reshape(k, q))
    A, lengths = end[k * q :].reshape(k, c), np.linalg.norm(W, axis=1, keepdims=True)
    kept = lengths[:, 0] > 1e-9 * lengths.max()
    W, A, lengths, where = W[kept], A[kept], lengths[kept], where[kept]
    U = W / lengths
    if not all(oracle.inside(u, oracle.faces[place]) for u, place in zip(U, where, strict=True)):
        return None
    return U, A * lengths, where
