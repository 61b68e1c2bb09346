"""One repetition of one solver in this process: ``python solvers.py '{"solver": "exact", "n": 20,
...}'`` prints JSON.

`run.py` starts a process per repetition, so that the peak of memory is that of one solve. Every
solver is warmed up on four points first: imports and compilation are not timed, building the
problem is. Everything runs on one thread, and "seconds" are processor seconds: on a quiet machine
they equal the wall-clock time, which is stored beside them, and on a busy one they do not count the
waiting.

``exact``
    `relucones.solve_global`: patterns, faces, optimum and certificate.
``clarabel``
    The whole program, one block per signed pattern, through CVXPY and Clarabel.
``cones``
    The per-cone route of the published experiments (arXiv 2505.22578): list the patterns, draw a
    cone of `CONE_WIDTH` signed patterns, solve its program through CVXPY and Clarabel, keep the
    best of `CONES`. Two favours: the width is the largest published one, and the search ends as
    soon as a cone reaches the optimum, which a reader would not know.
``pyscnn``
    The augmented Lagrangian of Mishkin, Sahiner and Pilanci with all patterns as gates and its
    default tolerances, in double precision, without rescaling the columns (that would change the
    penalty). ``pyscnn-sampled`` takes 250 random gates instead, as its quick start does. Listing
    the gates is not timed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cvxpy as cp
import numpy as np
from own_process import PEERS, Stopwatch
from scipy.optimize import linprog

from relucones import (
    Network,
    activation_patterns,
    data,
    good_cone_probability,
    landscape_table,
    solve_global,
)

CONE_WIDTH, CONES = 640, 20
REACHED = 1e-6  # a cone this close to the optimum, relatively, has reached it
WIDTHS = (10, 20, 40, 80, 160, 320, 640)
GRID = ((4, 3), (4, 5), (6, 3), (6, 5))


# ---- a whole optimum -----------------------------------------------------------------------------


def by_relucones(X, y, lam, method):
    solve_global(X[:4], y[:4], lam, method=method)
    watch = Stopwatch()
    solution = solve_global(X, y, lam, method=method)
    return {
        **watch.read(),
        "value": solution.value,
        "relative_gap": solution.gap / solution.value,
        "neurons": len(solution.weights),
    }


def by_cones(X, y, lam, seed):
    rng = np.random.default_rng(seed)
    optimum = best_known(X, y, lam)
    cone_minimum(X[:4], y[:4], lam, np.eye(4, dtype=bool), np.ones(4))
    watch = Stopwatch()
    patterns = activation_patterns(X)
    best, tried = np.inf, 0
    while tried < CONES and best > optimum * (1 + REACHED):
        drawn = patterns[rng.integers(len(patterns), size=CONE_WIDTH)]
        best = min(best, cone_minimum(X, y, lam, drawn, rng.choice([-1, 1], size=CONE_WIDTH)))
        tried += 1
    return {**watch.read(), "value": best, "excess": best / optimum - 1, "cones": tried}


def cone_minimum(X, y, lam, patterns, signs):
    """The minimum over one cone as one would write it on the blackboard, equal signed patterns
    merged."""
    blocks = np.unique(np.column_stack([signs > 0, patterns]), axis=0)
    s, D = np.where(blocks[:, 0], 1, -1), blocks[:, 1:].T
    V = cp.Variable((X.shape[1], len(s)))
    fit = cp.sum(cp.multiply(s * D, X @ V), axis=1)
    value = cp.sum_squares(fit - y) / len(y) + 2 * lam * cp.sum(cp.norm(V, 2, axis=0))
    return float(
        cp.Problem(cp.Minimize(value), [cp.multiply(2 * D - 1, X @ V) >= 0]).solve(
            solver=cp.CLARABEL
        )
    )


def cone_minimum_by_neurons(X, y, lam, patterns, signs):
    """The same with a variable for each neuron, as the program of one cone reads."""
    blocks = np.unique(np.column_stack([signs > 0, patterns]), axis=0)
    vectors = [cp.Variable(X.shape[1]) for _ in blocks]
    pairs = [
        (v, 1 if block[0] else -1, block[1:]) for v, block in zip(vectors, blocks, strict=True)
    ]
    fit = sum(s * cp.multiply(D, X @ v) for v, s, D in pairs)
    value = cp.sum_squares(fit - y) / len(y) + 2 * lam * sum(cp.norm(v) for v in vectors)
    inside = [cp.multiply(np.where(D, 1, -1), X @ v) >= 0 for v, _, D in pairs]
    return float(cp.Problem(cp.Minimize(value), inside).solve(solver=cp.CLARABEL))


def best_known(X, y, lam):
    return solve_global(X, y, lam).value


# ---- another package -----------------------------------------------------------------------------


def by_pyscnn(X, y, lam, solver, seed):
    """The peer runs in an environment of its own; the loss of the network it returns is computed
    here."""
    gates = (
        np.random.default_rng(seed).standard_normal((250, X.shape[1]))
        if "sampled" in solver
        else inner_vectors(X)
    )
    with tempfile.TemporaryDirectory() as folder:
        task, answer = Path(folder, "task.npz"), Path(folder, "answer.npz")
        np.savez(task, X=X, y=y, lam=lam, gates=gates.T, tol=1e-6)
        python = PEERS / "bin" / "python"
        subprocess.run(
            [python, Path(__file__).with_name("peer.py"), task, answer],
            check=True,
            capture_output=True,
        )
        with np.load(answer, allow_pickle=False) as found:
            W, a = found["W"], found["a"]
            measured = json.loads(str(found["measured"]))
    value = Network(W, a).loss(X, y, lam)
    return {
        **measured,
        "value": value,
        "excess": value / best_known(X, y, lam) - 1,
        "neurons": len(a),
    }


def inner_vectors(X):
    """A vector well inside the cell of every activation pattern: the one farthest from all walls in
    the unit cube."""
    d, units = X.shape[1], X / np.linalg.norm(X, axis=1, keepdims=True)
    vectors = []
    for pattern in activation_patterns(X):
        walls = np.column_stack([np.where(pattern, -1, 1)[:, None] * units, np.ones(len(X))])
        bounds = [(-1, 1)] * d + [(None, None)]
        vectors.append(
            linprog(np.append(np.zeros(d), -1), A_ub=walls, b_ub=np.zeros(len(X)), bounds=bounds).x[
                :d
            ]
        )
    return np.array(vectors)


# ---- the landscape -------------------------------------------------------------------------------


def landscape(solver, lam, seed):
    """The proportion of good cones on the published grid of n, d and widths, for one data set per
    (n, d).

    "cones" solves 20 cones per point through CVXPY and compares with the optimum, with all neurons
    in one matrix; "neurons" does the same with a variable for each neuron. "exact" uses the
    formula, and "table" draws 20 cones per point too and also finds which minimisers are spurious
    stationary points.
    """
    curve = {
        "exact": exact_curve,
        "cones": sampled_curve,
        "neurons": sampled_by_neurons,
        "table": table_curve,
    }[solver]
    for n, d in GRID:  # imports and first calls
        list(curve(*data.gaussian_teacher(n, d, seed=99), lam, seed, widths=WIDTHS[:1]))
    problems = [data.gaussian_teacher(n, d, seed=seed) for n, d in GRID]
    watch = Stopwatch()
    good = [[float(share) for share in curve(*problem, lam, seed)] for problem in problems]
    return {**watch.read(), "good": good}


def exact_curve(X, y, lam, seed, widths=WIDTHS):
    return good_cone_probability(X, y, lam, widths)


def sampled_by_neurons(X, y, lam, seed, widths=WIDTHS):
    return sampled_curve(X, y, lam, seed, widths, cone_minimum_by_neurons)


def sampled_curve(X, y, lam, seed, widths=WIDTHS, minimum=cone_minimum):
    rng = np.random.default_rng(seed)
    patterns = activation_patterns(X)
    both = np.concatenate([patterns, patterns])
    optimum = minimum(X, y, lam, both, np.repeat([-1, 1], len(patterns)))
    for m in widths:
        drawn = [
            (patterns[rng.integers(len(patterns), size=m)], rng.choice([-1, 1], size=m))
            for _ in range(CONES)
        ]
        yield np.mean([minimum(X, y, lam, *cone) <= optimum + 1e-7 for cone in drawn])


def table_curve(X, y, lam, seed, widths=WIDTHS):
    return landscape_table(X, y, lam, widths, cones=CONES, seed=seed).good


# ---- one repetition ------------------------------------------------------------------------------


def repetition(solver, group, n, d, lam, seed):
    if group == "landscape":
        return landscape(solver, lam, seed)
    X, y = data.gaussian_teacher(n, d, seed=0)
    if solver == "cones":
        return by_cones(X, y, lam, seed)
    if solver.startswith("pyscnn"):
        return by_pyscnn(X, y, lam, solver, seed)
    return by_relucones(X, y, lam, solver)


if __name__ == "__main__":
    print(json.dumps(repetition(**json.loads(sys.argv[1]))))
