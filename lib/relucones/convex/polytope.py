r"""The polytope of optima: the vertices of the set of coefficients that write the optimal fit."""

import numpy as np
import scipy

MOST_TOGETHER = 20  # coupons whose subsets are listed one by one
_MOST_BASES = 3000  # of the polytope of optima, before listing its vertices is given up


def _supports(fits, fit):
    """The minimal sets of rows of `fits` (k, n) that can write the optimal fit with positive coefficients, or None.

    They are the supports of the vertices of the polytope of all such coefficients. The bases of a polytope are connected
    by pivots, so a walk from one basis finds them all; None when there are too many bases or coupons.
    """
    k = len(fits)
    if k == 0:
        return [()]
    U, singular, Vt = np.linalg.svd(fits.T, full_matrices=False)
    rank = int(np.sum(singular > 1e-8 * singular[0]))
    # In these coordinates the coefficients solve A c = b with orthonormal rows A.
    A, b = Vt[:rank], U[:, :rank].T @ fit / singular[:rank]
    if rank == k:
        weights = A.T @ b
        return [tuple(np.flatnonzero(weights > 1e-8 * weights.max()).tolist())]
    start = _completed_basis(A, np.flatnonzero(scipy.optimize.nnls(A, b)[0]))
    seen, waiting, found = {start}, [start], set()
    while waiting:
        basis = waiting.pop()
        support, neighbours = _pivots(A, b, basis)
        found.add(support)
        new = neighbours - seen
        seen |= new
        waiting.extend(sorted(new))
        if len(seen) > _MOST_BASES:
            return None
    return sorted(found, key=lambda s: (len(s), s)) if len(set().union(*found)) <= MOST_TOGETHER else None


def _completed_basis(A, columns):
    """Independent columns of A, those given first, as many as A has rows."""
    chosen = []
    for column in [*columns, *np.setdiff1d(np.arange(A.shape[1]), columns)]:
        if len(chosen) < len(A) and np.linalg.matrix_rank(A[:, [*chosen, column]], tol=1e-9) > len(chosen):
            chosen.append(int(column))
    return tuple(sorted(chosen))


def _pivots(A, b, basis):
    """The support of the vertex at a feasible basis, and the feasible bases one pivot away."""
    table = np.linalg.solve(A[:, basis], np.column_stack([A, b]))
    weights = table[:, -1]
    zero = 1e-8 * np.abs(weights).max()
    neighbours = set()
    for entering in np.setdiff1d(np.arange(A.shape[1]), basis):
        column = table[:, entering]
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(column > 1e-9, np.maximum(weights, 0) / column, np.inf)
        for leaving in np.flatnonzero(steps <= steps.min() + zero):
            if np.isfinite(steps[leaving]):
                neighbours.add(tuple(sorted({*basis, int(entering)} - {basis[leaving]})))
    return tuple(i for i, c in zip(basis, weights, strict=True) if c > zero), neighbours
