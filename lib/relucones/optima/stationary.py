r"""All stationary points of a small problem, as far as their fits are independent.

A neuron of a stationary point lies in the open face of the arrangement that its walls make, and
there its vector is the minimiser of a convex problem: the group lasso

.. math:: \min_{v_j\in\mathrm{span}(F_j)}
          \frac1n\Bigl\|\sum_j s_jD_jXv_j-y\Bigr\|^2 + 2\lambda\sum_j\|v_j\|,

in which walls are equations. Two neurons of one signed face would have one direction, so points
with independent fits have different signed faces. Going through all sets of at most m signed faces
therefore finds them all (derived here). A candidate counts if its vectors lie in their open faces,
and if the walls can hold it: with shares :math:`\tau_k\in[0,1]` of the ReLU's slope there, the
gradient vanishes (Clarke).
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import scipy

from .. import checks
from ..arrangement import Arrangement
from ..convex import solve_global
from ..convex.solution import Columns, FaceBases, newton_on_faces
from ..network import Network

_MOST = 300_000  # sets of faces that are gone through
_CHUNK = 20_000
_GLOBAL = 1e-9  # the relative gap at which a point is the global minimum
_SHARE = 1e-8  # how far beside [0, 1] rounding may bring a share
_AT_REST = 1e-9  # the length of a gradient that is rounding, in units of 2 lam


@dataclass(frozen=True, eq=False)
class StationaryPoint:
    r"""A stationary point of the loss over networks of width m.

    Attributes
    ----------
    network : Network
        Balanced, of width m: those neurons that are not at work are zero.
    value : float
        Its regularised loss.
    kind : str
        ``"global minimum"``; ``"strict local minimum"``, apart from rescaling none near it is as
        low; ``"saddle at a concave wall"``, where some wall has :math:`s_j\nu_k>0`;
        ``"saddle at a zero neuron"``, which can grow; ``"zero network"``.
    neurons : int
        How many neurons are at work.
    relative_gap : float
        How far the loss lies above the certified bound of all widths, as a share of it.
    """

    network: Network
    value: float
    kind: str
    neurons: int
    relative_gap: float


@dataclass(frozen=True, eq=False)
class Face:
    """A face of the arrangement: the points that are active and that vanish on it, at least one
    active, and a basis of its span."""

    active: np.ndarray  # (n,)
    vanishing: np.ndarray  # (n,)
    basis: np.ndarray  # (d, q): of its span


def stationary_points(X, y, lam, m):
    r"""All stationary points with independent fits of networks of width m, lowest first.

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data: few points, since all sets of at most m faces are gone through.
    lam : float
        The weight decay :math:`\lambda > 0`.
    m : int
        The width.

    Returns
    -------
    list of StationaryPoint

    Raises
    ------
    ValueError
        For bad input, or if there are too many sets of faces.

    Examples
    --------
    >>> points = stationary_points([[1.0]], [1.0], 0.1, m=1)
    >>> [(p.kind, round(p.value, 3)) for p in points]
    [('global minimum', 0.19), ('zero network', 1.0)]
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    m = checks.count(m, "m")
    faces = [(face, s) for face in faces_of_all_dimensions(Arrangement(X)) for s in (1, -1)]
    sets = sum(comb(len(faces), k) for k in range(1, m + 1))
    if sets > _MOST:
        raise checks.BadInput(
            f"m must be smaller for these data: {len(faces)} signed faces have {sets:,} sets of at "
            f"most m = {m}, and {_MOST:,} can be gone through"
        )
    problem = _Problem(X, y, lam, m)
    found = [problem.point(Columns.none(*X.shape), np.zeros(0))]
    for k in range(1, m + 1):
        chosen = combinations(range(len(faces)), k)
        while some := [c for _, c in zip(range(_CHUNK), chosen, strict=False)]:
            found += problem.among([[faces[i] for i in c] for c in some])
    return sorted((p for p in found if p is not None), key=lambda p: p.value)


def faces_of_all_dimensions(A):
    """All faces of an arrangement but the origin and those on which no point is active."""
    if A.rank == 0:
        return
    rays, side, _ = A.rays
    for u, s in zip(np.concatenate([rays, -rays]), np.concatenate([side, -side]), strict=True):
        yield from _face(A, s > 0, s == 0, u[:, None])
    for flats in A.flats:
        for zero, basis, cells in zip(flats.zero, flats.basis, flats.cells, strict=True):
            for cell in cells:
                yield from _face(A, cell & ~zero, zero, basis)


def _face(A, active, zero, basis):
    vanishing = A.vanishing_points(zero[None])[0]
    on = A.on_points(active[None])[0] & ~vanishing
    if on.any():
        yield Face(on, vanishing, basis)


