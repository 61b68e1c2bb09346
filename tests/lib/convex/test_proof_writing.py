"""Written proofs: accepted for data in every position, as good as the solver's bound, not false."""

import json
import os
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from oracles import descend, global_value, loss
from relucones import Network, activation_patterns, data, lambda_max, solve_global
from relucones.convex import write_proof
from relucones.convex.exact_least_squares import nonnegative_least_squares
from relucones.exact_proof import check
from strategies import problems, seeds

THOROUGH = os.environ.get("RELUCONES_THOROUGH") == "1"
A_SAMPLE = settings(max_examples=400 if THOROUGH else 40)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("proofs") / "proof.json"


@A_SAMPLE
@given(problems())
def test_data_in_every_position(path, problem):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    best = solve_global(X, y, lam, tol=1e-12)
    report = write_proof(path, X, y, lam, best)
    assert check(path) == report
    assert report.ok
    assert report.gap <= best.gap / (best.value or 1) + 1e-9
    assert float(report.loss) == pytest.approx(best.value, rel=1e-12)
    # The bound by another route: from the dual vector in the file, in floating point.
    proof = json.loads(path.read_text(encoding="utf-8"))
    nu = np.array([float(Fraction(v)) for v in proof["nu"]])
    assert float(report.bound) == pytest.approx(
        y @ nu - len(y) / 4 * nu @ nu, rel=1e-9, abs=1e-12 * (y @ y)
    )


