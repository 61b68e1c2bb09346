"""Local minima among cones and among ends of descent: the criterion, and the stored experiment."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relucones import Network, certify, data, draw_cone, solve_cone, solve_global
from relucones_book.experiments import (
    all_at_work,
    cones,
    cones_data,
    cones_point,
    every_wall_holds,
    is_bad_local_minimum,
)
from relucones_book.reproduce import load
from strategies import seeds

LAM = 0.02


@settings(max_examples=60)
@given(seeds, st.integers(1, 2), st.sampled_from([(3, 2), (4, 3), (5, 2)]))
def test_a_stationary_network_is_a_local_minimum_when_every_wall_holds(seed, m, size):
    X, y = data.gaussian_teacher(*size, seed=seed)
    cone = solve_cone(X, y, LAM, *draw_cone(X, m, seed))
    network, rng = cone.network, np.random.default_rng(seed)
    best = solve_global(X, y, LAM).value
    assume(len(cone.weights) == m and cone.weights.min() > 1e-3)
    assume(certify(network, X, y, LAM, stationarity_tol=1e-6).is_stationary)
    assume(cone.value > best * (1 + 1e-4))
    low = is_bad_local_minimum(network, X, y, LAM, best, m)
    shaken = min(
        Network(
            network.W + 1e-5 * rng.standard_normal(network.W.shape),
            network.a + 1e-5 * rng.standard_normal(m),
        ).loss(X, y, LAM)
        for _ in range(600)
    )
    if low:
        assert shaken >= cone.value - 1e-12
    # A seat that stays empty is a way down.
    assert not is_bad_local_minimum(network, X, y, LAM, best, m + 1)


def test_a_wall_that_is_blind_does_not_hold():
    """Orthogonal points: on the wall of the second point a positive neuron would earn."""
    y, lam = np.array([1.0, 1.0, -1.0]), 0.05
    size = np.sqrt(1 - 3 * lam)
    stuck = Network([[size, 0.0, 0.0]], [size])
    assert certify(stuck, np.eye(3), y, lam).is_stationary
    assert not every_wall_holds(stuck, np.eye(3), y, lam)
    length = np.sqrt(np.sqrt(2) - 3 * lam)
    alone = Network(length * np.array([[1.0, 1.0, 0.0]]) / np.sqrt(2), [length])
    assert every_wall_holds(alone, np.eye(3), y, lam)
    assert is_bad_local_minimum(alone, np.eye(3), y, lam, solve_global(np.eye(3), y, lam).value, 1)


def test_a_direction_on_a_wall_serves_both_patterns():
    X = np.eye(2)
    patterns, signs = np.array([[True, True], [True, False]]), np.array([1, 1])
    cone = solve_cone(X, [1.0, -1.0], 0.1, patterns, signs)
    assert len(cone.weights) == 1
    assert all_at_work(X, cone, patterns, signs)
    other = np.array([[True, True], [False, True]]), signs
    assert not all_at_work(X, solve_cone(X, [1.0, -1.0], 0.1, *other), *other)


def test_quick_points_have_what_the_chapter_reads():
    pytest.importorskip("torch")
    quick = cones(quick=True)
    for part in ("grid", "minima", "descent"):
        point = next(p for p in quick.points if p["part"] == part)
        for row in cones_point(point, quick.settings):
            assert row["part"] == part
            if part == "grid":
                assert 0 <= row["spurious"] <= 1 - row["sampled"] + 1e-12
                assert row["below 1e-06"] <= row["below 0.01"] <= row["bad"]
            elif part == "minima":
                assert max(row["local"], row["idle"]) <= row["spurious"]
            else:
                assert {row["local"], row["dying"]} <= {0, 1}
                if row["local"]:
                    assert row["at work"] == point["m"]
                    assert row["gap"] > 0


def test_the_stored_result_is_that_of_the_experiment():
    header, table = load("cones")
    experiment = cones()
    assert header["settings"] == experiment.header["settings"]
    assert header["points"] == len(experiment.points)
    assert (table["seed"][~np.isnan(table["seed"])] < 16).all()
    runs = table["part"] == "descent"
    local = runs & (table["local"] == 1)
    assert (table["at work"][local] == table["m"][local]).all()
    assert (table["stop"][local] == "spurious stationary point").all()
    assert set(table["stop"][runs]) <= {
        "global minimum",
        "spurious stationary point",
        "not converged",
    }
    X, _ = cones_data({"data": "generic", "n": 6, "d": 3, "seed": 2})
    np.testing.assert_array_equal(X, data.gaussian_teacher(6, 3, seed=32)[0])