class _Problem:
    def __init__(self, X, y, lam, m):
        self.X, self.y, self.lam, self.m = X, y, lam, m
        self.bound = solve_global(X, y, lam, tol=1e-12).lower_bound
        self._lengths = np.linalg.norm(X, axis=1)
        self._basis_of = FaceBases(X)

    def among(self, sets):
        """The stationary points on these sets of signed faces, all of one size."""
        for faces, blocks in zip(sets, self._minimisers(sets), strict=True):
            lengths = np.linalg.norm(blocks, axis=1)
            if lengths.min() <= 1e-7 * max(lengths.max(), 1e-300):
                continue
            pairs = [
                (face, face.basis @ z[: face.basis.shape[1]])
                for (face, _), z in zip(faces, blocks, strict=True)
            ]
            vectors = [v for _, v in pairs]
            if all(self._inside(v, f.active, f.vanishing, 1e-3) for f, v in pairs):
                yield self._polished(faces, np.array(vectors))

    def _minimisers(self, sets):
        """The group lasso of each set, by accelerated proximal steps with restarts, all at once:
        coordinates (sets, k, q), padded with zeros."""
        k, n = len(sets[0]), len(self.y)
        q = max(face.basis.shape[1] for faces in sets for face, _ in faces)
        A = np.zeros((len(sets), n, k, q))
        for a, faces in zip(A, sets, strict=True):
            for j, (face, sign) in enumerate(faces):
                fits = sign * (face.active[:, None] * self.X) @ face.basis
                a[:, j, : fits.shape[1]] = fits
        A = A.reshape(len(sets), n, k * q)
        H = 2 / n * np.einsum("bni,bnj->bij", A, A)
        g = 2 / n * np.einsum("bni,n->bi", A, self.y)
        steepest = np.linalg.eigvalsh(H)[:, -1:]
        z, ahead, t = np.zeros_like(g), np.zeros_like(g), 1.0
        for _ in range(3000):
            v = ahead - (np.einsum("bij,bj->bi", H, ahead) - g) / steepest
            blocks = v.reshape(-1, k, q)
            lengths = np.maximum(np.linalg.norm(blocks, axis=2, keepdims=True), 1e-300)
            shrink = np.maximum(1 - 2 * self.lam / (steepest[:, :, None] * lengths), 0)
            new = (blocks * shrink).reshape(g.shape)
            t, before = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
            uphill = np.einsum("bi,bi->b", ahead - new, new - z) > 0
            ahead = new + (before - 1) / t * (new - z) * ~uphill[:, None]
            change, z = np.abs(new - z).max(), new
            if change <= 1e-9 * np.abs(z).max():
                break
        return z.reshape(-1, k, q)

    def _inside(self, v, active, vanishing, slack):
        """Whether a vector lies in an open face, up to a sine of `slack`."""
        sines = self.X @ v / (np.maximum(self._lengths, 1e-300) * np.linalg.norm(v))
        off = ~active & ~vanishing
        return bool((sines[active] > -slack).all() and (sines[off] < slack).all())

    def _polished(self, faces, vectors):
        weights = np.linalg.norm(vectors, axis=1)
        signs = np.array([sign for _, sign in faces])
        active = np.array([face.active for face, _ in faces])
        vanishing = np.array([face.vanishing for face, _ in faces])
        directions = vectors / weights[:, None]
        fits = (signs[:, None] * np.where(active, directions @ self.X.T, 0)).T
        columns = Columns(directions, signs, fits, vanishing)
        columns, weights = newton_on_faces(
            self.X, columns, weights, self.y, self.lam, self._basis_of
        )
        # Newton's method keeps to the spans of the faces, not to the faces.
        if not all(
            self._inside(u, fit != 0, zero, -1e-9)
            for u, fit, zero in zip(
                columns.directions, columns.fits.T, columns.vanishing, strict=True
            )
        ):
            return None
        return self.point(columns, weights)

    def point(self, columns, weights):
        """The `StationaryPoint` with these neurons, or None if it is none or its fits depend on one
        another."""
        n, k = columns.fits.shape
        unit = columns.fits / np.linalg.norm(columns.fits, axis=0)
        if k and (k > n or np.linalg.cond(unit) > 1e8):
            return None
        nu = 2 / n * (self.y - columns.fits @ weights)
        concave = False
        for u, s, fit, zero in zip(
            columns.directions, columns.signs, columns.fits.T, columns.vanishing, strict=True
        ):
            zero = zero & self.X.any(axis=1)
            if not self._held(u, s * nu, fit != 0, zero):
                return None
            concave |= bool((s * nu[zero] * self._lengths[zero] > _AT_REST * self.lam).any())
        small = Network.from_directions(columns.directions, columns.signs, weights)
        network = Network(*_padded(small, self.m))
        value = network.loss(self.X, self.y, self.lam)
        gap = (value - self.bound) / value if value > 0 else 0.0
        return StationaryPoint(network, value, self._kind(k, gap, concave), k, gap)

    def _kind(self, k, gap, concave):
        if gap <= _GLOBAL:
            return "global minimum"
        if k == 0:
            return "zero network"
        if concave:
            return "saddle at a concave wall"
        return "strict local minimum" if k == self.m else "saddle at a zero neuron"

    def _held(self, u, prices, active, walls):
        """Whether shares of the walls' slopes in [0, 1] bring a neuron to rest."""
        missing = 2 * self.lam * u - (active * prices) @ self.X
        pulls = prices[walls, None] * self.X[walls]
        if not walls.any():
            return bool(np.linalg.norm(missing) <= _AT_REST * 2 * self.lam)
        shares = scipy.optimize.lsq_linear(pulls.T, missing, (-_SHARE, 1 + _SHARE), tol=1e-14).x
        left = np.linalg.norm(shares @ pulls - missing)
        return bool(left <= 1e-7 * 2 * self.lam)


def _padded(network, m):
    """Weights of width m: zero neurons are added, or left out where there is none at work."""
    inner, outer = np.zeros((m, network.dimension)), np.zeros(m)
    k = min(network.width, m)
    inner[:k], outer[:k] = network.W[:k], network.a[:k]
    return inner, outer