@given(problems(most=5), seeds)
def test_no_network_is_below_the_bound(path, problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    bound = float(write_proof(path, X, y, lam).bound)
    for m in (1, 3, 6):
        assert loss(
            *descend(X, y, lam, m, np.random.default_rng(seed), steps=60), X, y, lam
        ) >= bound * (1 - 1e-12)


@settings(max_examples=60 if THOROUGH else 12)
@given(problems(most=4))
def test_the_bound_is_the_optimum_of_the_whole_program(path, problem):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    assert float(write_proof(path, X, y, lam).bound) == pytest.approx(
        global_value(X, y, lam), rel=1e-6, abs=1e-9
    )


def gaussian(n, d):
    rng = np.random.default_rng(9)
    return rng.standard_normal((n, d)), rng.standard_normal(n)


@pytest.mark.parametrize(("n", "d", "cells"), [(20, 3, 382), (100, 3, 9902), (20, 5, 10072)])
def test_the_sizes_that_are_promised(path, n, d, cells):
    X, y = gaussian(n, d)
    report = write_proof(path, X, y, 0.01)
    assert report.ok
    assert report.cells == cells
    assert report.gap < 1e-9


X30, Y30 = gaussian(30, 3)
GRID = np.array([[i, j, 1.0] for i in range(5) for j in range(5)])
SPECIAL = {
    "zero points only": (np.zeros((3, 2)), [1.0, 2.0, 3.0], 0.1, 1e-10),
    "zero labels": (X30[:5], np.zeros(5), 0.1, 1e-10),
    "lambda above its maximum": (X30, Y30, 10.0, 1e-10),
    "repeated, opposite, parallel and zero": (
        np.concatenate([X30[:8], X30[:8], -X30[:8], 3 * X30[:8], 0 * X30[:4]]),
        np.resize(Y30, 36),
        0.01,
        1e-10,
    ),
    "a grid": (GRID, np.resize(Y30, 25), 1e-3, 1e-9),
    "low rank, up to rounding": (X30 @ gaussian(3, 12)[0], Y30, 0.01, 1e-9),
    "low rank, exactly": (np.round(X30 * 8)[:12, :2] @ np.ones((2, 9)), Y30[:12], 0.01, 1e-9),
    "more dimensions than points": (gaussian(6, 40)[0], Y30[:6], 0.1, 1e-10),
    "one dimension, many points": (gaussian(500, 1)[0], gaussian(500, 1)[1], 1e-3, 1e-10),
    "clusters": (np.repeat(X30[:4], 3, axis=0) + 1e-9 * X30[:12], Y30[:12], 1e-2, 1e-8),
    "units apart by 1e8": (X30 * [1e5, 1.0, 1e-3], Y30, 1e-3, 1e-9),
    "decimals": (np.round(X30, 1), np.round(Y30, 1), 0.1, 1e-10),
}


@pytest.mark.parametrize("case", SPECIAL)
def test_special_data(path, case):
    X, y, lam, gap = SPECIAL[case]
    report = write_proof(path, X, y, lam)
    assert report.ok
    assert report.gap < gap


@pytest.mark.parametrize("angle", [1e-7, 1e-12, 1e-17, 1e-40])
def test_points_that_floating_point_takes_for_parallel(path, angle):
    """The enumeration in floats may merge them; the proof lists the thin cells between them."""
    X = np.array([[1.0, 0.0], [1.0, angle], [0.0, 1.0]])
    report = write_proof(path, X, [1.0, -1.0, 0.3], 0.01)
    assert report.ok
    assert report.cells == 6


UNITS = (
    np.array([[3e9, 0.9], [3.1e9, -0.8], [2.8e9, 0.3], [2.9e9, -0.4]]),
    [1.0, -1.0, 0.3, -0.4],
    0.01,
    0.0253358283,
)
THIN = (np.array([[1.0, 1e-10], [1.0, -1e-10]]), [1.0, -1.0], 1e-12, 0.0199)


@pytest.mark.parametrize("problem", [UNITS, THIN], ids=["units", "thin"])
def test_the_bound_is_below_the_optimum_whatever_the_solver_says(path, problem):
    X, y, lam, optimum = problem
    report = write_proof(path, X, y, lam)
    assert report.ok
    assert report.bound <= optimum * (1 + 1e-7)
    assert report.loss >= optimum * (1 - 1e-7)


def test_a_dual_vector_that_is_not_feasible_is_shortened(path):
    X, y = data.five_points()
    best = solve_global(X, y, 0.01)
    for factor in (1 + 1e-13, 1 + 1e-6, 10.0):
        report = write_proof(path, X, y, 0.01, replace(best, dual=factor * best.dual))
        assert report.ok
        assert float(report.bound) == pytest.approx(best.value, rel=1e-9)


def test_another_network_is_stated(path):
    X, y = data.five_points()
    network = Network([[1.0, 0.5]], [2.0])
    report = write_proof(path, X, y, 0.01, network=network)
    assert report.ok
    assert float(report.loss) == pytest.approx(network.loss(X, y, 0.01))
    assert report.gap > 0.1


def test_the_cells_are_the_activation_patterns(path):
    X, y = gaussian(8, 3)
    write_proof(path, X, y, 0.01)
    listed = [cell["pattern"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert listed == [
        "".join("01"[bit] for bit in pattern) for pattern in activation_patterns(X).astype(int)
    ]


def test_bad_input_and_what_is_too_large(path, tmp_path):
    X, y = data.five_points()
    best = solve_global(X, y, 0.01)
    cases = [
        ({"X": X, "y": y[:-1], "lam": 0.01}, "y must have length 5"),
        ({"X": X, "y": y, "lam": 0.0}, "lam must be a positive"),
        (
            {"X": X, "y": y, "lam": 0.01, "solution": best.network},
            "solution must be a Solution, but it is a Network",
        ),
        (
            {"X": X[:4], "y": y[:4], "lam": 0.01, "solution": best},
            "solution.dual must have length 4",
        ),
        (
            {"X": X, "y": y, "lam": 0.01, "network": Network([[1.0]], [1.0])},
            "network must be a Network with 2 inputs",
        ),
    ]
    for arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            write_proof(tmp_path / "proof.json", **arguments)
    with pytest.raises(ValueError, match="cannot be written"):
        write_proof(tmp_path / "nowhere" / "proof.json", X, y, 0.01)
    with pytest.raises(ValueError, match="cannot be written"):
        write_proof(tmp_path, X, y, 0.01)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="more than 100,000 activation patterns"):
        write_proof(
            tmp_path / "proof.json", rng.standard_normal((18, 18)), rng.standard_normal(18), 5.0
        )
    assert list(tmp_path.iterdir()) == []


@given(seeds)
def test_exact_least_squares_meet_their_conditions(seed):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(1, 9), rng.integers(1, 5)
    walls = [[Fraction(int(v)) for v in row] for row in rng.integers(-2, 3, (n, d))]
    target = [Fraction(int(v)) for v in rng.integers(-3, 4, d)]
    support = [k for k in range(n) if rng.random() < 0.3]
    mu, square = nonnegative_least_squares(walls, target, support)
    residual = [t + sum(v * walls[k][j] for k, v in mu.items()) for j, t in enumerate(target)]
    assert sum(r * r for r in residual) == square
    for k, wall in enumerate(walls):
        gradient = sum(r * x for r, x in zip(residual, wall, strict=True))
        assert gradient >= 0
        assert mu.get(k, 0) >= 0
        assert gradient == 0 or k not in mu
