r"""The convex programs behind the landscape, each solved with a certified lower bound.

With :math:`v_j = |a_j| w_j` the regularised loss on one activation cone is a group lasso under cone
constraints,

.. math:: \min_{v_j \in K_{D_j}}
          \frac1n \Bigl\|\sum_j s_j D_j X v_j - y\Bigr\|^2 + 2\lambda \sum_j \|v_j\|,

and with all signed patterns at once it is the whole landscape, for every large enough width. Its
dual is

.. math:: \max_\nu\; y^\top\nu - \frac n4\|\nu\|^2 \quad\text{s.t.}\quad
          |\nu^\top\sigma(Xu)| \le 2\lambda \;\;\forall\, \|u\| \le 1.

Source: Pilanci and Ergen 2020 for the program; the normalisation of Boursier et al. (arXiv
2505.22578).
"""

import warnings
from dataclasses import replace

import numpy as np

from .. import checks
from .climbing import faces_of
from .cone_program import ConeProgram
from .cutting_planes import cutting_planes
from .dual import dual_bound, surely_zero, zero_loss
from .faces import Faces
from .solution import Columns, as_solution, columns_from_vectors, without_dependent_columns


def solve_global(X, y, lam, tol=1e-8, method="exact", faces=None):
    r"""The global minimum of the regularised loss over networks of every width, certified.

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    tol : float
        The relative duality gap to reach.
    method : {"exact", "clarabel"}
        "exact": cutting planes on the dual, with the constraint maximised over all faces of the
        arrangement. "clarabel": the whole program, one block per signed pattern, through CVXPY;
        readable, and slow beyond n = 20.
    faces : Faces, optional
        The faces of the arrangement of `X`, where they have been listed already.

    Returns
    -------
    Solution
        With at most n neurons, whose fits are linearly independent.

    Raises
    ------
    ValueError
        For bad input; for "clarabel" also when `X` has too many activation patterns to list.

    Notes
    -----
    "exact" on data with too many patterns: directions are then found by climbing from many starts,
    and the bound rests on an inequality (see `relucones.convex.climbing`). Value and bound are
    still true, but the gap stays open, and is reported.

    For a tiny `lam` rounding limits the gap: the restricted problem is solved in floats, and its
    prices :math:`n\lambda` are that much smaller than the labels. With 100 points in space and
    :math:`\lambda = 10^{-9}\lambda_{\max}` a relative gap of about :math:`10^{-5}` is left. Points
    that are parallel but for :math:`10^{-9}` or less need prices of that size to tell them apart,
    and leave a gap as well; taking them for one point, with the mean of their labels, closes it.

    Examples
    --------
    >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0]
    >>> best = solve_global(X, y, lam=0.5)
    >>> round(best.value, 9), best.relative_gap < 1e-12, len(best.weights)
    (4.5, True, 1)
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    tol = checks.positive(tol, "tol")
    checks.choice(method, "method", ("exact", "clarabel"))
    if np.log10(lam) < sum(np.log10(np.abs(part).max() or 1.0) for part in (X, y)) - 200:
        raise checks.BadInput(
            f"lam must not be that close to the smallest float for these data, but it is {lam}"
        )
    largest = [float(np.abs(part).max()) for part in (X, y)]
    if largest[1] > 1e45 * largest[0] > 0:
        raise checks.BadInput(
            f"X and y must be nearer in size, but the largest entries are {largest[0]:.3g} and "
            f"{largest[1]:.3g}: weights would leave the range of floats; use other units"
        )
    faces = faces or (Faces(X) if method == "clarabel" else faces_of(X))
    if method == "clarabel":
        return _whole_program(faces, y, lam)
    return cutting_planes(faces, y, lam, tol)


def solve_cone(X, y, lam, patterns, signs, polish=True):
    r"""The minimum of the regularised loss over one closed activation cone, with its multipliers.

    .. math:: \min_{(2D_j - I) X v_j \ge 0}
              \frac1n \Bigl\|\sum_j s_j D_j X v_j - y\Bigr\|^2 + 2\lambda\sum_j \|v_j\|

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    patterns : bool array (k, n)
        The activation patterns of the neurons. A signed pattern given twice counts once: merging
        two neurons of one signed pattern never increases the loss.
    signs : array (k,)
        The signs of the outer weights.
    polish : bool
        Add up neurons on one face and improve the solution to rounding; without, it is the
        interior-point solver's own, which spreads over all neurons that some minimiser uses.

    Returns
    -------
    Solution
        Its `lower_bound` bounds the minimum over this cone only.

    Examples
    --------
    >>> best = solve_cone([[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0], 0.5, [[True, True]], [1])
    >>> round(best.value, 6)
    4.5
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    patterns = checks.patterns(patterns, "patterns", len(y))
    if len(patterns) == 0:
        raise checks.BadInput("patterns must hold at least one pattern")
    signs = checks.signs(signs, "signs", len(patterns))
    if surely_zero(X, y, lam):
        none = Columns.none(*X.shape), np.zeros(0)
        return as_solution(X, y, lam, *none, zero_loss(y), 2 / len(y) * y, np.zeros(patterns.shape))
    blocks, member = np.unique(np.column_stack([signs > 0, patterns]), axis=0, return_inverse=True)
    solution = ConeProgram(X, y, lam, len(blocks)).solve(
        blocks[:, 1:], np.where(blocks[:, 0], 1, -1), polish
    )
    return replace(solution, multipliers=solution.multipliers[member.ravel()])


def _whole_program(faces, y, lam):
    """The program over all signed patterns as one would write it on the blackboard."""
    import cvxpy as cp  # slow to import, and only needed here

    X, n = faces.X, len(y)
    D = faces.arrangement.patterns().T  # (n, N): one column per pattern
    D = D[:, D.any(axis=0)]
    if D.shape[1] == 0:  # all points are zero
        return as_solution(X, y, lam, Columns.none(*X.shape), np.zeros(0), zero_loss(y), 2 / n * y)
    U, V = cp.Variable((X.shape[1], D.shape[1])), cp.Variable((X.shape[1], D.shape[1]))
    fit = cp.sum(cp.multiply(D, X @ (U - V)), axis=1)
    penalty = cp.sum(cp.norm(U, 2, axis=0)) + cp.sum(cp.norm(V, 2, axis=0))
    inside = [cp.multiply(2 * D - 1, X @ W) >= 0 for W in (U, V)]
    problem = cp.Problem(cp.Minimize(cp.sum_squares(fit - y) / n + 2 * lam * penalty), inside)
    with warnings.catch_warnings():
        # the gap says how accurate
        warnings.filterwarnings("ignore", message="Solution may be inaccurate")
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-10, tol_feas=1e-10)
    bound, dual, _ = dual_bound(faces, y, lam, 2 / n * (y - fit.value))
    signs = np.repeat([1, -1], D.shape[1])
    columns, weights = columns_from_vectors(X, y, np.hstack([U.value, V.value]).T, signs)
    return as_solution(X, y, lam, *without_dependent_columns(columns, weights), bound, dual)
